// Behaviour by data attribute, delegated from the document, so that swapped fragments need no setup. Every page works
// without it. data-dialog-open, data-modal, data-close, data-dismiss, data-once, data-unsaved, data-changes, data-discard,
// data-shortcut, data-shortcuts, data-select-all, data-results, data-chips, data-problem, data-sign-out.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (type, handler, capture) => document.addEventListener(type, handler, capture);
  const make = (tag, text = "", cls = "") => Object.assign(document.createElement(tag), { textContent: text, className: cls });
  const dialog = $("#dialog");
  let opener;

  // Dialogs: a link that is a page without JavaScript opens as a dialog; the focus goes back to it.
  const openDialog = async (link) => {
    opener = link;
    await htmx.ajax("GET", link.href, { source: link, target: dialog, swap: "innerHTML" });
    if (dialog.childElementCount && !dialog.open) dialog.showModal();
  };
  dialog?.addEventListener("close", () => {
    dialog.replaceChildren();
    opener?.focus();
  });
  on("dialog-close", () => dialog.close());

  on("click", (event) => {
    const hit = (selector) => event.target.closest?.(selector);
    if (event.ctrlKey || event.metaKey || event.shiftKey && !hit("[type=checkbox]")) return;
    const link = hit("[data-dialog-open]");
    if (link) event.preventDefault(), openDialog(link);
    else if (hit("dialog [data-close]")) event.preventDefault(), hit("dialog").close();
    else if (event.target.matches?.("dialog[open]")) event.target.close();
    else if (hit("[data-modal]")) $(`#${hit("[data-modal]").dataset.modal}`).showModal();
    else if (hit("[data-dismiss]")) hit("[data-toast], .banner").remove();
    else if (hit("[data-discard]")) leaving = true;
    else if (hit("tbody [type=checkbox]")) range(hit("tbody [type=checkbox]"), event.shiftKey);
  });

  // Toasts: success only; gone after 6 s unless the pointer or the focus is on them.
  const expire = (toast) => {
    const gone = () => (toast.matches(":hover, :focus-within") ? setTimeout(gone, 2000) : toast.remove());
    setTimeout(gone, 6000);
  };
  $$("[data-toast]").forEach(expire);
  on("toast", ({ detail }) => {
    const toast = $("#toast-template").content.firstElementChild.cloneNode(true);
    const text = $(".grow", toast);
    text.textContent = detail.text + " ";
    if (detail.link) text.append(Object.assign(make("a", detail.link_text), { href: detail.link }));
    $("#toasts").append(toast);
    expire(toast);
  });

  // What went wrong under htmx: in words, where it stays, and the form is left as it is.
  const problem = (title, text) => {
    const place = (dialog.open && $("[data-problem]", dialog)) || $("[data-problem]");
    const banner = make("div", "", "banner bad");
    const words = make("div", "", "grow");
    words.append(make("strong", title), make("p", text));
    const close = Object.assign(make("button", "Dismiss", "link"), { type: "button" });
    close.dataset.dismiss = "";
    banner.append(words, close);
    place.replaceChildren(banner);
    place.scrollIntoView({ block: "nearest" });
  };
  const KEPT = "What you typed is still here.";
  const UNSURE = "It is not certain whether it was done. Look before you send it again. ";
  on("htmx:responseError", ({ detail }) => {
    const status = detail.xhr.status;
    const reading = detail.requestConfig.verb === "get";
    if (status === 401) problem("You are signed out", `Sign in again in another tab. Nothing was changed. ${KEPT}`);
    else if (status === 403) problem("This was not allowed", `Your role or your session does not allow it. Nothing was changed. ${KEPT}`);
    else if (status === 404) problem("This is not here any more", `It may have been deleted meanwhile. ${KEPT}`);
    else if (status === 429) problem("Too many requests", `Wait a minute, then send it again. Nothing was changed. ${KEPT}`);
    else if (status === 503) problem("The database does not answer just now", `This usually passes within a minute. ${reading ? "" : UNSURE}${KEPT}`);
    else if (status > 499) problem("Something failed on our side", `${reading ? "It has been logged. " : UNSURE}${KEPT}`);
    else problem("This was not accepted", `Nothing was changed. ${KEPT}`);
  });
  const cut = ({ detail }) =>
    problem("No answer", `The connection broke or took too long. ${detail.requestConfig.verb === "get" ? "" : UNSURE}${KEPT}`);
  on("htmx:sendError", cut);
  on("htmx:timeout", cut);
  on("htmx:beforeRequest", ({ target }) => ($("[data-problem]", target.closest("dialog") || document) || dialog).replaceChildren?.());

  // Forms: sent once; unsaved changes are counted, shown and guarded; a draft survives the end of a session.
  let leaving = false;
  const firsts = new Map();
  const state = (form) => {
    const values = {};
    for (const control of form.elements) {
      if (!control.name || control.type === "hidden" || control.type === "submit") continue;
      const value =
        control.type === "checkbox" || control.type === "radio" ? (control.checked ? [control.labels[0]?.textContent.trim() || control.value] : [])
        : control.options ? [...control.selectedOptions].map((option) => option.text)
        : [control.value];
      (values[control.name] ??= []).push(...value);
    }
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.join(", ")]));
  };
  const label = (form, name) => {
    const control = form.elements[name].length && !form.elements[name].options ? form.elements[name][0] : form.elements[name];
    return (control.closest("fieldset.field")?.querySelector("legend") || control.labels?.[0])?.firstChild.textContent.trim() || name;
  };
  const watch = (form) => {
    const key = form.getAttribute("action") || location.pathname;
    if (!form.dataset.unsaved || !firsts.has(key)) firsts.set(key, state(form));
    form.first = firsts.get(key);
    count(form);
  };
  const changed = (form) => {
    const now = state(form);
    return Object.keys(now).filter((name) => now[name] !== form.first?.[name]);
  };
  const dirty = (form) => form.isConnected && (form.dataset.unsaved === "dirty" || changed(form).length > 0);
  const count = (form) => {
    const bar = $("[data-changes]", form);
    const names = changed(form);
    const now = state(form);
    if (!bar) return;
    const head = make("summary", names.length ? `${names.length} change${names.length > 1 ? "s" : ""}` : dirty(form) ? "Not saved yet" : "No changes yet", names.length ? "" : "muted");
    const list = make("dl");
    for (const name of names) {
      const after = make("dd");
      after.append(make("del", form.first?.[name] || "empty", "bad"), " ", make("ins", now[name] || "empty", "ok"));
      list.append(make("dt", label(form, name), "muted"), after);
    }
    bar.replaceChildren(head, ...(names.length ? [list] : []));
  };
  on("input", ({ target }) => target.form?.matches("[data-unsaved]") && count(target.form));
  on("change", ({ target }) => target.form?.matches("[data-unsaved]") && count(target.form));
  const dirtyForms = () => $$("form[data-unsaved]").filter(dirty);
  addEventListener("beforeunload", (event) => !leaving && dirtyForms().length && event.preventDefault());
  on("submit", ({ target, submitter, defaultPrevented }) => {
    if (target.matches("[data-sign-out]")) sessionStorage.clear();
    if (target.method === "post" && !target.hasAttribute("hx-post") && !defaultPrevented) {
      leaving = true;
      // Later, so that the button's own name and value are sent.
      if (submitter) setTimeout(() => (submitter.disabled = true));
    }
  });
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  const draft = `draft ${document.body.dataset.actor} ${location.pathname}`;
  on("htmx:beforeOnLoad", ({ detail }) => {
    const to = detail.xhr.getResponseHeader("HX-Redirect");
    if (!to) return;
    const form = dirtyForms()[0];
    leaving = true;
    if (form && to.includes("/sign-in/")) sessionStorage[draft] = JSON.stringify([...new FormData(form)].filter(([name]) => form.elements[name].type !== "hidden"));
  });
  const restore = () => {
    const form = $("form[data-unsaved]");
    if (!form || !sessionStorage[draft]) return;
    const entries = JSON.parse(sessionStorage[draft]);
    sessionStorage.removeItem(draft);
    for (const control of form.elements) {
      const values = entries.filter(([name]) => name === control.name).map(([, value]) => value);
      if (!control.name || control.type === "hidden") continue;
      if (control.type === "checkbox" || control.type === "radio") control.checked = values.includes(control.value);
      else if (control.multiple) [...control.options].forEach((option) => (option.selected = values.includes(option.value)));
      else if (values.length) control.value = values[0];
    }
    count(form);
  };

  // Tables: all on the page, a range with shift, the number in the selection bar.
  let last;
  const boxes = (root) => $$("tbody [type=checkbox]", root);
  const range = (box, shift) => {
    const all = boxes(box.closest("table"));
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    if (shift && from >= 0) all.slice(from, to + 1).forEach((other) => (other.checked = box.checked));
    last = box;
    tally(box);
  };
  const tally = (box) => {
    const root = box.closest(".selectable") || box.closest("table");
    const all = boxes(root);
    const picked = all.filter((other) => other.checked).length;
    const head = $("[data-select-all]", root);
    if (head) (head.checked = picked === all.length), (head.indeterminate = picked > 0 && picked < all.length);
    $$("[data-selected]", root).forEach((place) => (place.textContent = picked));
  };
  on("change", ({ target }) => {
    if (target.matches("[data-select-all]")) boxes(target.closest("table")).forEach((box) => (box.checked = target.checked)), tally(target);
    if (target.matches("[data-shortcuts]")) localStorage.shortcuts = target.checked ? "on" : "off";
  });

  // A <select multiple data-chips> keeps the values; chips show them and a second select adds to them.
  const chips = (select) => {
    if (select.hidden) return;
    const box = make("div", "", "multi");
    const adder = make("select");
    const name = select.labels[0]?.firstChild.textContent.trim();
    adder.setAttribute("aria-label", `Add to ${name}`);
    const draw = () => {
      const chosen = [...select.selectedOptions].map((option) => {
        const chip = make("span", option.text, "chip");
        const remove = Object.assign(make("button", "✕"), { type: "button" });
        remove.setAttribute("aria-label", `Remove ${option.text}`);
        remove.onclick = () => set(option, false);
        chip.append(remove);
        return chip;
      });
      const rest = [...select.options].filter((option) => !option.selected);
      adder.replaceChildren(new Option(rest.length ? "Add…" : "All chosen", ""), ...rest.map((option) => new Option(option.text, option.value)));
      box.replaceChildren(...chosen, adder);
    };
    const set = (option, selected) => {
      option.selected = selected;
      draw();
      adder.focus();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    adder.onchange = () => set([...select.options].find((option) => option.value === adder.value), true);
    select.hidden = true;
    select.after(box);
    draw();
  };

  // Keys: any element with data-shortcut is pressed, or focused if it is a field. Off while typing, and by choice.
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || localStorage.shortcuts === "off") return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable], dialog")) return;
    const rows = $$(".table tbody tr");
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const go = { j: at + 1, k: Math.max(at - 1, 0) }[event.key];
    const hit = /^\w$|^\/$/.test(event.key) && $(`[data-shortcut="${event.key}"]`);
    if (event.key === "?") $("#help")?.showModal();
    else if (go !== undefined) $("a", rows[go])?.focus();
    else if (event.key === "x" && at >= 0) $("[type=checkbox]", rows[at])?.click();
    else if (hit) hit.matches("input") ? hit.focus() : hit.click();
    else return;
    event.preventDefault();
  });

  // After a swap: set up what is new, and give a focus that the swap ate to the results.
  const ready = (root) => {
    $$("select[multiple][data-chips]", root).forEach(chips);
    $$("form[data-unsaved]", root.closest?.("form[data-unsaved]")?.parentNode || root).forEach(watch);
  };
  let focused;
  on("htmx:beforeSwap", ({ target }) => (focused = target.contains(document.activeElement)));
  on("htmx:afterSettle", ({ target }) => {
    ready(target);
    if (!focused || document.activeElement !== document.body) return;
    const region = target.closest("[data-results]") || $("[data-results]", target) || target;
    region.tabIndex = -1;
    region.focus({ preventScroll: true });
  });
  $$("[data-shortcuts]").forEach((box) => (box.checked = localStorage.shortcuts !== "off"));
  ready(document);
  restore();
})();
