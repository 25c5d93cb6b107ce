// On every other page of who looks after the shop: an alert is told at once, wherever they are.
"use strict";
(() => {
  const bar = document.getElementById("alert-bar");
  const link = bar.querySelector("a");
  const words = new Map([...bar.querySelectorAll("[data-key]")].map((w) => [w.dataset.key, w.textContent]));
  const title = document.title;
  const waiting = new Set(); // ids of loud alerts that came while this page was open and that nobody took
  const last = sessionStorage.getItem("last-alert-change") || ""; // so that nothing is lost between two pages

  function tell(alert) {
    if (alert.state === "new" && alert.severity === "alert" && !alert.quiet) waiting.add(alert.id); else waiting.delete(alert.id);
    bar.hidden = waiting.size === 0;
    document.title = waiting.size ? `(${waiting.size}) ${title}` : title;
    window.shop.alarm.ring(waiting.size);
    if (!waiting.has(alert.id)) return;
    link.href = `/alerts/${alert.id}`;
    link.textContent = `${words.get(`change.${alert.change}`) || alert.change} · ${alert.title}, ${alert.time}`;
  }

  window.shop.stream(bar.dataset.live, {
    after: last,
    onState(state) { bar.dataset.state = state; },
    async onGap() {},
    onMessage(change, id) {
      sessionStorage.setItem("last-alert-change", id);
      if (change.alert && (change.what === "new" || waiting.has(change.alert.id))) tell(change.alert);
    },
  });
})();
