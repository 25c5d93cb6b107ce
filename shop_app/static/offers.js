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
  // What is typed and names one product goes into the SKUs; what does not stays, and is told.
  const pick = form.elements.pick;
  const problem = document.getElementById("pick-problem");
  const known = [...document.querySelectorAll("#products option")].map((one) => ({ sku: one.value, name: one.textContent }));
  pick.setAttribute("list", "products");

  function matches(typed) {
    const same = known.filter((one) => [one.sku, one.name].some((text) => text.toLowerCase() === typed));
    return same.length ? same : known.filter((one) => one.name.toLowerCase().includes(typed));
  }
  function take(found) {
    problem.hidden = found.length === 1;
    problem.textContent = found.length ? problem.dataset.many : problem.dataset.none;
    if (found.length !== 1) return;
    const chosen = new Set(form.elements.skus.value.split(/\s+/).filter(Boolean)).add(found[0].sku);
    form.elements.skus.value = [...chosen].join("\n");
    pick.value = "";
  }
  pick.addEventListener("input", () => {
    problem.hidden = true;
    if (known.some((one) => one.sku === pick.value)) take([{ sku: pick.value }]);
  });
  pick.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (pick.value.trim()) take(matches(pick.value.trim().toLowerCase()));
    form.dispatchEvent(new Event("input"));
  });
  function showProducts() {
    const all = form.elements.everything.checked;
    form.querySelector("[data-some]").hidden = all;
    if (all) form.dataset.confirm = form.dataset.everything; else delete form.dataset.confirm;
  }
  form.elements.everything.addEventListener("change", showProducts);
  form.addEventListener("submit", (event) => {
    if (form.elements.everything.checked) { form.elements.skus.value = pick.value = ""; return; }
    const typed = pick.value.trim();
    if (typed) take(matches(typed.toLowerCase()));
    if (pick.value.trim()) { event.preventDefault(); pick.focus(); }
  }, { capture: true });
  showProducts();
  form.addEventListener("input", () => { showKind(); clearTimeout(timer); timer = setTimeout(preview, 300); });
  showKind();
  if (form.elements.skus.value || form.elements.everything.checked) preview();
})();
