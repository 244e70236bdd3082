"""The rows of the list of clients as HTML.

Written here, because the tags of a template cost more in 25 rows than all the rest of an answer. What stands in a cell
was typed by somebody: all of it goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from html import escape
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

from kayse_admin.templatetags.ui import avatar

#: Badges behind a name: of who opted out of calls, who was deleted at Kayse, of whom a field was lost.
_OPTED_OUT = ' <span class="badge bad">Opted out</span>'
_GONE = ' <span class="badge neutral">Deleted</span>'
_LOST = ' <span class="badge warn">Field lost</span>'


class Row(NamedTuple):
    """A client as the table shows it: all words, no queries."""

    pk: int
    url: str
    name: str
    opted_out: bool
    gone: bool
    lost: bool
    #: Class, line and small line of each column's cell.
    cells: list[tuple[str, str, str]]


def as_html(rows: Iterable[Row], picked: Collection[int]) -> SafeString:
    """The rows as `<tr>`, ticked where the client is picked."""
    return mark_safe("\n".join(_row(row, row.pk in picked) for row in rows))  # noqa: S308  (escaped below)


def _row(row: Row, is_picked: bool) -> str:
    name, url = escape(row.name), escape(row.url)
    badges = _OPTED_OUT * row.opted_out + _GONE * row.gone + _LOST * row.lost
    cells = "".join(
        f'<td class="{css}">{escape(words)}{f"<small>{escape(small)}</small>" if small else ""}</td>'
        for css, words, small in row.cells
    )
    return f"""<tr>
<td class="pick"><input type="hidden" name="shown" value="{row.pk}"><input type="checkbox" name="pk" value="{row.pk}" \
aria-label="Select {name}"{" checked" if is_picked else ""}></td>
<th scope="row"><div class="who">{avatar(row.name)}<div><a href="{url}">{name}</a>{badges}\
<small>ID {row.pk}</small></div></div></th>
{cells}
<td class="end"><a class="btn btn-quiet btn-sm" href="{url}quick/" data-quick aria-label="View {name} beside the list">\
View</a></td>
</tr>"""
