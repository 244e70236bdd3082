// Forms in which people work for a while: changes are counted, shown and guarded, and survive the end of a session.
import { $, $$, on, make, ready } from "./app.js";

const titled = (control) => (control.closest("fieldset.field")?.firstElementChild || control.labels[0]).textContent.replace("Optional", "").trim();
const isBox = (control) => /checkbox|radio/.test(control.type);
let leaving = false;

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
addEventListener("submit", ({ target }) => target.method === "post" && (leaving = !target.hasAttribute("hx-post")), true);
on("click", ({ target }) => (leaving ||= target.closest("[data-discard]")));

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

// A <select multiple data-chips> keeps the values; chips show them, and a field that searches the names adds to them.
const chips = (select) => {
  const box = make("div", "", "multi");
  const adder = Object.assign(make("input"), { placeholder: "Add…", ariaLabel: `Add to ${titled(select)}` });
  const names = Object.assign(make("datalist"), { id: `${select.id}_names` });
  adder.setAttribute("list", names.id);
  const set = (option, selected) => {
    option.selected = selected;
    draw();
    adder.focus();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const draw = () => {
    box.replaceChildren(adder, names);
    names.replaceChildren();
    for (const option of select.options) {
      if (!option.selected) names.append(new Option(option.text));
      else {
        const chip = make("span", option.text, "chip");
        const remove = Object.assign(make("button", "✕"), { type: "button", ariaLabel: `Remove ${option.text}` });
        remove.onclick = () => set(option, false);
        chip.append(remove);
        adder.before(chip);
      }
    }
  };
  // The name that was typed or chosen, or the only one that holds what was typed; else the text stays.
  const add = () => {
    const typed = adder.value.toLowerCase();
    const found = [...select.options].filter((option) => !option.selected && option.text.toLowerCase().includes(typed));
    const option = found.find((one) => one.text.toLowerCase() === typed) || (!found[1] && found[0]);
    if (!typed || !option) return;
    adder.value = "";
    set(option, true);
  };
  adder.onchange = add;
  adder.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    add();
  };
  select.hidden = true;
  select.after(box);
  draw();
};

ready.push((root) => {
  $$("select[multiple][data-chips]:not([hidden])", root).forEach(chips);
  $$("form[data-unsaved]", root.parentNode || root).forEach((form) => form.first || watch(form));
});
// Counted from what was loaded; then what was kept is put back; then chips are drawn of it.
$$("form[data-unsaved]").forEach(watch);
restore($("form[data-unsaved]"));
ready.at(-1)(document);
