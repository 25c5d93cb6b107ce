// A receipt that was asked for is printed at once, and its window closes afterwards.
"use strict";
if (document.body.dataset.printNow) {
  if (window.opener || window.name === "receipt") window.addEventListener("afterprint", () => window.close());
  window.addEventListener("load", () => window.print());
}
const again = document.getElementById("print-again");
again.hidden = !document.body.dataset.printNow;
again.addEventListener("click", () => window.print());
