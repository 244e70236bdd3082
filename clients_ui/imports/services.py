"""What people do with a file of clients: keep it, check it, fix rows, start it, undo it. Sends nothing itself."""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from clients_ui import bulk, doubts
from clients_ui.imports import checking, mapping
from clients_ui.imports.checking import Checker
from clients_ui.imports.decoding import NotACsv, Shape, lines_of, shape_of
from clients_ui.imports.mapping import Options
from clients_ui.imports.models import Import, Piece
from clients_ui.imports.reading import Record, records
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.records import Target
from kayse_admin.jobs import ledger, raw
from kayse_admin.jobs.models import Chunk, Job, Row

PIECE = 1_000_000
SAMPLE_ROWS = 5
#: Files that one round of housekeeping deletes: each may have a hundred thousand rows.
MOST_FORGOTTEN = 5


def keep(actor: Actor, name: str, pieces: Iterable[bytes], most: int | None = None) -> Import:
    """Store a file of at most `most` bytes, and find out how it is written. Raises `NotACsv`; nothing is kept then."""
    actor.require(Capability.CLIENTS_EDIT)
    most = settings.UPLOAD_MOST_BYTES if most is None else most
    digest, size, ends = hashlib.sha256(), 0, Counter[bytes]()
    with transaction.atomic():
        kept = Import.objects.create(
            owner_id=actor.id or 0, owner_name=actor.name[:200], file_name=_safe(name), digest="", size=0,
            encoding="", delimiter="", header=[],
        )  # fmt: skip
        for number, piece in enumerate(pieces):
            digest.update(piece)
            size += len(piece)
            ends.update({mark: piece.count(mark) for mark in (b"\n", b"\r")})
            if size > most:
                raise NotACsv(f"The file is larger than {most:,} bytes. Split it.")
            Piece.objects.create(file=kept, number=number, data=piece)
        shape = shape_of(bytes_of(kept))
        kept.encoding, kept.delimiter = shape.encoding, shape.delimiter
        kept.digest, kept.size, kept.lines = digest.hexdigest(), size, max(ends.values())
        first = _first(kept)
        kept.header = first[0].cells
        kept.sample = [one.cells for one in first[1:]] + list(_accented(shape, kept.header))
        kept.save()
    return kept


def _first(kept: Import) -> list[Record]:
    found = []
    for record in records_of(kept):
        found.append(record)
        if len(found) > SAMPLE_ROWS:
            break
    if len(found) < 2:
        raise NotACsv("There are no rows below the first line.")
    return found


def _accented(shape: Shape, header: Sequence[str]) -> Iterator[list[str]]:
    """The rows with accents that show whether the encoding is right, as far as a row is one line."""
    for line in shape.samples:
        with suppress(csv.Error):
            cells = next(csv.reader([line], delimiter=shape.delimiter, strict=True), [])
            if len(cells) == len(header) and cells != header:
                yield cells


def _safe(name: str) -> str:
    """A file name as it can be shown and stored: the last part, without what no line of text holds."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c if c.isprintable() else "�" for c in last)[:200] or "clients.csv"


def bytes_of(kept: Import) -> Iterator[bytes]:
    """The bytes of a kept file, a piece at a time.

    Each is asked for alone: a query that stays open as long as the file is read would keep SQLite from emptying its
    log, which then grows with all that is written meanwhile.
    """
    for number in itertools.count():
        data = kept.pieces.filter(number=number).values_list("data", flat=True).first()
        if data is None:
            return
        yield bytes(data)


def records_of(kept: Import) -> Iterator[Record]:
    """The head and the rows of a kept file."""
    return records(lines_of(bytes_of(kept), kept.encoding), kept.delimiter)


def same_file(kept: Import) -> Import | None:
    """The last import of the same bytes that was started, if there is one."""
    found = Import.objects.filter(digest=kept.digest, job__isnull=False).exclude(pk=kept.pk)
    return found.exclude(job__state__in=Job.UNSTARTED).order_by("-at").first()


def check(
    actor: Actor, kept: Import, options: Options, most: int | None = None, *, remember: bool = True
) -> Job:
    """Check every row and write it into the ledger, in a job that is not started; `most` rows are taken.

    `remember`: whether the next file with these columns begins with these choices. Raises `NotACsv`; nothing is kept
    then.
    """
    actor.require(Capability.CLIENTS_EDIT)
    job = draft(actor, kept)
    try:
        counts = fill(actor, kept, job, options, most)
        if remember:
            mapping.remember(kept.header, options)
        old = _put(kept, job, options, counts)
    except BaseException:  # the end that somebody asked for, too
        ledger.discard(job)
        raise
    if old is not None:
        ledger.discard(old)
    return job


def _put(kept: Import, job: Job, options: Options, counts: dict[str, int]) -> Job | None:
    """Let these rows be those of the file, instead of those of the job that is returned.

    Raises `NotACsv` where somebody has started that one meanwhile: its bytes are not there any more.
    """
    with transaction.atomic():
        kept.job = Import.objects.select_for_update().get(pk=kept.pk).job
        old = Job.objects.select_for_update().filter(pk=kept.job_id or 0).first()
        if old and old.state not in Job.UNSTARTED:
            raise NotACsv("Somebody has started the import of this file meanwhile.")
        kept.job, kept.options, kept.counts = job, options.dump(), counts
        kept.save()
    return old


def draft(actor: Actor, kept: Import, state: Job.State = Job.State.DRAFT) -> Job:
    """A job for the rows of this file."""
    return Job.objects.create(
        kind=bulk.Upsert.name,
        title=f"Import of {kept.file_name}"[:200],
        owner_id=actor.id or 0,
        owner_name=actor.name[:200],
        state=state,
    )


def fill(
    actor: Actor,
    kept: Import,
    job: Job,
    options: Options,
    most: int | None = None,
    watched: Callable[[Iterator[Row]], Iterator[Row]] = lambda rows: rows,
) -> dict[str, int]:
    """Write the checked rows into a job without any; what they would do, counted.

    `known_from` among the counts: `Checker.known_from` in seconds since 1970, if a column is written only where empty.
    All rows go through `watched` on their way. Raises `NotACsv` with some rows written.
    """
    checker = checker_of(actor, kept, options)
    counts: Counter[str] = Counter()
    source = records_of(kept)
    next(source)
    rows = checker.rows(_limited(source, settings.IMPORT_MOST_ROWS if most is None else most))
    ledger.add_rows(job, (checking.count(row, counts) for row in watched(rows)))
    if checker.known_from:
        counts["known_from"] = int(checker.known_from.timestamp())
    return dict(counts)


def checker_of(actor: Actor, kept: Import, options: Options | None = None) -> Checker:
    """What checks the rows of this file as this person may import them; by the choices of its last check."""
    found = options or Options.load(kept.options or {})
    return Checker(found, kept.header, may_opt_in=actor.can(Capability.CLIENTS_OPT_IN))


def _limited(source: Iterable[Record], most: int) -> Iterator[Record]:
    for number, record in enumerate(source):
        if number == most:
            raise NotACsv(f"The file has more than {most:,} rows. Split it, or import it with the command.")
        yield record


class PlanChanged(Exception):
    """What would be started is not what was shown."""


def plan_of(kept: Import) -> str:
    """A name for what the start would do as it stands, which changes with it."""
    told = json.dumps([kept.job_id, kept.counts], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def start(actor: Actor, kept: Import, operation: uuid.UUID, reason: str = "", plan: str = "") -> Job:
    """Start the import of the rows that are good; a double click starts it once. The bytes are not needed any more.

    Whoever starts it owns the job: in their name it is sent, and by their right. `plan`: what they were shown
    (`plan_of`), if they were shown anything.

    Raises ValueError for lifting opt-outs without a reason, and `PlanChanged`.
    """
    actor.require(Capability.CLIENTS_EDIT)
    with transaction.atomic():
        # Two who start it, or one who starts and one who mends a row, take turns.
        job = Job.objects.select_for_update().filter(pk=kept.job_id or 0).first()
        kept.refresh_from_db(fields=["counts", "options", "job"])
        if job is None or kept.job_id != job.pk:
            raise PlanChanged
        is_draft = job.state == Job.State.DRAFT
        if is_draft and plan and plan != plan_of(kept):
            raise PlanChanged
        if is_draft and (kept.counts or {}).get("opt_ins"):
            actor.require(Capability.CLIENTS_OPT_IN)
            if not reason:
                raise ValueError("lifting an opt-out needs a reason")
        # Whoever starts it answers for it, whoever sent the file.
        Job.objects.filter(pk=job.pk, state=Job.State.DRAFT).update(
            operation=operation,
            reason=reason[:200],
            created_at=timezone.now(),
            owner_id=actor.id or 0,
            owner_name=actor.name[:200],
        )
        if ledger.start(job, size=settings.KAYSE_BULK_ROWS):
            Piece.objects.filter(file=kept).delete()
            recorder.fact(
                actor,
                Action.CLIENTS_IMPORT,
                Target("job", job.pk, job.title),
                payload={"file": kept.file_name, "digest": kept.digest, "options": _told(kept.options or {})},
                after=kept.counts,
                reason=reason,
            )
    return job


def _told(options: dict[str, Any]) -> dict[str, Any]:
    """The choices as the record keeps them: no policy under the name of a field, whose values are masked there."""
    return {**options, "policies": [f"{name}: {one}" for name, one in options.get("policies", {}).items()]}


def foreseen(kept: Import) -> list[tuple[Row, str]]:
    """The rows that would be held back as things stand, and why; none of a file that is too long to look while a page
    waits.
    """
    job = kept.job
    if job is None or job.total > settings.IMPORT_CHECK_AT_ONCE:
        return []
    rows = raw.rows_of(Chunk(job=job, first=1, last=job.total))
    why = doubts.foreseen(job, rows)
    return [(row, why[row.number]) for row in rows if row.number in why]


def forget(kept: Import) -> bool:
    """Delete a file that was never started, with its rows; False when it was started."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=kept.job_id or 0).first()
        if job and job.state not in Job.UNSTARTED:
            return False
        Import.objects.filter(pk=kept.pk).delete()
        if job:
            ledger.discard(job)
    return True


def may_discard(actor: Actor, kept: Import) -> bool:
    """Whoever sent a file may discard it, and an administrator."""
    return actor.can(Capability.SETTINGS_EDIT) or (
        actor.can(Capability.CLIENTS_EDIT) and actor.id == kept.owner_id
    )


def discard(actor: Actor, kept: Import) -> bool:
    """Delete a file that is not wanted, with its rows; False when it was started. Raises `PermissionDenied`."""
    if not may_discard(actor, kept):
        raise PermissionDenied("this file belongs to somebody else")
    return forget(kept)


def forget_old() -> None:
    """Delete files that nobody has started for `IMPORT_DRAFT_DAYS`, a few at a time, and what a check that was killed
    has left.
    """
    since = timezone.now() - timedelta(days=settings.IMPORT_DRAFT_DAYS)
    idle = Q(job=None) | Q(job__state__in=Job.UNSTARTED)
    for kept in Import.objects.filter(idle, at__lt=since).order_by("at")[:MOST_FORGOTTEN]:
        forget(kept)
    lone = Job.objects.filter(
        kind=bulk.Upsert.name, state=Job.State.DRAFT, started_at=None, import__isnull=True
    )
    for job in lone.filter(created_at__lt=since).order_by("created_at")[:MOST_FORGOTTEN]:
        ledger.discard(job)


def history(owner: int | None = None) -> Any:
    """The imports that were checked, newest first."""
    found = Import.objects.filter(job__isnull=False).select_related("job").order_by("-at")
    return found.filter(owner_id=owner) if owner else found
