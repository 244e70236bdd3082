// Behaviour by data attribute, delegated from the document, so that swapped fragments need no set-up and every page
// works without it. Served without these comments and without indentation (kayse_admin/static_files.py).
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (types, handler) => types.split(" ").forEach((type) => document.addEventListener(type, handler));
  const make = (tag, text = "", className = "") => Object.assign(document.createElement(tag), { textContent: text, className });
  const titled = (control) => (control.closest("fieldset.field")?.firstElementChild || control.labels[0]).textContent.replace("Optional", "").trim();
  const isBox = (control) => /checkbox|radio/.test(control.type);
  let leaving = false;

  // Dialogs. A link that is a page without JavaScript opens as a dialog; closing gives the focus back to the link.
  const dialog = $("#dialog");
  const openDialog = async (link) => {
    await htmx.ajax("GET", link.href, { source: link, target: dialog, swap: "innerHTML" });
    if (dialog.firstElementChild) dialog.showModal();
  };
  dialog?.addEventListener("close", () => dialog.replaceChildren());
  on("dialog-close", () => dialog.close());

  on("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    const link = hit("[data-dialog-open], dialog [data-close]");
    const row = hit("tbody [type=checkbox]");
    if (row) return range(row, event.shiftKey);
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      link.matches("[data-close]") ? dialog.close() : openDialog(link);
    }
    if (hit("[data-dismiss]")) hit(".toast, .banner").remove();
    if (hit("[data-discard]")) leaving = true;
  });

  // Toasts: success only. Gone after 6 s, unless the pointer or the focus is on them.
  const expire = (toast) => setTimeout(() => (toast.matches(":hover, :focus-within") ? expire(toast) : toast.remove()), 6000);
  on("toast", ({ detail }) => {
    const toast = $("#toast").content.firstElementChild.cloneNode(true);
    $(".grow", toast).append(detail.text, " ");
    if (detail.link) $(".grow", toast).append(Object.assign(make("a", detail.link_text), { href: detail.link }));
    $("#toasts").append(toast);
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
  on("htmx:responseError htmx:sendError htmx:timeout", ({ detail: { xhr, requestConfig } }) => {
    const { status } = xhr;
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
  on("htmx:beforeRequest", () => $$("[data-problem]").forEach((place) => place.replaceChildren()));

  // Forms are sent once; unsaved changes are counted, shown and guarded.
  const firsts = {};
  const state = (form) => {
    const values = {};
    for (const control of form.elements) {
      if (!control.name || control.type === "hidden") continue;
      const texts = control.value === "on" ? [control.checked ? "Yes" : "No"]
        : isBox(control) ? [control.checked && control.parentNode.textContent.trim()]
        : control.options ? [...control.selectedOptions].map((option) => option.text)
        : [control.value];
      values[control.name] = [values[control.name], ...texts].filter(Boolean).join(", ");
    }
    return values;
  };
  const changed = (form) => Object.entries(state(form)).filter(([name, value]) => value !== form.first?.[name]);
  const dirty = () => $$("form[data-unsaved]").find((form) => form.dataset.unsaved || changed(form).length);
  const count = (form) => {
    const entries = changed(form);
    const list = make("dl");
    for (const [name, value] of entries) {
      const control = form.elements[name];
      const after = make("dd");
      after.append(make("del", form.first[name] || "empty", "bad"), " ", make("ins", value || "empty", "ok"));
      list.append(make("dt", titled(control[0]?.labels ? control[0] : control), "muted"), after);
    }
    const words = entries[1] ? `${entries.length} changes` : entries[0] ? "1 change" : form.dataset.unsaved ? "Not saved yet" : "No changes yet";
    $("[data-changes]", form)?.replaceChildren(make("summary", words), list);
  };
  const watch = (form) => {
    const key = form.action;
    // A form that came back with errors still counts from what it was first opened on.
    form.first = firsts[key] = (form.dataset.unsaved && firsts[key]) || state(form);
    count(form);
  };
  on("input change", ({ target }) => target.form?.matches("[data-unsaved]") && count(target.form));
  addEventListener("beforeunload", (event) => !leaving && dirty() && event.preventDefault());
  // Before htmx hears it: a second click while the first is under way goes nowhere.
  addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form.method !== "post") return;
      if (form.ariaBusy) {
        event.preventDefault();
        event.stopPropagation();
      }
      form.ariaBusy = "true";
      leaving = !form.hasAttribute("hx-post");
    },
    true,
  );
  on("htmx:afterRequest", ({ target }) => (target.ariaBusy = null));

  // What was typed survives the end of a session: kept for this tab and this person, put back when the form is open again.
  const draft = `draft ${document.body.dataset.actor} ${location.pathname}`;
  on("htmx:beforeOnLoad", ({ detail: { xhr } }) => {
    const to = xhr.getResponseHeader("HX-Redirect");
    if (to?.includes("/sign-in/") && dirty()) sessionStorage[draft] = new URLSearchParams(new FormData(dirty()));
    leaving ||= to;
  });
  const restore = (form) => {
    if (!form || !sessionStorage[draft]) return;
    const kept = new URLSearchParams(sessionStorage[draft]);
    sessionStorage.removeItem(draft);
    for (const control of form.elements) {
      const values = kept.getAll(control.name);
      if (isBox(control)) control.checked = values.includes(control.value);
      else if (control.options) [...control.options].forEach((option) => (option.selected = values.includes(option.value)));
      else if (control.type !== "hidden") control.value = values[0] ?? control.value;
    }
    count(form);
  };

  // Tables: all on the page, a range with shift, the number in the selection bar.
  let last;
  const boxes = (box) => $$("tbody [type=checkbox]", box.closest("table"));
  const range = (box, shift) => {
    const all = boxes(box);
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (shift && from >= 0) all.slice(from, to).forEach((other) => (other.checked = box.checked));
    last = box;
    tally(box);
  };
  const tally = (box) => {
    const all = boxes(box);
    const picked = all.filter((other) => other.checked).length;
    const head = $("[data-select-all]", box.closest("table"));
    if (head) Object.assign(head, { checked: picked === all.length, indeterminate: picked && picked < all.length });
    $$("[data-selected]").forEach((place) => (place.textContent = picked));
  };
  on("change", ({ target }) => {
    if (target.matches("[data-shortcuts]")) localStorage.shortcuts = target.checked ? "on" : "off";
    if (!target.matches("[data-select-all]")) return;
    boxes(target).forEach((box) => (box.checked = target.checked));
    tally(target);
  });

  // A <select multiple data-chips> keeps the values; chips show them and a second select adds to them.
  const chips = (select) => {
    const box = make("div", "", "multi");
    const adder = make("select");
    adder.ariaLabel = `Add to ${titled(select)}`;
    const set = (option, selected) => {
      option.selected = selected;
      draw();
      adder.focus();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    const draw = () => {
      adder.replaceChildren(new Option("Add…", ""));
      box.replaceChildren(adder);
      for (const option of select.options) {
        if (!option.selected) adder.append(new Option(option.text, option.index));
        else {
          const chip = make("span", option.text, "chip");
          const remove = Object.assign(make("button", "✕"), { type: "button", ariaLabel: `Remove ${option.text}` });
          remove.onclick = () => set(option, false);
          chip.append(remove);
          adder.before(chip);
        }
      }
    };
    adder.onchange = () => set(select.options[adder.value], true);
    select.hidden = true;
    select.after(box);
    draw();
  };

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
    else if (key === "x" && rows[at]) $("[type=checkbox]", rows[at])?.click();
    else if (hit) hit.matches("input") ? hit.focus() : hit.click();
    else return;
    event.preventDefault();
  });

  // After a swap: set up what is new, and give a focus that the swap ate to the results.
  const ready = (root) => {
    $$("select[multiple][data-chips]:not([hidden])", root).forEach(chips);
    $$("form[data-unsaved]", root.parentNode || root).forEach((form) => form.first || watch(form));
  };
  let focused;
  on("htmx:beforeSwap", ({ target }) => (focused = target.contains(document.activeElement)));
  on("htmx:afterSettle", ({ target }) => {
    ready(target);
    if (!focused || document.activeElement !== document.body) return;
    const region = target.closest("[data-results]") || target;
    region.tabIndex = -1;
    region.focus();
  });

  $$(".toast").forEach(expire);
  $$("[data-shortcuts]").forEach((box) => (box.checked = localStorage.shortcuts !== "off"));
  $$("form[data-unsaved]").forEach(watch);
  restore($("form[data-unsaved]"));
  ready(document);
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
})();
