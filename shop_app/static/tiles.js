// Live tiles: the state of each camera and its present picture, some seconds old at most.
"use strict";
(() => {
  const grid = document.getElementById("tiles");
  if (!grid) return;
  const words = new Map([...document.querySelectorAll("#state-words [data-key]")].map((w) => [w.dataset.key, w.firstElementChild]));

  function refresh(tile) {
    const picture = tile.querySelector("img");
    if (!["live", "unknown"].includes(tile.dataset.state)) { picture.hidden = true; return; }
    const next = new Image();
    next.onload = () => { picture.src = next.src; picture.hidden = false; };
    next.onerror = () => { picture.hidden = true; };
    next.src = `${picture.dataset.src}?t=${Date.now()}`;
  }

  async function states() {
    const answer = await window.shop.send(grid.dataset.states, null, { method: "GET" });
    for (const camera of answer.cameras) {
      const tile = [...grid.children].find((t) => t.dataset.name === camera.name);
      if (!tile) continue;
      tile.dataset.state = camera.state;
      const word = words.get(camera.state);
      if (word) tile.querySelector("[data-part=state]").replaceWith(word.cloneNode(true));
      tile.querySelector("[data-part=reason]").textContent = camera.reason;
    }
  }

  async function round() {
    if (document.hidden) return;
    try { await states(); } catch { return; }
    for (const tile of grid.children) refresh(tile);
  }
  round();
  setInterval(round, 3000);
})();
