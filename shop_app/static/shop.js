// What every page needs from a script; pages work without it.
"use strict";

// What is typed as a password can be looked at; it is sent as one.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(button.dataset.reveal);
  const show = (shown) => { field.type = shown ? "text" : "password"; button.setAttribute("aria-pressed", shown); };
  button.hidden = false;
  button.addEventListener("click", () => { show(field.type === "password"); field.focus(); });
  field.form.addEventListener("submit", () => show(false));
}

// A form is sent once: the second click of an impatient hand is not a second order.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  form.dataset.sending = "yes";
  keepTyped(form);
  setTimeout(() => { delete form.dataset.sending; }, 8000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
});

// What was typed is not lost with a sign-in that ended or a refusal that is a page of its own: it is there again with its form.
const onTheWay = () => document.querySelector("body.bare, [data-refused], form[action$='/me/confirm']") !== null;
const person = () => document.querySelector(".who strong")?.textContent;
const typedFields = (form) => [...form.elements].filter((field) => field.matches("select, textarea, input:not([type=hidden], [type=password], [type=file], [autocomplete$=password])"));
const property = (field) => (field.type === "checkbox" || field.type === "radio" ? "checked" : "value");

function keepTyped(form) {
  const values = typedFields(form).map((field) => field[property(field)]);
  if (values.length && !onTheWay()) sessionStorage.setItem("typed", JSON.stringify({ person: person(), page: location.pathname, action: form.action, values }));
}
(() => {
  const typed = JSON.parse(sessionStorage.getItem("typed"));
  if (!typed) return;
  if (onTheWay()) { sessionStorage.setItem("typed", JSON.stringify({ ...typed, refused: true })); return; }
  const isHere = typed.refused && typed.page === location.pathname && typed.person === person();
  const form = isHere && [...document.forms].find((one) => one.action === typed.action && typedFields(one).length === typed.values.length);
  if (!isHere || form) sessionStorage.removeItem("typed"); // where the form is missing, something may bring it back
  if (form) typedFields(form).forEach((field, index) => { field[property(field)] = typed.values[index]; });
})();

// Filters act as soon as they are chosen.
for (const select of document.querySelectorAll(".filters select, .filters input[type=date]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// What is to be put right is where the hands go; and of a long menu, the present place is seen.
document.querySelector("main [aria-invalid=true]")?.focus();
document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest" });

// "/" goes to the search of a list, as everywhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const search = document.querySelector("main input[type=search]");
  if (search) { event.preventDefault(); search.focus(); search.select(); }
});

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// Calls of our own scripts: JSON in and out, with the CSRF token; a problem comes back as an Error with its text.
window.shop = {
  async send(path, body, { method = "POST", headers = {}, signal } = {}) {
    const response = await fetch(path, {
      method,
      signal,
      headers: {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
        ...headers,
      },
      body: method === "GET" ? undefined : JSON.stringify(body ?? {}),
    });
    const answer = response.status === 204 ? null : await response.json();
    if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status, problem: answer });
    return answer;
  },
};

// Texts that are put into a field by one click, to be edited there.
for (const button of document.querySelectorAll("[data-fill]")) {
  button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.fill);
    field.value = (field.value ? field.value.trimEnd() + "\n" : "") + button.textContent.trim();
    field.focus();
  });
}

// An installable app, where the browser allows it (https or this machine).
if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register("/service-worker.js").catch(() => {});
}
