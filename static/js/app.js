// Behaviour by data attribute, delegated from the document, so that swapped fragments need no set-up and every page
// works without it. Every page loads this, alone or as the beginning of forms.js or tables.js. It is served without these
// comments and without indentation, and what a file imports is served inside it (kayse_admin/static_files.py).
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const on = (types, handler) => types.split(" ").forEach((type) => document.addEventListener(type, handler));
export const make = (tag, text = "", className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
// Called with what a swap has brought, and at the beginning with the whole document.
export const ready = [];
// More keys: what each does with the row that has the focus, if one has; the answer says whether it did anything.
export const keys = {};

// Dialogs. A link that is a page without JavaScript opens as a dialog; closing gives the focus back to the link.
const dialog = $("#dialog");
export const openDialog = async (link) => {
  await htmx.ajax("GET", link.href, { source: link, target: dialog, swap: "innerHTML" });
  if (!dialog.firstElementChild) return;
  $("h2", dialog)?.setAttribute("id", "dialog-title");
  dialog.showModal();
};
dialog?.addEventListener("close", () => dialog.replaceChildren());
on("dialog-close", () => dialog.close());

on("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  const link = hit("[data-dialog-open], dialog [data-close]");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    link.matches("[data-close]") ? dialog.close() : openDialog(link);
  }
  if (hit("[data-dismiss]")) hit(".toast, .banner").remove();
});

// Toasts: success only. Gone after 6 s, unless the pointer or the focus is on them.
const expire = (toast) => setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast) : toast.remove()), 6000);
on("toast", ({ detail }) => {
  const toast = $("#toast").content.firstElementChild.cloneNode(true);
  $(".grow", toast).append(detail.text, " ");
  if (detail.link) $(".grow", toast).append(Object.assign(make("a", detail.link_text), { href: detail.link }));
  $("#toasts").replaceChildren(toast);
  expire(toast);
});

// What failed under htmx is said in words, where it stays, and the form is left as it is.
const WORDS = {
  0: "No answer: the connection broke or took too long.",
  401: "You are signed out. Sign in again in another tab.",
  403: "Your role or your session does not allow this.",
  404: "This is not here any more.",
  429: "Too many requests just now.",
  503: "The database does not answer just now.",
};
// What a page asks by itself says nothing when it fails, and leaves the words about something else where they are.
const quiet = (event) => event.detail.elt?.closest("[data-quiet]");
on("htmx:responseError htmx:sendError htmx:timeout", (event) => {
  const { xhr, requestConfig } = event.detail;
  const { status } = xhr;
  if (quiet(event)) return quiet(event).replaceChildren();
  const unsure = requestConfig.verb !== "get" && (status || 500) > 499;
  const wait = xhr.getResponseHeader("Retry-After");
  const again = new Date(Date.now() + wait * 1000).toTimeString().slice(0, 5);
  const place = (dialog.open && $("[data-problem]", dialog)) || $("[data-problem]");
  place.replaceChildren($("#problem").content.cloneNode(true));
  $("strong", place).textContent = WORDS[status] || (status > 499 ? "Something failed here." : "This was not accepted.");
  $("p", place).textContent =
    (unsure ? "It is not certain whether it was done: look before you send it again." : "Nothing was changed.") +
    (wait ? ` Available again at ${again}.` : "") +
    " What you typed is still here.";
});
on("htmx:beforeRequest", (event) => quiet(event) || $$("[data-problem]").forEach((place) => place.replaceChildren()));

// Forms are sent once. Before htmx hears it: a second click while the first is under way goes nowhere.
addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.ariaBusy) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    form.ariaBusy = "true";
  },
  true,
);
on("htmx:afterRequest", ({ target }) => (target.ariaBusy = null));

// Keys: an element with data-shortcut is pressed, or focused if it is a field. Off while typing, and by choice.
on("keydown", (event) => {
  const { key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || localStorage.shortcuts === "off") return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  const rows = $$(".table tbody tr");
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const to = rows[{ j: at + 1, k: at - 1 }[key]];
  const hit = $$("[data-shortcut]").find((element) => element.dataset.shortcut === key);
  if (key === "?") $("#help").showModal();
  else if (to) $("a", to)?.focus();
  else if (keys[key]?.(rows[at]));
  else if (hit) hit.matches("input") ? hit.focus() : hit.click();
  else return;
  event.preventDefault();
});

// After a swap: set up what is new, and give a focus that the swap ate to the results.
let focused;
on("htmx:beforeSwap", ({ target }) => (focused = target.contains(document.activeElement)));
on("htmx:afterSettle", ({ target }) => {
  ready.forEach((prepare) => prepare(target));
  if (!focused || document.activeElement !== document.body) return;
  const region = target.closest("[data-results]") || target;
  region.tabIndex = -1;
  region.focus();
});

$$(".toast").forEach(expire);
$$("[data-shortcuts]").forEach((box) => (box.checked = localStorage.shortcuts !== "off"));
on("change", ({ target }) => {
  if (target.matches("[data-shortcuts]")) localStorage.shortcuts = target.checked ? "on" : "off";
});
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
