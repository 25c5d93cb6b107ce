// The live list of alerts: new ones appear by themselves, with a sound until somebody takes them.
"use strict";
(() => {
  let list = document.getElementById("alerts");
  const template = document.getElementById("alert-card");
  const connection = document.getElementById("connection");
  const soundButton = document.getElementById("sound");
  const words = new Map([...document.querySelectorAll("#alert-words [data-key]")].map((w) => [w.dataset.key, w.textContent]));
  const title = document.title;
  const seen = new Set();
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short" });

  // ---- cards: which of their parts are seen, the stylesheet says by their data ----
  const part = (card, name) => card.querySelector(`[data-part="${name}"]`);
  const say = (card, name, text) => { part(card, name).textContent = text; };

  function sayDay(card) {
    say(card, "day", card.dataset.day === list.dataset.today ? "" : day.format(new Date(`${card.dataset.day}T12:00`)));
  }

  function fill(card, alert) {
    Object.assign(card.dataset, { id: alert.id, state: alert.state, severity: alert.severity, clip: alert.clip });
    card.toggleAttribute("data-quiet", alert.quiet);
    card.toggleAttribute("data-escalated", alert.escalated);
    say(card, "severity", words.get(`severity.${alert.severity}`));
    part(card, "severity").className = `badge ${{ alert: "bad", warning: "warn" }[alert.severity] || "info"}`;
    say(card, "who", words.get(`who.${alert.who}`) || "");
    say(card, "time", alert.time);
    part(card, "time").dateTime = alert.started;
    card.dataset.day = alert.day;
    sayDay(card);
    say(card, "seconds", alert.seconds === null ? "" : `${alert.seconds} ${words.get("seconds")}`);
    say(card, "change", words.get(`change.${alert.change}`) || alert.change);
    say(card, "title", alert.title);
    say(card, "zone", alert.zone);
    say(card, "state", words.get(`state.${alert.state}`) + (alert.by ? ` ${alert.by} · ${alert.by_at}` : ""));
    say(card, "clip", words.get(`clip.${alert.clip}`) || "");
    for (const link of card.querySelectorAll("a")) link.href = `/alerts/${alert.id}`;
    const picture = card.querySelector("img");
    if (alert.still && picture.getAttribute("src") !== alert.still) picture.src = alert.still;
    picture.hidden = !alert.still;
    for (const button of card.querySelectorAll("button")) {
      if (button.dataset.do === "snooze") button.value = alert.camera;
      else button.formAction = `/alerts/${alert.id}/${button.dataset.do}`;
    }
  }

  // ---- chains: alerts of one camera that follow each other within minutes are one entry, the newest on top ----
  const cardsOf = (chain) => [...chain.querySelectorAll(".alert-card")];

  function chainFor(alert) {
    const within = list.dataset.chainSeconds * 1000;
    const isSeen = !list.dataset.silence.split(" ").includes(alert.change); // else an entry of its own: it hides no pictures
    let chain = isSeen && [...list.children].find((li) => li.dataset.camera === alert.camera);
    const newest = chain && chain.querySelector("time").dateTime;
    const goesOn = chain && Math.abs(Date.parse(alert.started) - Date.parse(newest)) <= within;
    if (!goesOn) {
      chain = template.content.firstElementChild.cloneNode(true);
      chain.dataset.camera = isSeen ? alert.camera : "";
    }
    list.prepend(chain);
    return [chain, goesOn];
  }

  function tally(chain) {
    if (!chain.querySelector(".rest")) return;
    const cards = cardsOf(chain);
    const open = cards.filter((card) => card.dataset.state === "new");
    const waiting = open.filter((card) => card !== cards[0]).length;
    const values = { n: cards.length - 1, time: part(cards.at(-1), "time").textContent, open: waiting };
    part(chain, "more").textContent = words.get("chain").replace(/\{(\w+)\}/g, (_all, name) => values[name]);
    const all = chain.querySelector("[data-do=take-all]");
    all.value = open.map((card) => card.dataset.id).join();
    all.hidden = waiting === 0;
  }

  function add(alert) {
    const [chain, goesOn] = chainFor(alert);
    const card = template.content.querySelector(".alert-card").cloneNode(true);
    const before = chain.querySelector(".alert-card");
    before.replaceWith(card);
    if (goesOn) {
      if (!chain.querySelector(".rest")) chain.append(template.content.querySelector(".rest").cloneNode(true));
      chain.querySelector(".rest .alert-list").prepend(before);
    }
    document.getElementById("no-alerts").hidden = true;
    if (!goesOn && alert.severity === "alert" && !alert.quiet) {
      document.getElementById("announce").textContent = `${words.get("severity.alert")}: ${words.get(`change.${alert.change}`)}, ${alert.title}, ${alert.time}`;
    }
    while (cardsOf(list).length > 200 && list.children.length > 1) list.lastElementChild.remove();
    return card;
  }

  function show(alert, what) {
    const card = list.querySelector(`.alert-card[data-id="${alert.id}"]`) || (what === "new" ? add(alert) : null);
    if (!card) return;
    fill(card, alert);
    tally(card.closest(".chain"));
    tell();
  }

  // ---- sound, title ----
  const loud = () => list.querySelectorAll('[data-state="new"][data-severity="alert"]:not([data-quiet])').length;

  function tell() {
    const count = loud();
    document.title = count ? `(${count}) ${title}` : title;
    window.shop.alarm.ring(count);
  }

  window.shop.alarm.onState((on) => {
    soundButton.setAttribute("aria-pressed", String(on));
    soundButton.querySelector("span").textContent = words.get(on ? "sound.on" : "sound.off");
  });
  soundButton.addEventListener("click", () => window.shop.alarm.turn(soundButton.getAttribute("aria-pressed") !== "true"));

  // ---- what the server draws: put in the place of the old; the page around it stays, and with it the sound ----
  async function drawnPage() {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new TypeError(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function place(page, id) {
    const [old, drawn] = [document.getElementById(id), page.getElementById(id)];
    const hands = old.contains(document.activeElement);
    old.replaceWith(drawn);
    if (hands) drawn.querySelector("button")?.focus();
    return drawn;
  }

  const drawArmed = async () => place(await drawnPage(), "armed");

  // Which cameras watch: asked for again and again, as a camera that falls silent says nothing.
  async function drawCoverage() {
    const answer = await fetch(connection.dataset.coverage);
    if (!answer.ok) return;
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (drawn.getElementById("coverage") && isLive()) place(drawn, "coverage");
  }

  function flash(message) {
    const box = document.createElement("div");
    box.className = "flash message";
    box.textContent = message;
    document.querySelector(".flashes").replaceChildren(box);
  }

  // ---- buttons act in place ----
  document.querySelector("main").addEventListener("submit", async (event) => {
    const isArmed = event.target.closest("#armed") !== null;
    if (!isArmed && !event.target.contains(list)) return;
    event.preventDefault();
    const button = event.submitter;
    const fields = Object.fromEntries([...new FormData(event.target, button)].filter(([name]) => name !== "csrf_token" && name !== "key"));
    button.disabled = true;
    try {
      const action = button.hasAttribute("formaction") ? button.formAction : event.target.action;
      const answer = await window.shop.send(new URL(action).pathname, fields);
      if (answer.alert) { show(answer.alert, "updated"); return; }
      flash(answer.message);
      if (isArmed || button.dataset.do === "snooze") await drawArmed();
    } catch (problem) {
      window.alert(problem.problem ? problem.message : words.get("unsent"));
    } finally {
      button.disabled = false;
    }
  });

  // ---- the stream ----
  async function drawList() {
    const page = await drawnPage();
    for (const id of ["no-alerts", "armed"]) place(page, id);
    list = place(page, "alerts");
    tell();
  }

  function turnTo(today) {
    if (today === list.dataset.today) return;
    list.dataset.today = today;
    for (const card of cardsOf(list)) sayDay(card);
  }

  const isLive = () => !connection.classList.contains("lost");

  if (connection) {
    setInterval(() => { if (isLive() && !document.hidden) drawCoverage().catch(() => {}); }, 5000);
    window.shop.stream(connection.dataset.live, {
      after: connection.dataset.after,
      onState(state) {
        connection.lastElementChild.textContent = words.get(state);
        connection.classList.toggle("lost", state !== "live");
        if (state === "live") drawCoverage().catch(() => {});
        else Object.assign(document.getElementById("coverage"), { className: "coverage bad", textContent: words.get("unknown") });
      },
      onPing: (data) => turnTo(data.day),
      onGap: drawList,
      onMessage(change, id) {
        if (seen.has(id)) return;
        seen.add(id);
        if (change.alert) show(change.alert, change.what); else if (change.what === "cameras") drawCoverage();
        else if (change.what === "armed" || change.what === "snoozed") drawArmed();
      },
    });
  }
  tell();
})();
