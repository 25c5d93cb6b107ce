// Live tiles: the state of each camera and its present picture, some seconds old at most.
"use strict";
(() => {
  const grid = document.getElementById("tiles");
  if (!grid) return;
  const LATE = 8000; // ms without an answer after which nothing is known of the cameras
  const words = (id) => new Map([...document.querySelectorAll(`#${id} [data-key]`)].map((w) => [w.dataset.key, w.firstElementChild]));
  const [stateWords, doesWords] = [words("state-words"), words("does-words")];
  const line = document.getElementById("coverage-line");
  let answered = performance.now();

  function refresh(tile) {
    const picture = tile.querySelector("img");
    if (!["live", "unknown"].includes(tile.dataset.state)) { picture.hidden = true; return; }
    const next = new Image();
    next.onload = () => { picture.src = next.src; picture.hidden = false; };
    next.onerror = () => { picture.hidden = true; };
    next.src = `${picture.dataset.src}?t=${Date.now()}`;
  }

  function put(tile, part, word) {
    const old = tile.querySelector(`[data-part=${part}]`);
    if (word) old.replaceWith(word.cloneNode(true)); else old.hidden = true;
  }

  async function states() {
    const signal = AbortSignal.timeout(LATE);
    const answer = await window.shop.send(grid.dataset.states, null, { method: "GET", signal });
    line.replaceChildren(...new DOMParser().parseFromString(answer.coverage, "text/html").body.childNodes);
    for (const camera of answer.cameras) {
      const tile = [...grid.children].find((t) => t.dataset.name === camera.name);
      if (!tile) continue;
      tile.dataset.state = camera.state;
      put(tile, "state", stateWords.get(camera.state));
      put(tile, "does", doesWords.get(camera.does));
      tile.querySelector("[data-part=reason]").textContent = camera.reason;
    }
    answered = performance.now();
  }

  function lose() {
    line.textContent = grid.dataset.lost;
    line.className = "lost";
    for (const tile of grid.children) {
      tile.dataset.state = "lost";
      tile.querySelector("[data-part=state]").textContent = "?";
      tile.querySelector("[data-part=does]").hidden = true;
      tile.querySelector("img").hidden = true;
    }
  }

  async function round() {
    if (document.hidden) return;
    try {
      await states();
      line.className = "";
      for (const tile of grid.children) refresh(tile);
    } catch {
      if (performance.now() - answered > LATE) lose();
    }
  }
  round();
  setInterval(round, 3000);
  document.addEventListener("visibilitychange", round);
})();
