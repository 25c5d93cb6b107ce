// A stream of server-sent events whose liveness is measured, not assumed.
//
//   const stream = window.shop.stream("/alerts/stream", {
//     after: "123",                        // id of the last change that the page shows; "" for none
//     onMessage(data, id) {},              // a change
//     onState(state) {},                   // "live", "lost" (it tries again), "ended" (signed out: it does not)
//     async onGap() {},                    // more was missed than the server replays: load what is shown anew
//     onPing(data) {},                     // optional: what the server says with each sign of life
//                                          // `event: bell` goes to window.shop.bell (bell.js)
//   });
//   stream.close();
//
// The server sends `event: ping` every few seconds with its `age` in seconds. The stream is live while pings arrive, and
// arrive in time: a proxy that holds them back makes them late. Whatever ends a stream (a stopped server, a 502 of a proxy,
// a line that hangs), it is opened anew after the last id. EventSource does neither.
"use strict";
window.shop.stream = (address, { after = "", onMessage, onState, onGap, onPing = () => {} }) => {
  const LATE = 8000; // ms without a ping, or behind the server
  const LONGEST_WAIT = 15000; // ms between two attempts

  let last = after;
  let attempt = null; // what ends the present connection; null while none is tried
  let timer = null;
  let pinged = 0;
  let failures = 0;
  let state = "";

  // Over plain http a browser has six connections for all pages of the shop: hidden ones give theirs up where many are open.
  const MOST_OPEN = 4;
  const mark = `stream.${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  const note = () => { if (location.protocol === "http:") localStorage.setItem(mark, Date.now()); };
  const isCrowded = () => location.protocol === "http:"
    && Object.keys(localStorage).filter((key) => key.startsWith("stream.") && Date.now() - localStorage.getItem(key) < LATE).length > MOST_OPEN;

  function become(next) { if (next !== state) { state = next; onState(next); } }

  function stop() {
    clearTimeout(timer);
    attempt?.abort();
    attempt = null;
    localStorage.removeItem(mark);
  }

  function lost() {
    stop();
    become("lost");
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** failures++);
    timer = setTimeout(open, wait * (0.5 + Math.random() / 2)); // not all pages at once
  }

  function sawPing(data, began) {
    pinged = performance.now();
    if (pinged - began - data.age * 1000 > LATE) { lost(); return; }
    clearTimeout(timer);
    timer = setTimeout(lost, LATE);
    if (state !== "live") window.shop.bell?.(); // what came meanwhile
    failures = 0;
    become("live");
    onPing(data);
    note();
    if (document.hidden && isCrowded()) { stop(); become("lost"); } // until it is looked at
  }

  async function handle({ event, id, data }, began) {
    if (event === "ping") sawPing(JSON.parse(data), began);
    else if (event === "bell") window.shop.bell?.();
    else if (event === "gap") await onGap(); // where that fails, the next attempt is told of the gap again
    else if (event === "ended") { stop(); become("ended"); } else if (data) onMessage(JSON.parse(data), id);
    if (id) last = id;
  }

  async function read(response, mine, began) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        if (mine !== attempt) return;
        await handle(Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2))), began);
      }
    }
  }

  async function open() {
    stop();
    const mine = attempt = new AbortController();
    const began = performance.now();
    timer = setTimeout(lost, LATE);
    try {
      const headers = { Accept: "text/event-stream, application/json", ...(last && { "Last-Event-ID": last }) };
      const response = await fetch(address, { headers, signal: mine.signal, cache: "no-store" });
      if (mine !== attempt) return;
      if (response.status === 401 || response.status === 403) { stop(); become("ended"); return; }
      if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) await read(response, mine, began);
    } catch (problem) {
      if (mine === attempt && !(problem instanceof TypeError)) console.error(problem); // not of the network
    }
    if (mine === attempt) lost();
  }

  function look() {
    if (document.hidden || state === "ended") return;
    if (attempt === null) { failures = 0; open(); } else if (state === "live" && performance.now() - pinged > LATE) lost();
  }
  const comeBack = (event) => { if (event.persisted && state !== "ended") open(); };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  window.addEventListener("pagehide", stop);
  window.addEventListener("pageshow", comeBack);
  open();

  return {
    close() {
      stop();
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("online", look);
      window.removeEventListener("pagehide", stop);
      window.removeEventListener("pageshow", comeBack);
    },
  };
};
