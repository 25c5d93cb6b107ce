// The player of a clip: starts just before the event, and is worked by keys as editors know them.
"use strict";
(() => {
  const video = document.getElementById("clip");
  const go = (key) => document.querySelector(`a[data-key="${key}"]`)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "n" || key === "p") { go(key); return; }
    if (!video) return;
    const jump = { j: -10, l: 10, arrowleft: -1, arrowright: 1, ",": -0.04, ".": 0.04 }[key];
    if (key === "k") { if (video.paused) video.play(); else video.pause(); }
    else if (jump !== undefined && event.target !== video) { video.currentTime += jump; event.preventDefault(); }
  });
  if (!video) return;
  const start = Number(video.dataset.start);
  video.addEventListener("loadedmetadata", () => { if (video.currentTime < start) video.currentTime = Math.min(start, video.duration || start); }, { once: true });
  document.querySelector("[data-jump]").addEventListener("click", () => { video.currentTime = start; video.play(); });
  for (const button of document.querySelectorAll("[data-speed]")) {
    button.addEventListener("click", () => {
      video.playbackRate = Number(button.dataset.speed);
      for (const other of document.querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
})();
