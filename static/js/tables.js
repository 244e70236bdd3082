// Lists: rows that are picked, or looked at beside the list; a filter beside it.
import { $, $$, keys, on, openDialog } from "./app.js";

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
  if (!target.matches("[data-select-all]")) return;
  boxes(target).forEach((box) => (box.checked = target.checked));
  tally(target);
});

// The quick view: a link that is a page without JavaScript fills the panel beside the list, which then follows the row
// that has the focus. Where there is no room beside the list, it is a sheet over it: a dialog, with all that these do.
const panel = $("[data-panel]");
let shown;
const show = (link) => {
  if (matchMedia("(width < 768px)").matches) return openDialog(link);
  shown = link.href;
  htmx.ajax("GET", shown, { source: link, target: panel, swap: "innerHTML" });
};
const close = () => {
  panel.replaceChildren();
  $$("[data-quick]").find((link) => link.href === shown)?.focus();
  return true;
};
on("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  const box = hit("tbody [type=checkbox]");
  if (box) range(box, event.shiftKey);
  if (event.ctrlKey || event.metaKey || !hit("[data-quick], [data-panel] [data-close]")) return;
  event.preventDefault();
  hit("[data-quick]") ? show(hit("[data-quick]")) : close();
});
on("focusin", ({ target }) => {
  const link = panel?.firstElementChild && $("[data-quick]", target.closest("tbody tr") || panel);
  if (link && link.href !== shown) show(link);
});
Object.assign(keys, {
  x: (row) => row && ($("[type=checkbox]", row)?.click(), true),
  v: (row) => row && panel && (show($("[data-quick]", row)), true),
  e: (row) => row?.closest("[data-edit]") && (location.href = `${$("a", row).href}edit/`),
  Escape: () => panel?.firstElementChild && close(),
});

// A form that says what the list beside it is filtered by follows the address, whoever has changed it.
on("htmx:pushedIntoHistory", () => {
  const asked = new URLSearchParams(location.search);
  for (const field of $$("[data-follows] [name]")) {
    field.value = asked.get(field.name) || "";
    field.removeAttribute("aria-invalid");
  }
  $$("[data-follows] .field-error").forEach((error) => error.remove());
});
