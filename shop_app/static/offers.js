// The form of an offer: only the fields of its kind, and the prices that it would make.
"use strict";
(() => {
  const form = document.getElementById("offer-form");
  const rows = document.getElementById("preview");
  const note = document.getElementById("preview-note");
  let timer = 0, asked = 0;

  function showKind() {
    for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== form.elements.kind.value;
  }
  const cell = (text, number) => Object.assign(document.createElement("td"), { textContent: text, className: number ? "num" : "" });
  async function preview() {
    const mine = ++asked;
    const response = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (mine !== asked) return;
    rows.replaceChildren(...(answer.rows ?? []).map((row) => {
      const line = document.createElement("tr");
      line.append(cell(row.name), cell(row.pieces, true), cell(row.before, true), cell(row.after, true));
      return line;
    }));
    note.textContent = answer.detail ?? (answer.all ? note.dataset.all : "");
  }
  // A product chosen from the list goes into the SKUs.
  const pick = document.getElementById("pick");
  const known = new Set([...document.querySelectorAll("#products option")].map((one) => one.value));
  document.getElementById("pick-field").hidden = known.size === 0;
  pick.addEventListener("input", () => {
    if (!known.has(pick.value)) return;
    const chosen = new Set(form.elements.skus.value.split(/\s+/).filter(Boolean)).add(pick.value);
    form.elements.skus.value = [...chosen].join("\n");
    pick.value = "";
  });
  pick.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  form.addEventListener("input", () => { showKind(); clearTimeout(timer); timer = setTimeout(preview, 300); });
  showKind();
  if (form.elements.skus.value) preview();
})();
