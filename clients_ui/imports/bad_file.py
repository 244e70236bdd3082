"""The rows of a file that cannot be taken as they stand, as a file that is mended and imported again.

Such a file has two columns before those of the first: which line it was and why. It is known again by them: they count
for nothing when its columns are compared with others, so that the choices of the first file are its own, too. They
stand in front because a row with too few or too many cells must stay one.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from clients_ui.imports.mapping import LEAD, lead_of
from clients_ui.imports.models import OPEN, Import
from kayse_admin.cells import neutral, original
from kayse_admin.jobs.models import Row


def lines(kept: Import) -> Iterator[str]:
    """The file, a line at a time. Its cells are neutralised, so that no spreadsheet program runs them."""
    lead = lead_of(kept.header)
    yield "\ufeff" + _line([*LEAD, *map(neutral, kept.header[lead:])])
    bad = Row.objects.filter(job=kept.job, flag__in=OPEN)
    for row in bad.order_by("number").iterator(chunk_size=500):
        cells = (row.source or {}).get("cells", [])
        # What cannot be cut into cells is one, and begins with what it begins with.
        own = cells[lead:] if len(cells) > lead else cells
        yield _line([str(row.line), neutral(row.reason), *(neutral(original(cell)) for cell in own)])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
