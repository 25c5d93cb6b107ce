// On every other page of who looks after the shop: an alert is told at once, wherever they are.
"use strict";
(() => {
  const bar = document.getElementById("alert-bar");
  const link = bar.querySelector("a");
  const words = new Map([...bar.querySelectorAll("[data-key]")].map((w) => [w.dataset.key, w.textContent]));
  const title = document.title;
  const waiting = new Set(); // ids of loud alerts that came while this page was open and that nobody took
  let stream = null;
  let last = sessionStorage.getItem("last-alert-change") || ""; // so that nothing is lost between two pages

  function tell(alert) {
    if (alert.state === "new" && alert.severity === "alert" && !alert.quiet) waiting.add(alert.id); else waiting.delete(alert.id);
    bar.hidden = waiting.size === 0;
    document.title = waiting.size ? `(${waiting.size}) ${title}` : title;
    if (!waiting.has(alert.id)) return;
    link.href = `/alerts/${alert.id}`;
    link.textContent = `${words.get(`change.${alert.change}`) || alert.change} · ${alert.title}, ${alert.time}`;
  }

  // A browser allows few connections to one server: a page that nobody sees holds none, and catches up when it is seen again.
  function listen() {
    if (document.hidden) { stream?.close(); stream = null; return; }
    if (stream) return;
    stream = new EventSource(bar.dataset.live + (last ? `?after=${last}` : ""));
    stream.onopen = () => { bar.dataset.state = "live"; };
    stream.onmessage = (event) => {
      if (event.lastEventId) sessionStorage.setItem("last-alert-change", last = event.lastEventId);
      const change = JSON.parse(event.data);
      if (change.alert && (change.what === "new" || waiting.has(change.alert.id))) tell(change.alert);
    };
    stream.addEventListener("ended", () => { stream.close(); });
  }
  document.addEventListener("visibilitychange", listen);
  window.addEventListener("pagehide", () => { stream?.close(); stream = null; });
  window.addEventListener("pageshow", () => setTimeout(listen, last ? 1000 : 300)); // who only passes through needs no stream
})();
