// The till: the keyboard, and the cart as the server tells it. Every price and total comes from the server.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const words = $("words").dataset;
  const mayDiscount = $("till").dataset.mayDiscount === "yes";
  const dialogs = [...document.querySelectorAll("dialog")];
  let cart = null;
  let chosen = null; // key of the chosen line
  let busy = Promise.resolve(); // what was scanned is sent one after another, in its order

  const money = (minor) => new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: cart.currency })
    .format(minor / 10 ** cart.digits);
  const plain = (minor) => new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: cart.digits, maximumFractionDigits: cart.digits, useGrouping: false })
    .format(minor / 10 ** cart.digits);
  const toMinor = (typed) => {
    const text = typed.trim().replace(/\s/g, "").replace(",", ".");
    if (!text) return 0;
    if (!/^\d{1,10}(\.\d*)?$/.test(text)) return NaN;
    const minor = Number(text) * 10 ** cart.digits;
    return Math.abs(minor - Math.round(minor)) < 1e-6 ? Math.round(minor) : NaN;
  };
  const amount = (quantity, goods) => goods.by_weight
    ? `${(quantity / 1000).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 3 })} kg` : quantity;
  const price = (minor, goods) => money(minor) + (goods.by_weight ? "/kg" : "");
  const keyOf = (line) => `${line.product_id}/${line.line}`; // each weighing is a line of its own
  const element = (tag, text = "", className = "") => Object.assign(document.createElement(tag), { textContent: text, className });

  function say(text, wrong = false) {
    $("say").textContent = text;
    $("say").classList.toggle("wrong", wrong);
    if (wrong) beep();
  }

  // Who scans looks at the goods: what was not added is heard, too.
  let speaker = null;
  function beep() {
    try {
      speaker ??= new AudioContext();
      const tone = speaker.createOscillator(), volume = speaker.createGain();
      tone.type = "square";
      tone.frequency.value = 220;
      volume.gain.value = 0.08;
      tone.connect(volume).connect(speaker.destination);
      tone.start();
      tone.stop(speaker.currentTime + 0.25);
    } catch { /* no sound card: the words stand there */ }
  }

  // Connection: while it is lost nothing can be paid; the cart waits on the server.
  let lost = false;
  function setLost(now) {
    lost = now;
    $("lost").hidden = !now;
    show();
    if (now) setTimeout(reload, 3000);
  }
  // The sign-in has ended, perhaps in the middle of a bill: this page can do no more, and says where to go on.
  function setGone() {
    for (const dialog of dialogs) if (dialog.open) dialog.close();
    $("gone").hidden = false;
    $("gone").querySelector("a").focus();
  }
  async function ask(path, body, options) {
    try {
      const answer = await shop.send(path, body, options);
      if (lost) setLost(false);
      return answer;
    } catch (error) {
      if (error.status === undefined && !lost) setLost(true);
      if (error.status === 401 || error.status === 400) { // signed out, or signed in anew in another tab
        error.message = words.gone;
        setGone();
      }
      throw error;
    }
  }
  function take(answer) { cart = { held: cart?.held, ...answer }; } // which carts are put aside comes only where it has changed
  async function reload() {
    try { take(await ask("/till/cart", {})); show(); } catch (error) { if (lost) setTimeout(reload, 3000); else say(error.message, true); }
  }
  function change(verb, body, key = null) {
    busy = busy.then(async () => {
      if (!cart) await reload();
      if (!cart) return;
      try {
        take(await ask(`/till/cart/${key ?? cart.key}/${verb}`, body));
        if (cart.added) {
          const line = cart.lines.findLast((one) => one.product_id === cart.added);
          if (line) chosen = keyOf(line);
          if (line?.too_few) say(`${line.name}: ${words.tooFew.replace("{n}", amount(line.stock, line))}`, true);
          else if (line) say(`${words.added}: ${line.name}${line.by_weight ? ` ${amount(line.quantity, line)}` : ""}`);
        } else say("");
        show();
      } catch (error) {
        if (error.status === 404 && !error.problem.code) await reload();
        if (error.problem?.code === "weigh") { say(""); return weigh(error.problem.name, "", (weight) => change("add", { product_id: error.problem.product_id, weight })); }
        if (error.problem?.errors?.weight) return weigh(weighed, body.weight, (weight) => change(verb, { ...body, weight }, key), error.message);
        if (error.problem?.code === "unknown-code" && /^\D+$/.test(body.code)) { say(""); return actions.search(body.code); } // a name, no code
        say(error.status === undefined ? words.notDone : error.message, true);
      }
    });
    return busy;
  }

  // Showing the cart
  function show() {
    $("pay-button").disabled = lost || !cart || cart.lines.length === 0;
    if (!cart) return;
    if (!chosenLine()) chosen = cart.lines.length ? keyOf(cart.lines.at(-1)) : null;
    $("lines").replaceChildren(...cart.lines.map(showLine));
    $("empty").hidden = cart.lines.length > 0;
    $("pieces").textContent = cart.pieces;
    $("discount").textContent = cart.discount_minor ? `−${money(cart.discount_minor)}` : "–";
    $("tax").textContent = money(cart.tax_minor);
    $("total").textContent = money(cart.total_minor);
    $("customer").replaceChildren(...(cart.customer ? showCustomer(cart.customer) : [words.noCustomer]));
    $("no-customer").hidden = !cart.customer;
    $("held-box").hidden = cart.held.length === 0;
    $("held").replaceChildren(...cart.held.map(showHeld));
    document.querySelector(".till-lines [aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }
  function showCustomer({ id, name, wallet_minor }) {
    const link = element("a", name); // money is paid in there; the cart waits
    link.href = `/customers/${id}`;
    return [link, ` · ${words.wallet} ${money(wallet_minor)}`];
  }
  function showLine(line) {
    const row = element("tr");
    const name = element("td", line.name);
    if (line.discount_minor) name.append(element("small", `${line.offer} · −${money(line.discount_minor)}`, "offer"));
    if (line.too_few) name.append(element("small", words.tooFew.replace("{n}", amount(line.stock, line)), "short"));
    row.append(name, element("td", amount(line.quantity, line), "num"), element("td", plain(line.unit_price_minor) + (line.by_weight ? "/kg" : ""), "num"), element("td", plain(line.total_minor), "num"));
    row.setAttribute("aria-selected", keyOf(line) === chosen);
    row.addEventListener("click", () => { chosen = keyOf(line); show(); });
    return row;
  }
  function showHeld(held, place) {
    const item = element("li");
    const button = element("button", "");
    button.type = "button";
    button.append(element("span", held.label), element("b", held.pieces), element("kbd", `Alt ${place + 1}`));
    button.addEventListener("click", () => change("resume", {}, held.key));
    item.append(button);
    return item;
  }
  function step(by) {
    const place = cart.lines.findIndex((line) => keyOf(line) === chosen) + by;
    if (cart.lines[place]) { chosen = keyOf(cart.lines[place]); show(); }
  }
  const chosenLine = () => cart?.lines.find((line) => keyOf(line) === chosen);
  function more(by) {
    const line = chosenLine();
    if (!line) return say(words.choose, true);
    if (line.by_weight) return actions.quantity();
    return change("quantity", { product_id: line.product_id, quantity: Math.max(0, line.quantity + by) });
  }

  // Asking for a number or a name
  let taken = null;
  function askNumber(kind, value, then) {
    $("number-title").textContent = $("number-name").textContent = $("number-title").dataset[kind];
    $("number-value").value = value;
    $("number-value").inputMode = kind === "hold" ? "text" : "decimal";
    taken = then;
    $("number").showModal();
    $("number-value").select();
  }
  $("number-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (taken($("number-value").value.trim()) === false) { $("number-value").setCustomValidity(words.notNumber); $("number-value").reportValidity(); return; }
    $("number").close();
  });
  $("number-value").addEventListener("input", () => $("number-value").setCustomValidity(""));

  // Whether it is a weight that can be sold says the server; what it refused is asked for again.
  let weighed = ""; // name of the goods
  function weigh(name, value, then, problem = "") {
    weighed = name;
    askNumber("weight", value, (typed) => /^\d{0,3}([.,]\d{1,3})? ?(kg)?$|^\d{1,6} ?g$/i.test(typed) && /\d/.test(typed) && (then(typed), true));
    $("number-title").append(`: ${name}`);
    $("number-value").setCustomValidity(problem);
    if (problem) { beep(); $("number-value").reportValidity(); }
  }

  // Searching products and customers
  let search = { path: "", pick: null, line: null, results: [], shown: null, at: 0, timer: 0, asked: 0, later: null };
  function openSearch(path, title, line, pick, text = "") {
    search = { ...search, path, line, pick, results: [], shown: null, at: 0 };
    $("find-title").textContent = title;
    $("find-text").value = text;
    $("found").replaceChildren();
    $("found-none").hidden = true;
    $("find").showModal();
    $("find-text").focus();
    find();
  }
  async function find() {
    const asked = ++search.asked, text = $("find-text").value;
    try {
      const results = await ask(`${search.path}?q=${encodeURIComponent(text)}`, undefined, { method: "GET" });
      if (asked !== search.asked) return; // a later question has been asked meanwhile
      search.results = results;
      search.shown = text;
      search.at = 0;
      showFound();
    } catch (error) { say(error.message, true); }
  }
  function showFound() {
    const { results, at, line } = search;
    $("found").replaceChildren(...(results.length ? results.map((one, place) => {
      const item = Object.assign(element("li"), { id: `found-${place}` });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", place === at);
      const [title, note, right] = line(one);
      const name = element("span", title);
      name.append(element("small", note));
      item.append(name, element("strong", right));
      item.addEventListener("click", () => pickFound(place));
      return item;
    }) : []));
    $("found-none").hidden = results.length > 0;
    $("find-text").setAttribute("aria-activedescendant", results.length ? `found-${at}` : "");
    $("found").querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }
  function pickFound(place) {
    const one = search.results[place];
    if (!one) return;
    $("find").close();
    search.pick(one);
  }
  // What is typed counts, never the answer to an earlier question: what was not seen yet is taken only where it is the one meant.
  async function choose() {
    const text = $("find-text").value;
    if (search.shown === text && search.results.length) return pickFound(search.at);
    clearTimeout(search.timer);
    search.later = { typed: "", codes: [] };
    await find();
    const { later, results } = search;
    const meant = results.length === 1 ? 0 : results.findIndex((one) => one.exact);
    search.later = null;
    if (!$("find").open) return;
    if (search.shown === text && meant >= 0) {
      pickFound(meant);
      scanLater(later);
    } else {
      if (!results.length && /^\d{8,}$/.test(text)) { // the label of a scale
        $("find").close();
        change("scan", { code: text });
        return scanLater(later);
      }
      if (!results.length || later.codes.length) beep();
      if (later.typed) { $("find-text").value += later.typed; find(); }
    }
  }
  function scanLater({ typed, codes }) {
    for (const code of codes) change("scan", { code });
    $("scan").value = typed;
  }
  function keepForLater(event, later) {
    event.preventDefault();
    if (event.key.length === 1) later.typed += event.key;
    else if (later.typed) { later.codes.push(later.typed); later.typed = ""; }
  }
  $("find-text").addEventListener("input", () => { clearTimeout(search.timer); search.timer = setTimeout(find, 150); });
  $("find").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { search.at = Math.min(Math.max(search.at + by, 0), Math.max(search.results.length - 1, 0)); showFound(); event.preventDefault(); }
    if (event.key === "Enter" && event.target === $("find-text")) { event.preventDefault(); if (!search.later) choose(); }
  });

  // What is sold often, to be touched
  async function showOften() {
    const often = await ask("/till/often", undefined, { method: "GET" });
    $("often-box").hidden = often.length === 0;
    $("often").replaceChildren(...often.map((one) => {
      const button = element("button");
      button.type = "button";
      button.append(element("span", one.name), element("small", price(one.price_minor, one)));
      button.addEventListener("click", () => { change("add", { product_id: one.id, quantity: 1 }); $("scan").focus(); });
      return button;
    }));
  }

  // Paying
  const ways = { cash: $("pay-cash"), card: $("pay-card"), wallet: $("pay-wallet") };
  let paying = false;
  let early = { typed: "", codes: [] }; // scanned while the answer to a payment is on its way: the first of the next cart
  let due = null; // the cart as the cashier and the customer see it in this window
  function showDue() {
    due = cart;
    $("pay-total").textContent = money(due.total_minor);
    $("pay-wallet-field").hidden = !due.customer;
    $("pay-wallet-has").textContent = due.customer ? money(due.customer.wallet_minor) : "";
    document.querySelector("[data-pay=wallet]").disabled = !(due.customer?.wallet_minor > 0);
  }
  function openPay() {
    if ($("pay-button").disabled) return;
    showDue();
    for (const field of Object.values(ways)) field.value = "";
    $("pay-problem").hidden = $("below-zero-field").hidden = true;
    $("below-zero").checked = false;
    showChange();
    $("pay").showModal();
    $("pay-cash").focus();
  }
  function showNotes(cash) {
    const unit = 10 ** cart.digits;
    const steps = [5, 10, 20, 50, 100, 200, 500].map((note) => Math.ceil(cash / (note * unit)) * note * unit);
    const notes = [...new Set(steps)].filter((minor) => minor > cash).slice(0, 5);
    $("notes").replaceChildren(...notes.map((minor) => {
      const button = element("button", money(minor));
      button.type = "button";
      button.addEventListener("click", () => { $("pay-cash").value = plain(minor); showChange(); $("complete").focus(); });
      return button;
    }));
  }
  function parts() {
    const card = toMinor(ways.card.value), wallet = toMinor(ways.wallet.value), given = toMinor(ways.cash.value);
    const cash = due.total_minor - card - wallet; // what cash has to cover
    const scanned = given >= 1e7 * 10 ** cart.digits && given > 10 * due.total_minor; // a short barcode, not money
    const wrong = scanned || [card, wallet, given].some(Number.isNaN) ? words.notNumber : cash < 0 ? words.tooMuch : "";
    return { card, wallet, given, cash, wrong, left: wrong ? NaN : given - cash };
  }
  function showChange() {
    const { left, wrong, cash } = parts();
    const missing = !(left >= 0);
    showNotes(wrong ? due.total_minor : cash);
    $("pay-change-name").textContent = wrong || $("pay-change-name").dataset[missing ? "missing" : "change"];
    $("pay-change").textContent = Number.isNaN(left) ? "–" : money(Math.abs(left));
    document.querySelector(".pay-change").classList.toggle("missing", missing);
    $("complete").disabled = missing || paying;
  }
  // Everything by one way; what the wallet pays of it stays, and where the wallet holds too little, the rest is asked for.
  function payAll(way) {
    if (way === "wallet" && document.querySelector("[data-pay=wallet]").disabled) return;
    const before = toMinor(ways.wallet.value);
    const wallet = way === "wallet" ? Math.min(due.customer.wallet_minor, due.total_minor) : before < due.total_minor ? before : 0;
    const amounts = { wallet, [way]: way === "wallet" ? wallet : due.total_minor - wallet };
    for (const [name, field] of Object.entries(ways)) field.value = amounts[name] ? plain(amounts[name]) : "";
    showChange();
    $($("complete").disabled ? "pay-cash" : "complete").focus();
  }
  for (const field of Object.values(ways)) field.addEventListener("input", showChange);
  for (const button of document.querySelectorAll("[data-pay]")) button.addEventListener("click", () => payAll(button.dataset.pay));
  $("pay-form").addEventListener("submit", (event) => { event.preventDefault(); complete(); });
  async function complete() {
    const { card, wallet, given, cash, left } = parts();
    if (paying || !(left >= 0)) return;
    paying = true;
    showChange();
    const body = { total_minor: due.total_minor, below_zero: $("below-zero").checked, parts: [] };
    if (wallet) body.parts.push({ method: "wallet", amount_minor: wallet });
    if (card) body.parts.push({ method: "card", amount_minor: card });
    if (cash) body.parts.push({ method: "cash", amount_minor: cash, tendered_minor: given });
    try {
      await busy;
      const bill = await ask(`/till/cart/${due.key}/pay`, body);
      busy = reload(); // what is scanned from now on waits for the next cart
      $("pay").close();
      showDone(bill);
      scanLater(early);
      await busy;
    } catch (error) {
      if (early.typed || early.codes.length) beep(); // they belong to the next cart, which is not there
      refused(error);
    }
    early = { typed: "", codes: [] };
    paying = false;
    showChange();
  }
  async function refused(error) {
    $("pay-problem").hidden = false;
    $("pay-problem").firstElementChild.textContent = error.status === undefined ? words.unsure : error.message;
    const code = error.problem?.code;
    $("below-zero-field").hidden = code !== "below-zero";
    if (code === "total-changed" || code === "wallet-too-low") {
      await reload();
      showDue();
      showChange();
    }
  }
  function showDone(bill) {
    $("done-number").textContent = $("last-link").textContent = `${words.number} ${bill.number}`;
    $("done-change").textContent = money(bill.change_minor);
    $("last-total").textContent = money(bill.total_minor);
    $("last-link").href = `/bills/${bill.bill_id}`;
    $("print-form").action = `/bills/${bill.bill_id}/receipt`;
    $("last-bill").hidden = false;
    $("done").showModal();
    $("done").querySelector("[data-close]").focus();
  }
  $("done").addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "p" && !event.ctrlKey && !event.metaKey) { event.preventDefault(); $("print").click(); return; }
    // The next scan closes the window and is not lost.
    if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey && event.key !== " ") {
      $("done").close();
      $("scan").value += event.key;
      event.preventDefault();
    }
  });

  // What keys and buttons do
  const actions = {
    search: (text) => openSearch("/till/products", $("find-title").dataset.products,
      (one) => [one.name, `${one.sku} · ${amount(one.stock, one)} ${$("found").dataset.left}`, price(one.price_minor, one)],
      (one) => change("add", { product_id: one.id, quantity: 1 }), text),
    customer: () => openSearch("/till/customers", $("find-title").dataset.customers,
      (one) => [one.name, [one.phone, one.email].filter(Boolean).join(" · "), `${$("found").dataset.wallet} ${money(one.wallet_minor)}`],
      (one) => change("customer", { customer_id: one.id })),
    "no-customer": () => change("customer", { customer_id: null }),
    quantity: () => {
      const line = chosenLine();
      if (!line) return say(words.choose, true);
      const { product_id, line: number } = line;
      if (line.by_weight) return weigh(line.name, amount(line.quantity, line), (weight) => change("quantity", { product_id, line: number, quantity: 1, weight }));
      askNumber("quantity", line.quantity, (typed) => /^\d{1,4}$/.test(typed) && (change("quantity", { product_id, quantity: Number(typed) }), true));
    },
    discount: () => {
      const line = chosenLine();
      if (!mayDiscount) return;
      if (!line) return say(words.choose, true);
      askNumber("discount", line.discount_basis_points / 100, (typed) => {
        const percent = Number(typed.replace(",", ".") || 0);
        if (!(percent >= 0 && percent <= 100)) return false;
        change("discount", { product_id: line.product_id, line: line.line, basis_points: Math.round(percent * 100) });
        return true;
      });
    },
    plus: () => more(1),
    minus: () => more(-1),
    remove: () => { const line = chosenLine(); if (line) change("quantity", { product_id: line.product_id, line: line.line, quantity: 0 }); },
    hold: () => { if (cart?.lines.length) askNumber("hold", cart.customer?.name ?? "", (typed) => { change("hold", { label: typed }); return true; }); },
    clear: () => { if (cart?.lines.length && window.confirm(words.giveUp)) change("clear", {}); },
    pay: openPay,
    help: () => $("help").showModal(),
  };
  const keys = { F2: "search", F4: "customer", F6: "quantity", F8: "discount", F9: "pay", F10: "pay", Delete: "remove" };
  const payKeys = { F6: () => payAll("cash"), F7: () => payAll("card"), F8: () => payAll("wallet"), F9: complete, F10: complete };

  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => { actions[button.dataset.do](); if (!dialogs.some((one) => one.open)) $("scan").focus(); });
  }
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  for (const dialog of dialogs) dialog.addEventListener("close", () => $("scan").focus());

  function shortcut(event) {
    if (event.altKey && /^Digit[1-9]$/.test(event.code)) return () => document.querySelectorAll("#held button")[event.code.at(-1) - 1]?.click();
    if (event.altKey && event.code === "KeyH") return actions.hold;
    if (event.altKey && event.code === "KeyX") return actions.clear;
    if (event.altKey || event.ctrlKey || event.metaKey) return null;
    if (keys[event.key]) return event.key === "Delete" && $("scan").value ? null : actions[keys[event.key]];
    if ($("scan").value) return null; // in the middle of a code, signs belong to it
    return { "+": actions.plus, "-": actions.minus, "?": actions.help, ArrowDown: () => cart && step(1), ArrowUp: () => cart && step(-1) }[event.key] ?? null;
  }
  document.addEventListener("keydown", (event) => {
    const open = dialogs.find((one) => one.open);
    if (open) {
      const later = open.id === "pay" && paying ? early : open.id === "find" ? search.later : null;
      if (later && !event.ctrlKey && !event.altKey && !event.metaKey && (event.key.length === 1 || ["Enter", "Tab"].includes(event.key))) return keepForLater(event, later);
      if (open.id === "pay" && payKeys[event.key]) { event.preventDefault(); payKeys[event.key](); }
      else if (/^F([2468]|9|10)$/.test(event.key)) event.preventDefault();
      return;
    }
    if (event.key === "Tab" && !event.shiftKey && $("scan").value) { event.preventDefault(); $("scan-form").requestSubmit(); return; }
    const act = shortcut(event);
    if (act) { event.preventDefault(); act(); return; }
    if (event.key === "Escape") { $("scan").value = ""; say(""); $("scan").focus(); return; }
    // Scanners type: whatever has the focus, a code belongs into the box.
    if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey) $("scan").focus();
  });
  $("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = $("scan").value.trim();
    $("scan").value = "";
    if (code) change("scan", { code });
  });

  // A scanner types faster than anybody. One that ends its codes with neither Enter nor Tab is known by the pause after them.
  // Only a whole barcode is taken so, by its check digit: a machine that stalls must not tear a code in two.
  const FAST = 60, PAUSE = 200, SHORTEST = 8; // ms between two keys; ms after the last; keys of a code
  const isWhole = (code) => /^(\d{8}|\d{12,14})$/.test(code)
    && [...code].reverse().reduce((sum, digit, place) => sum + digit * (place % 2 ? 3 : 1), 0) % 10 === 0;
  let burst = { keys: 0, at: -Infinity, timer: 0 };
  let hasSuffix = localStorage.getItem("scanner-suffix") === "yes";
  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift") return;
    clearTimeout(burst.timer);
    const isFast = event.timeStamp - burst.at <= FAST && !event.repeat;
    if (isFast && burst.keys >= SHORTEST && ["Enter", "Tab"].includes(event.key)) {
      hasSuffix = true;
      localStorage.setItem("scanner-suffix", "yes");
      if (event.key === "Tab" && event.target === $("find-text") && !search.later) { event.preventDefault(); choose(); }
    }
    const isSign = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    burst = { keys: isSign ? (isFast ? burst.keys + 1 : 1) : 0, at: event.timeStamp, timer: 0 };
    if (burst.keys >= SHORTEST && !hasSuffix) burst.timer = setTimeout(endOfCode, PAUSE);
  }, true);
  function endOfCode() {
    const open = dialogs.find((one) => one.open);
    if (open?.id === "pay" && paying) { if (isWhole(early.typed)) early = { typed: "", codes: [...early.codes, early.typed] }; }
    else if (open?.id === "find" && isWhole($("find-text").value)) choose();
    else if (!open && isWhole($("scan").value)) $("scan-form").requestSubmit();
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && cart) { reload(); if (!dialogs.some((one) => one.open)) $("scan").focus(); } });

  $("scan").focus();
  busy = reload(); // what is scanned before the cart is here waits for it
  busy.then(showOften).catch(() => {}); // only a help: the till works without
})();
