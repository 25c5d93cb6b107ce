// What waits for this person, on every page of staff: counts at the bell, and what the first page lists, follow by themselves.
"use strict";
(() => {
  const { stream, counts } = document.currentScript.dataset;
  let timer = 0;

  async function look() {
    const answer = await fetch(counts, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { unread } = await answer.json();
    for (const count of document.querySelectorAll("[data-unread]")) Object.assign(count, { textContent: unread, hidden: unread === 0 });
    const parts = document.querySelectorAll("[data-refresh]");
    if (!parts.length) return;
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    for (const part of parts) if (part.id && page.getElementById(part.id)) part.replaceWith(page.getElementById(part.id));
  }

  // Several at once are one look; one that failed is repeated.
  window.shop.bell = (wait = 200) => { clearTimeout(timer); timer = setTimeout(() => look().catch(() => window.shop.bell(5000)), wait); };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) window.shop.bell(); });
  if (stream) window.shop.stream(stream, { onMessage() {}, onState() {}, async onGap() {} });
})();
