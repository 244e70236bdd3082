"""Template tags of the design system: what a page is built from, with the words that each part must say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Protocol
from zlib import crc32

import phonenumbers
from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField, CheckboxInput
from django.http import HttpRequest
from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from django.utils import dateformat, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from heroicons import _render_icon

from kayse_admin.accounts.roles import Capability
from kayse_admin.audit.diff import NOT_TOLD, Change, Kind
from kayse_admin.pager import Pager, address

register = template.Library()

DATE = "M j, Y"
KINDS = frozenset({"ok", "warn", "bad", "info", "neutral", "accent"})
#: A value of a diff with more characters than this is folded to two lines.
LONG = 160
#: Fields of a brief diff.
BRIEF_ROWS = 4
#: Icons smaller than this get a thicker line, or they would fade.
SMALL = 20
_DIFF = (
    '<table class="diff"><caption class="sr">{}</caption><thead><tr><th scope="col">Field</th>'
    '<th scope="col">Before</th><th scope="col">After</th></tr></thead><tbody>{}</tbody></table>'
)
TINTS = ("accent", "info", "ok", "warn", "bad", "neutral")


class MayAct(Protocol):
    """Anything that knows what it may do, as `request.actor` does."""

    def can(self, capability: str) -> bool: ...


@register.filter
def can(actor: MayAct, capability: str) -> bool:
    """`{% if request.actor|can:"clients_edit" %}`; an unknown capability is an error, not a no."""
    return actor.can(Capability(capability))


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """An outline icon of heroicons; decoration unless `label` gives it a name."""
    return _icon(str(name), size, str(label))


@lru_cache(maxsize=256)
def _icon(name: str, size: int, label: str) -> SafeString:
    attrs: dict[str, object] = {"role": "img", "aria-label": label} if label else {}
    if size < SMALL:
        attrs["stroke_width"] = 1.8
    svg = " ".join(_render_icon("outline", name, size, attrs).split()).replace("> <", "><")
    return mark_safe(svg.replace(' aria-hidden="true"', "") if label else svg)  # noqa: S308  (our own icons)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, wide: bool = False, hint: str = "") -> dict[str, Any]:
    """A form field: label, "optional" mark, control, help, errors.

    A form may have `not_told`, names of fields whose value the vendor has not told: such a field says so.
    """
    return {
        "field": bound,
        "wide": wide,
        "hint": hint,
        "not_told": bound.name in getattr(bound.form, "not_told", ()),
        "is_check": isinstance(bound.field.widget, CheckboxInput),
        "is_group": bound.use_fieldset,
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """What is wrong with the form, on top of it, with a link to each field; takes the focus.

    Nothing if all is well.
    Faults of hidden fields are said too: nobody could see them elsewhere.
    """
    faults = [(bound, error) for bound in form.visible_fields() for error in bound.errors]
    general = [*form.non_field_errors(), *(e for bound in form.hidden_fields() for e in bound.errors)]
    return {"form": form, "faults": faults, "general": general, "count": len({b.name for b, _ in faults})}


@register.simple_tag
def badge(kind: str, words: object) -> SafeString:
    """A dot and a word; `kind` is ok, warn, bad, info, neutral or accent."""
    if kind not in KINDS:
        raise template.TemplateSyntaxError(f"badge: no kind {kind!r}, only {', '.join(sorted(KINDS))}")
    return format_html('<span class="badge {}">{}</span>', kind, words)


@register.simple_tag
def avatar(name: object, large: bool = False) -> SafeString:
    """The initials of a name on a tint that belongs to it; decoration, the name stands beside it."""
    return _avatar(str(name), large)


@lru_cache(maxsize=4096)
def _avatar(name: str, large: bool) -> SafeString:
    words = [word for word in name.split() if word[0].isalnum()]
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "–"
    tint = TINTS[crc32(name.encode("utf-8", "replace")) % len(TINTS)]
    size = " avatar-lg" if large else ""
    return format_html('<span class="avatar {}{}" aria-hidden="true">{}</span>', tint, size, initials)


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


@register.filter
def day(value: date | None) -> str:
    """A date in words: "Nov 21, 2026"; an en dash for none."""
    if not value:
        return "–"
    return dateformat.format(_local(value) if isinstance(value, datetime) else value, DATE)


@register.filter
def moment(value: datetime | None) -> str:
    """A point in time, as short as can be: "14:32" today, "Nov 20, 14:32" this year, else with the year."""
    if not value:
        return "–"
    local, now = _local(value), timezone.localtime()
    if local.date() == now.date():
        return f"{local:%H:%M}"
    # `dateformat` would take longer for the times of a page than the database for its rows.
    return f"{local:%b} {local.day}, {f'{local:%H:%M}' if local.year == now.year else f'{local:%Y, %H:%M}'}"


@register.simple_tag
def time_tag(value: datetime | None) -> SafeString:
    """`<time>` with the short form to read and the full one to hover."""
    if not value:
        return format_html('<span class="muted">{}</span>', "–")
    full = dateformat.format(_local(value), f"{DATE}, H:i:s T")
    exact = value.isoformat(timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, full, moment(value))


@register.simple_tag
def as_of(value: datetime | None) -> SafeString:
    """How old a told value is: "as of 14:32"; "not told yet" if never."""
    if not value:
        return format_html('<span class="muted">{}</span>', "not told yet")
    return format_html('<span class="muted nowrap">as of {}</span>', time_tag(value))


@register.filter
def number(value: int | None) -> str:
    """A whole number with separators: "1,214"; an en dash for none."""
    return "–" if value is None else f"{value:,}"


@register.filter
def phone(value: str | None) -> str:
    """A telephone number as people of `PHONE_REGION` write it; what is none is shown as it came."""
    return _phone(value, settings.PHONE_REGION) if value else "–"


@lru_cache(maxsize=4096)
def _phone(value: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(parsed):
        return value
    at_home = parsed.country_code == phonenumbers.country_code_for_region(region)
    style = phonenumbers.PhoneNumberFormat
    return str(phonenumbers.format_number(parsed, style.NATIONAL if at_home else style.INTERNATIONAL))


@register.filter
def shown(value: object) -> str:
    """A value of a diff or a record in words for people; "" for nothing, which the template calls "empty"."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list | tuple):
        return ", ".join(shown(part) for part in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {shown(part)}" for name, part in value.items())
    return str(value)


@register.simple_tag
def diff_table(changes: Iterable[Change], caption: str = "What changed", brief: bool = False) -> SafeString:
    """Field, before, after of each `Change`, with signs and colour; "not told" in words.

    `brief`: the first few fields and the beginning of long values, for a line of a log that leads to the whole.
    Written here and not as a template, because a log has one in each line.
    """
    found = list(changes)
    rows = [_row(change, brief) for change in (found[:BRIEF_ROWS] if brief else found)]
    more = len(found) - len(rows)
    told = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', rows)
    if not found or more:
        words = f"and {more} more field{pluralize(more)}" if more else "Nothing changed."
        told += format_html('<tr><td colspan="3" class="muted">{}</td></tr>', words)
    return format_html(_DIFF, caption, told)


def _row(change: Change, brief: bool) -> tuple[str, SafeString, SafeString]:
    """Label, before and after. Of two lists a change tells what went and what came: an empty side is no empty list."""
    went, came = ("none removed", "none added") if change.kind == Kind.ITEMS else ("empty", "empty")
    return (
        change.label,
        _side(change.before, went, "del", "bad", brief),
        _side(change.after, came, "ins", "ok", brief),
    )


def _side(value: object, nothing: str, tag: str, css: str, brief: bool) -> SafeString:
    words = "" if value is NOT_TOLD else shown(value)
    if not words:
        return format_html('<span class="muted">{}</span>', "not told" if value is NOT_TOLD else nothing)
    if brief and len(words) > LONG:
        words = words[: LONG - 1] + "…"
    html = format_html('<{0} class="{1}">{2}</{0}>', tag, css, words)
    return format_html("<details><summary>{}</summary></details>", html) if len(words) > LONG else html


@register.simple_block_tag
def empty(content: str, icon_name: str, title: str, text: str = "") -> str:
    """An empty state: `{% empty "users" "No clients yet" "What to do." %}<a>…</a>{% endempty %}`."""
    context = {"icon_name": icon_name, "title": title, "text": text, "content": content}
    return render_to_string("components/empty.html", context)


@register.inclusion_tag("components/pager.html")
def pager(page: Pager, target: str = "", label: str = "Pages") -> dict[str, Any]:
    """The foot of a table for a `Pager`; `target` is the htmx region that its links replace.

    Two tables on one page need a `label` each.
    """
    return {"page": page, "target": target, "label": label}


@register.inclusion_tag("components/sort.html", takes_context=True)
def sort_head(
    context: dict[str, Any], label: str, key: str, current: str, css: str = "", target: str = ""
) -> dict[str, Any]:
    """A column head that sorts: `{% sort_head "Name" "name" sort %}`; `current` is like "name" or "-name"."""
    request: HttpRequest = context["request"]
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "")
    changed = {"sort": f"-{key}" if current == key else key, "page": None, "after": None, "before": None}
    url = address(request, changed)
    return {"label": label, "order": order, "url": url, "css": css, "target": target}
