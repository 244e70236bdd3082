"""What speaks against sending a row of a bulk job by now: asked of our own tables as the request goes out.

Hours may lie between the check of a file and the sending of its rows. A few queries for a whole request, whatever the
number of rows in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection

from clients_ui import editing, normal
from clients_ui.fields import BY_NAME, is_empty
from clients_ui.models import Client
from kayse_admin.among import Among
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.models import Event, OpenOperation, Stage
from kayse_admin.jobs import ledger
from kayse_admin.jobs.models import Chunk, Job, Row

#: The mark of a new client whom a person wants although somebody has the same external id.
AGREED = "agreed"

Key = tuple[str, str]


def doubles(job: Job, rows: Sequence[Row]) -> dict[int, str]:
    """New clients, by row number, whose external source and id somebody else has by now, or may have.

    That is somebody who is known here, an earlier row of the same request, a row of any job that was sent and not
    answered, or somebody whom a colleague creates by hand at this moment, or created without an answer. New clients of
    jobs go out one request after the other, under the sending lock: no two are judged at the same time.
    """
    found: dict[int, str] = {}
    mine: dict[Key, int] = {}
    given = {key: row.number for row in rows if row.target and (key := normal.external(row.body))}
    for row in rows:
        key = None if row.target or row.flag == AGREED else normal.external(row.body)
        if key is None:
            continue
        if first := mine.get(key) or given.get(key):
            found[row.number] = f"Row {first} of this job has the same external source and id."
        else:
            mine[key] = row.number
    known = dict(_known(mine)) if mine else {}
    perhaps = (*_unanswered(job, mine), *_by_hand(mine)) if mine and _is_any_open(job) else ()
    for key, why in (*perhaps, *known.items()):
        found[mine[key]] = why
    for row in rows:
        if row.number in found and row.body.get(editing.OPT_OUT):
            found[row.number] += OPT_OUT_GOES if normal.external(row.body) in known else NO_OPT_OUT
    return found


def foreseen(job: Job, rows: Sequence[Row]) -> dict[int, str]:
    """What would be held back, by row number, of a job that is not started, as things stand now.

    That is what speaks against a row already, and who is waiting to be created by other jobs, which come first.
    """
    keys = {key: row.number for row in rows if not row.target and (key := normal.external(row.body))}
    return {**{keys[key]: why for key, why in _queued(job, keys)}, **doubles(job, rows), **moved(rows)}


#: Rows of other jobs that are looked at while a page waits.
MOST_QUEUED = 20_000


def _queued(job: Job, wanted: Mapping[Key, int]) -> Iterator[tuple[Key, str]]:
    """Those of the keys that a row has that another job is going to create, and which row that is."""
    waiting = Row.objects.filter(target=None, outcome="", job__kind=job.kind, job__state__in=ledger.ACTIVE)
    bodies = waiting.exclude(job=job).order_by("job", "number").values_list("job", "number", "body")
    for other, number, body in bodies[: MOST_QUEUED if wanted else 0]:
        key = normal.external(body)
        if key and key in wanted:
            yield key, f"Row {number} of job {other} creates somebody with the same external source and id."


def alike(rows: Sequence[Row]) -> dict[int, int]:
    """The clients here, by row number, who have the external source and id of these new clients."""
    keys = {row.number: key for row in rows if not row.target and (key := normal.external(row.body))}
    here = {key: pk for pk, key in _having(keys.values())}
    return {number: here[key] for number, key in keys.items() if key in here}


def _having(wanted: Collection[Key]) -> Iterator[tuple[int, Key]]:
    """The clients here who have one of these keys, the oldest last."""
    here = Client.objects.filter(Among("external_key", {ident for _, ident in wanted}), gone_at=None)
    for pk, source, ident in here.order_by("-pk").values_list("pk", "source_key", "external_key"):
        if (source, ident) in wanted:
            yield pk, (source, ident)


def _known(wanted: Mapping[Key, int]) -> Iterator[tuple[Key, str]]:
    """Those of the keys that a client here has, and who."""
    for pk, key in _having(wanted.keys()):
        yield key, f"Client {pk} has this external source and id by now: this may be the same person."


def _is_any_open(job: Job) -> bool:
    """Whether nobody knows yet of any new client whether Kayse created them, those of this job's own request apart.

    Nearly always there is none, and the two questions below cost as much as fifty rows.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ANY_OPEN, [job.pk])
        return bool(cursor.fetchone()[0])


_NOT_OVER = (*ledger.ACTIVE, *ledger.STOPPED)
_ANY_OPEN = (  # nothing in it but our own names
    f"SELECT EXISTS (SELECT 1 FROM {Row._meta.db_table} "  # noqa: S608
    f"WHERE outcome = '{Row.Outcome.UNKNOWN.value}' AND target IS NULL) "
    f"OR EXISTS (SELECT 1 FROM {Job._meta.db_table} j JOIN {Chunk._meta.db_table} c ON c.job_id = j.id "
    f"WHERE j.state IN ({', '.join(repr(state.value) for state in _NOT_OVER)}) "
    f"AND c.state = '{Chunk.State.SENDING.value}' AND j.id <> %s) "
    f"OR EXISTS (SELECT 1 FROM {OpenOperation._meta.db_table} WHERE action = '{Action.CLIENT_CREATE.value}')"
)


def _unanswered(job: Job, wanted: Mapping[Key, int]) -> Iterator[tuple[Key, str]]:
    """Those of the keys that a row has of which nobody knows whether it was created, and which row that is."""
    bodies = Row.objects.filter(target=None, job__kind=job.kind).values_list("job", "number", "body")
    sending = Chunk.objects.filter(job__state__in=_NOT_OVER, state=Chunk.State.SENDING).exclude(job=job)
    parts = [bodies.filter(outcome=Row.Outcome.UNKNOWN)]
    for other, first, last in sending.values_list("job", "first", "last"):
        parts.append(bodies.filter(job=other, number__range=(first, last), outcome=""))
    for part in parts:
        for other, number, body in part.iterator():
            key = normal.external(body)
            if key and key in wanted:
                its = "this job" if other == job.pk else f"job {other}"
                yield key, f"Row {number} of {its} has the same external source and id, and {OPEN}."


def _by_hand(wanted: Mapping[Key, int]) -> Iterator[tuple[Key, str]]:
    """Those of the keys that somebody sends with a form, or has sent and not been answered, and who that is."""
    waiting = OpenOperation.objects.filter(action=Action.CLIENT_CREATE).values("operation")
    begun = Event.objects.filter(operation__in=waiting, stage=Stage.INTENT)
    for body, who in begun.values_list("payload", "actor_name"):
        key = normal.external(body or {})
        if key and key in wanted:
            yield key, f"{who} has sent a new client with this external source and id, and {OPEN}."


OPEN = "nobody knows yet whether Kayse created it"


def moved(rows: Sequence[Row]) -> dict[int, str]:
    """Changes, by row number, of a field that is not known here any more as it was when the row was made.

    What is so by now already is no conflict. Opt-outs are judged elsewhere: one is never held back, and none is lifted
    unseen (`bulk.Upsert.overtaken`).
    """
    changes = {row.target: row for row in rows if row.target and row.body}
    names = sorted({name for row in changes.values() for name in row.body} & _COMPARED)
    here = (
        Client.objects.filter(pk__in=changes).values_list("pk", "gone_at", "told", *names) if changes else ()
    )
    found: dict[int, str] = {}
    for pk, gone_at, told, *values in here:
        row = changes[pk]
        now = {
            name: value for name, value in zip(names, values, strict=True) if told.get(name, 0) is not None
        }
        if gone_at:
            found[row.number] = GONE
        elif other := [name for name in names if name in row.body and _has_moved(name, row, now)]:
            why = f"Changed meanwhile: {'; '.join(_words(name, now) for name in other)}."
            found[row.number] = why + (OPT_OUT_GOES if row.body.get(editing.OPT_OUT) else "")
    return found


_COMPARED = BY_NAME.keys() - {editing.OPT_OUT}
OPT_OUT_GOES = " The opt-out from calls in this row goes to them all the same, in a row of its own."
NO_OPT_OUT = " The opt-out from calls in this row was not sent either."
GONE = "Deleted at Kayse meanwhile."
#: Characters of a value that a reason names.
_SHOWN = 60


def _has_moved(name: str, row: Row, now: Mapping[str, Any]) -> bool:
    was, found = (row.before or {}).get(name, NOT_TOLD), now.get(name, NOT_TOLD)
    if was is found or was == found:
        return False
    return not editing.same(name, was, found) and not editing.same(name, row.body[name], found)


def _words(name: str, now: Mapping[str, Any]) -> str:
    value = now.get(name, NOT_TOLD)
    told = "not known" if value is NOT_TOLD else "empty" if is_empty(value) else f"“{str(value)[:_SHOWN]}”"
    return f"{BY_NAME[name].label} is {told} here now"


def opt_outs(rows: Sequence[Row]) -> list[Row]:
    """The opt-outs from calls of rows that are held back, as rows of their own: nobody waits for those.

    They are for who is here and changed otherwise, or has the external source and id of a new client.
    """
    out = [row for row in rows if row.body.get(editing.OPT_OUT)]
    whose = {**alike(out), **{row.number: row.target for row in out if row.target}}
    here = Client.objects.filter(pk__in=whose.values(), gone_at=None).values_list("pk", editing.OPT_OUT)
    known = dict(here) if whose else {}
    return [
        Row.light(
            target=pk,
            line=row.line,
            label=row.label,
            body={editing.OPT_OUT: True},
            before=None if known[pk] is None else {editing.OPT_OUT: known[pk]},
        )
        for row in out
        if (pk := whose.get(row.number)) in known
    ]


def before_now(row: Row) -> dict[str, Any]:
    """What is known of the changed fields at this moment, for a person who wants the change made all the same.

    An opt-out stays as it was known when the row was made: lifting a later one takes more than that.
    """
    client = Client.objects.filter(pk=row.target or 0).first()
    now, was = client.known() if client else {}, row.before or {}
    found = {name: now[name] for name in row.body if name in now and name != editing.OPT_OUT}
    return {**found, **{name: was[name] for name in (editing.OPT_OUT,) if name in was}}
