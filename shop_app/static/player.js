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
    const isSpace = key === " " && !event.target.closest("button, a, summary, video");
    if (isSpace) event.preventDefault();
    if (key === "k" || isSpace) { if (video.paused) video.play(); else video.pause(); }
    else if (jump !== undefined && event.target !== video) { video.currentTime += jump; event.preventDefault(); }
  });

  // Who opens an alert and stays has looked at it.
  const review = document.querySelector("form[action$='/review']");
  if (review) {
    setTimeout(async () => {
      if (document.hidden) return;
      await window.shop.send(new URL(review.action).pathname, {});
      review.hidden = true;
    }, 3000);
  }
  if (!video) return;
  // What cannot be played says so, in place of a black picture with buttons that do nothing.
  async function giveUp() {
    const there = await fetch(video.src, { method: "HEAD" }).then((answer) => answer.ok, () => false);
    const problem = document.getElementById("unplayable");
    for (const part of problem.querySelectorAll("[data-part]")) part.hidden = (part.dataset.part === "codec") !== there;
    problem.hidden = false;
    for (const part of [video, document.getElementById("timeline")]) part.setAttribute("hidden", "");
    for (const button of document.querySelectorAll(".speeds button, .keys")) button.hidden = true;
  }
  video.addEventListener("error", giveUp);
  // Sound without a picture: a browser that lacks the codec of the pictures may play the rest.
  video.addEventListener("loadeddata", () => { if (!video.videoWidth) giveUp(); });
  if (video.error) giveUp();

  const start = Number(video.dataset.start);
  video.addEventListener("loadedmetadata", () => { if (video.currentTime < start) video.currentTime = Math.min(start, video.duration || start); }, { once: true });
  document.querySelector("[data-jump]").addEventListener("click", () => { video.currentTime = start; video.play(); });

  // ---- the strip below: where in the clip the event is, and where the player is ----
  const strip = document.getElementById("timeline");
  const [, event_, now] = strip.children;
  const across = (seconds) => (1000 * seconds) / (video.duration || 1);
  const mark = () => now.setAttribute("x", Math.max(0, across(video.currentTime) - 1));
  const measure = () => {
    event_.setAttribute("x", across(Number(strip.dataset.begin)));
    event_.setAttribute("width", Math.max(4, Math.min(1000, across(Number(strip.dataset.seconds)))));
    mark();
  };
  video.addEventListener("durationchange", measure);
  video.addEventListener("timeupdate", mark);
  strip.addEventListener("click", (event) => { const box = strip.getBoundingClientRect(); video.currentTime = ((event.clientX - box.left) / box.width) * video.duration; });
  if (video.duration) measure();

  for (const button of document.querySelectorAll("[data-speed]")) {
    button.addEventListener("click", () => {
      video.playbackRate = Number(button.dataset.speed);
      for (const other of document.querySelectorAll("[data-speed]")) other.setAttribute("aria-pressed", String(other === button));
    });
  }
})();
