// A receipt that was asked for is printed at once, and its window closes afterwards.
"use strict";
// CSS has no "as long as it is": the height of the paper is measured, so that a printer on a roll cuts behind the last line.
addEventListener("beforeprint", () => {
  const paper = document.styleSheets[0];
  const page = [...paper.cssRules].find((rule) => rule instanceof CSSPageRule);
  const notPrinted = document.querySelector(".no-print").getBoundingClientRect().height;
  const height = document.querySelector("main").getBoundingClientRect().height - notPrinted;
  page.style.size = `80mm ${Math.ceil((height * 25.4) / 96) + 8}mm`;
});
if (document.body.dataset.printNow) {
  if (window.opener || window.name === "receipt") window.addEventListener("afterprint", () => window.close());
  window.addEventListener("load", () => window.print());
}
const again = document.getElementById("print-again");
again.hidden = !document.body.dataset.printNow;
again.addEventListener("click", () => window.print());
