// Pieces that come in or go out: only the reasons of that direction are offered.
"use strict";
(() => {
  const form = document.getElementById("move");
  const { direction, reason } = form.elements;
  function show() {
    const fitting = form.dataset[direction.value].split(" ");
    for (const option of reason.options) option.hidden = option.disabled = !fitting.includes(option.value);
    if (!fitting.includes(reason.value)) reason.value = fitting[0];
  }
  for (const one of direction) one.addEventListener("change", show);
  addEventListener("pageshow", show); // a page come back to keeps what was chosen
  show();
})();
