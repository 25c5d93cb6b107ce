// Draws zones on the picture of a camera. Points are shares of its width and height.
"use strict";
(() => {
  const form = document.getElementById("zones");
  const svg = document.querySelector("#drawing svg");
  const rows = document.getElementById("zone-rows");
  const template = document.getElementById("zone-row");
  const products = new Map([...document.querySelectorAll("#products option")].map((one) => [one.value, one.textContent]));
  const zones = JSON.parse(form.dataset.zones).map((zone) => ({ ...zone }));
  let current = null;
  let dragged = null;

  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const round = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
  const corners = (zone) => zone.points.map(([x, y]) => `${+(x * 100).toFixed(2)},${+(y * 100).toFixed(2)}`).join(" ");
  const place = (event) => { const box = svg.getBoundingClientRect(); return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)]; };

  function paint() {
    svg.replaceChildren();
    for (const zone of zones) {
      svg.append(make("polygon", { points: zone.points.map((p) => p.join(",")).join(" "), class: `${zone.kind}${zone === current ? " current" : ""}` }));
    }
    const box = svg.getBoundingClientRect();
    if (current && box.height) {
      current.points.forEach(([x, y], index) => svg.append(make("ellipse", { cx: x, cy: y, rx: 8 / box.width, ry: 8 / box.height, fill: "#fff", stroke: "#12161c", "stroke-width": 0.003, "data-corner": index })));
    }
    form.elements.zones.value = JSON.stringify(zones.map(({ row, ...zone }) => zone));
  }

  function choose(zone) {
    current = zone;
    for (const other of zones) {
      other.row.querySelector("[data-do=choose]").setAttribute("aria-expanded", String(other === zone));
      other.row.querySelector(".zone-body").hidden = other !== zone;
    }
    paint();
  }

  function label(zone) {
    const kind = zone.row.querySelector("[data-field=kind]");
    if (zone.name) zone.row.querySelector("[data-part=name]").textContent = zone.name;
    zone.row.querySelector("[data-part=kind]").textContent = kind.selectedOptions[0]?.textContent ?? "";
    zone.row.querySelector(".swatch").className = `swatch ${zone.kind}`;
  }

  function show(zone) {
    for (const field of ["name", "kind", "product", "shelf"]) zone.row.querySelector(`[data-field=${field}]`).value = zone[field] || "";
    zone.row.querySelector("[data-field=corners]").value = corners(zone);
    for (const kind of ["product", "shelf"]) zone.row.querySelector(`[data-for=${kind}]`).hidden = zone.kind !== kind;
    zone.row.querySelector("[data-field=product]").required = zone.kind === "product";
    label(zone);
  }

  function add(zone) {
    zone.row = template.content.firstElementChild.cloneNode(true);
    rows.append(zone.row);
    zone.row.addEventListener("input", (event) => {
      const field = event.target.dataset.field;
      if (field === "corners") {
        const points = event.target.value.trim().split(/\s+/).map((pair) => pair.split(",").map((v) => round(Number(v) / 100)));
        if (points.every((p) => p.length === 2 && p.every(Number.isFinite))) zone.points = points;
      } else if (field) {
        zone[field] = event.target.value;
        const product = field === "product" && !zone.name && products.get(zone.product);
        if (product) zone.name = product.slice(0, 60);
        if (field === "kind" || product) show(zone); else label(zone);
      }
      paint();
    });
    zone.row.addEventListener("click", (event) => {
      const what = event.target.closest("[data-do]")?.dataset.do;
      if (what === "choose") choose(zone);
      if (what === "back") { zone.points.pop(); show(zone); paint(); }
      if (what === "clear") { zone.points = []; choose(zone); show(zone); }
      if (what === "delete") { zone.row.remove(); zones.splice(zones.indexOf(zone), 1); choose(zones.at(-1) || null); }
    });
    // What is wrong in a zone that is folded up must be seen.
    zone.row.addEventListener("invalid", () => choose(zone), true);
    show(zone);
  }

  svg.addEventListener("pointerdown", (event) => {
    if (!current) begin();
    const corner = event.target.getAttribute("data-corner");
    if (corner === null) { current.points.push(place(event)); dragged = current.points.length - 1; } else dragged = Number(corner);
    svg.setPointerCapture(event.pointerId);
    show(current);
    paint();
  });
  svg.addEventListener("pointermove", (event) => {
    if (dragged === null || !current) return;
    current.points[dragged] = place(event);
    show(current);
    paint();
  });
  svg.addEventListener("pointerup", () => { dragged = null; });

  function begin() {
    const zone = { name: "", kind: "product", product: "", shelf: "", points: [] };
    zones.push(zone);
    add(zone);
    choose(zone);
    return zone;
  }
  document.getElementById("add-zone").addEventListener("click", () => begin().row.querySelector("[data-field=name]").focus());
  document.querySelector("#drawing img").addEventListener("load", paint); // before, the drawing has no size
  zones.forEach(add);
  if (zones.length) choose(zones[0]);
  paint();
})();
