"""Clients in bulk: the kinds of jobs that create, change and delete many of them.

A row of a job is one client: `target` its Kayse id (None for a new one), `body` the fields to send, `before` what was
known of them. The vendor takes a row with an id as a partial update, and one without as a create.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from clients_ui import directory, doubts, editing, export_file, load
from clients_ui.fields import WRITABLE, all_kept
from clients_ui.models import Client
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit.actions import Action
from kayse_admin.audit.diff import NOT_TOLD
from kayse_admin.audit.records import Json
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.registry import DELETED, Became, Kind, Looking, Seen
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Rejected
from kayse_admin.kayse_api.schemas import BulkClients, Deleted, FailedRow
from kayse_admin.kayse_api.schemas import Client as Told
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read

OPTED_OUT_SINCE = "Opted out since this job was made: not sent."
NOT_NAMED = "Kayse took the batch and did not name this row."


class Upsert(Looking):
    """Create and change clients."""

    name = "clients_upsert"
    rows_are = "client"
    result_costs = 1
    action = Action.CLIENTS_BULK_UPSERT
    capability = Capability.CLIENTS_EDIT

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"clients": [row.sent for row in rows]}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[BulkClients]:
        """One request."""
        return kayse.clients.bulk_upsert([row.sent for row in rows])

    def told(self, outcome: Applied[Any]) -> Json:
        """Ids and refusals; the values stand in the payload."""
        value: BulkClients = outcome.value
        return {"successful_ids": value.successful_ids, "failed": [row.raw for row in value.failed]}

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: BulkClients, at: datetime
    ) -> list[Became]:
        """Find each row in the answer, and take what was told into the directory."""
        became = assign(rows, answer)
        told = {client.id: client for client in answer.clients}
        done = [
            (one.result, row, told.get(one.result))
            for row, one in zip(rows, became, strict=True)
            if one.result and one.outcome in (Row.Outcome.CREATED, Row.Outcome.UPDATED)
        ]
        learn(done, at, actor)
        return became

    def ended(self, job: Job) -> None:
        """Let the clients be counted anew: behind the job, and not behind each of its requests."""
        directory.forget_count()

    def overtaken(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """Rows that would let somebody be called who opted out, as is known here, after the row was made.

        An opt-out that was known then is what such a row is there to lift, and no later one.
        """
        lifts = {row.target: row for row in rows if row.target and row.body.get(editing.OPT_OUT) is False}
        if not lifts:
            return {}
        out = Client.objects.filter(pk__in=lifts, voice_calls_opted_out=True).values_list("pk", "opt_outs")
        return {lifts[pk].number: OPTED_OUT_SINCE for pk, times in out if not _is_meant(lifts[pk], times)}

    def doubtful(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """New clients who may be there by now, and changes of what somebody has changed meanwhile."""
        return {**doubts.doubles(job, rows), **doubts.moved(rows)}

    def spared(self, rows: Sequence[Row]) -> list[Row]:
        """Their opt-outs from calls."""
        return doubts.opt_outs(rows)

    def agree(self, row: Row) -> None:
        """A second client with this external id is wanted, or the change of what is known now."""
        row.flag = "" if row.target else doubts.AGREED
        if row.target:
            row.before = doubts.before_now(row)

    def page_of(self, row: Row) -> str:
        """The client's page."""
        return page_of(row)

    def pages_of(self, rows: Sequence[Row]) -> dict[int, str]:
        """The pages of the clients; of a new one that of whoever has the same external source and id."""
        alike = {number: reverse("clients_ui:detail", args=[pk]) for number, pk in doubts.alike(rows).items()}
        return {**alike, **super().pages_of(rows)}

    def links(self, actor: Actor, job: Job) -> list[tuple[str, str]]:
        """An import, and a change of a selection, can be undone, once; an opt-out is not taken back like that."""
        may = actor.can(Capability.CLIENTS_DELETE) and job.options.get("undo", True)
        if not may or Job.objects.filter(undoes=job.pk).exists():
            return []
        return [("Undo…", reverse("clients_ui:import_undo", args=[job.pk]))]

    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Told], Seen]:
        """Read the client and hold the changed fields against what was sent and what was there before."""
        assert row.target is not None
        at, target = timezone.now(), row.target
        outcome = read(lambda kayse: kayse.clients.get(target), purpose=Purpose.JOB)
        if isinstance(outcome, Rejected) and outcome.is_not_found:
            directory.mark_gone(target, at)
        if not isinstance(outcome, Applied):
            return outcome, Seen.NEITHER
        directory.learn(outcome.value, at)
        told, before = outcome.value.told, row.before or {}
        shown = [name for name in row.body if name in told]
        if shown and all(editing.same(name, row.body[name], told[name]) for name in shown):
            return outcome, Seen.DONE
        if shown and all(editing.same(name, before.get(name, NOT_TOLD), told[name]) for name in shown):
            return outcome, Seen.OLD
        return outcome, Seen.NEITHER

    def check_result(self, job: Job, row: Row, result: int) -> str:
        """Whether this client can be the one that the row created: not known before, and at Kayse as it was sent."""
        sent = job.chunks.filter(first__lte=row.number, last__gte=row.number).aggregate(at=Max("sent_at"))[
            "at"
        ]
        at = (sent or job.created_at).replace(microsecond=0)
        if Client.objects.filter(pk=result, known_since__lt=at).exists():
            return f"Client {result} was known here before this was sent: it is another one."
        outcome = read(lambda kayse: kayse.clients.get(result))
        if isinstance(outcome, Rejected) and outcome.is_not_found:
            return f"Kayse does not know a client {result}."
        if not isinstance(outcome, Applied):
            return f"Kayse could not be asked about client {result}. {outcome.sentence}"
        other = editing.differing(row.body, outcome.value.told)
        return f"Client {result} is not as it was sent: {editing.labels(other)}." if other else ""

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """The row was done after all: the directory learns what was sent."""
        result = row.target or row.result
        if result:
            learn([(result, row, None)], at, actor)
        return super().settle_row(actor, job, row, at)


class Revert(Upsert):
    """Put old values back, each client read first: what somebody changed at Kayse since stays."""

    name = "clients_revert"
    size = 25  # few, so that little time lies between the read of a client and its change
    reads_first = True

    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Told], Seen]:
        """Read the client. Before it is sent: what is right there already is taken out of the row, the rest is left.

        A field that is not told cannot be judged, and is sent as long as nothing speaks against it.
        """
        outcome, seen = super().look(actor, row)
        if row.outcome or not isinstance(outcome, Applied):
            return outcome, seen
        told, before = outcome.value.told, row.before or {}
        shown = [name for name in row.body if name in told]
        right = [name for name in shown if editing.same(name, row.body[name], told[name])]
        if len(right) == len(row.body):
            return outcome, Seen.DONE
        rest = [name for name in shown if name not in right]
        if not shown or not all(editing.same(name, before.get(name, NOT_TOLD), told[name]) for name in rest):
            return outcome, Seen.NEITHER
        row.body = {name: value for name, value in row.body.items() if name not in right}
        return outcome, Seen.OLD


class Delete(Looking):
    """Delete clients, softly."""

    name = "clients_delete"
    rows_are = "client"
    done_words = ("It is deleted", "They are deleted")
    action = Action.CLIENTS_BULK_DELETE
    capability = Capability.CLIENTS_DELETE
    outcome_words = DELETED

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"client_ids": [row.target for row in rows]}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Deleted]:
        """One request."""
        return kayse.clients.bulk_delete([row.target for row in rows if row.target])

    def page_of(self, row: Row) -> str:
        """The client's page."""
        return page_of(row)

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: Deleted, at: datetime
    ) -> list[Became]:
        """What Kayse confirms is marked here; what it does not name was not there any more."""
        gone = set(answer.deleted_ids)
        _mark_deleted(gone, at, actor)
        return [
            Became(Row.Outcome.UPDATED, row.target)
            if row.target in gone
            else Became(Row.Outcome.FAILED, row.target, "Kayse did not confirm that it deleted this client.")
            for row in rows
        ]

    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Told], Seen]:
        """Whether Kayse still has the client: gone is done. Deleting again is harmless, so "there" is the old value."""
        assert row.target is not None
        target = row.target
        outcome = read(lambda kayse: kayse.clients.get(target), purpose=Purpose.JOB)
        if isinstance(outcome, Rejected) and outcome.is_not_found:
            return outcome, Seen.DONE
        return outcome, Seen.OLD if isinstance(outcome, Applied) else Seen.NEITHER

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """The client was deleted after all: it is marked here."""
        _mark_deleted([row.target or 0], at, actor)
        return super().settle_row(actor, job, row, at)


class DeleteForGood(Delete):
    """Delete clients for good. Nothing brings them back; the rows carry what was known, for the record."""

    name = "clients_delete_for_good"
    action = Action.CLIENTS_BULK_PURGE
    capability = Capability.CLIENTS_DELETE_FOR_GOOD

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"client_ids": [row.target for row in rows], "force": True}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Deleted]:
        """One request."""
        return kayse.clients.bulk_delete([row.target for row in rows if row.target], force=True)


class Refresh(Kind):
    """Read clients again, a request each."""

    name = "clients_refresh"
    capability = Capability.CLIENTS_EDIT
    reads = True
    size = 1

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Told]:
        """One request for one client."""
        assert rows[0].target is not None
        return kayse.clients.get(rows[0].target)

    def page_of(self, row: Row) -> str:
        """The client's page."""
        return page_of(row)

    def settle(self, actor: Actor, job: Job, rows: Sequence[Row], answer: Told, at: datetime) -> list[Became]:
        """Take what was told into the directory."""
        _, changed = directory.learn(answer, at)
        if names := [name for name in WRITABLE if name in changed]:
            return [Became(Row.Outcome.UPDATED, answer.id, f"New here: {editing.labels(names)}.")]
        return [Became(Row.Outcome.UNCHANGED, answer.id)]

    def refused(self, rows: Sequence[Row], outcome: Rejected, at: datetime) -> None:
        """Kayse does not know the client any more."""
        if outcome.is_not_found and rows[0].target:
            directory.mark_gone(rows[0].target, at)


def _mark_deleted(pks: Collection[int], at: datetime, actor: Actor) -> None:
    """Note that somebody deleted these clients at Kayse through this dashboard."""
    Client.objects.filter(pk__in=pks, gone_at=None).update(gone_at=at, changed_at=at, changed_by=actor.id)


def noting_opt_out(row: Row, client: Client) -> Row:
    """The row; if it lifts an opt-out, with a mark which one of the client's it is."""
    if row.body.get(editing.OPT_OUT) is False:
        row.flag = str(client.opt_outs or 0)
    return row


def _is_meant(row: Row, times: int | None) -> bool:
    """Whether the opt-out that stands is the one that was known when the row was made."""
    was_known = (row.before or {}).get(editing.OPT_OUT) is True
    return was_known and row.flag in ("", str(times or 0))


def page_of(row: Row) -> str:
    """The page of the client that a row is about, as far as it has one."""
    pk = row.result or row.target
    return reverse("clients_ui:detail", args=[pk]) if pk else ""


def learn(done: Iterable[tuple[int, Row, Told | None]], at: datetime, actor: Actor) -> None:
    """Take many clients into the directory: what was told, and for the rest what was sent."""
    groups: dict[tuple[str, ...], list[export_file.Row]] = defaultdict(list)
    for pk, row, client in done:
        told = all_kept({**row.body, **client.told} if client else row.body)
        groups[tuple(told)].append(export_file.Row(row.line, pk, told, client.extra if client else {}))
    for group in groups.values():
        load.take(group, at, actor)


def assign(rows: Sequence[Row], answer: BulkClients) -> list[Became]:
    """What the answer says of each row: by id, by external source and id, by place only where the counts agree.

    A row that is named nowhere is unknown: the vendor's page does not say what its silence means.
    """
    refused = [_refused_row(rows, row) for row in answer.failed]
    reasons = {
        place: row.message for place, row in zip(refused, answer.failed, strict=True) if place is not None
    }
    by_key: dict[tuple[str, str] | None, list[int]] = defaultdict(list)
    targets = {row.target for row in rows if row.target}
    for client in reversed(answer.clients):
        if client.id in targets:
            continue  # it is told of its own row, and made by none
        by_key[_key(client.external_source, client.external_source_id)].append(client.id)
    named = {client.id for client in answer.clients} | set(answer.successful_ids)
    has_keys = any(by_key) or None in refused
    in_order = {} if has_keys else _in_order(rows, answer, reasons, targets)
    created, updated, unknown = Row.Outcome.CREATED, Row.Outcome.UPDATED, Row.Outcome.UNKNOWN
    became = []
    for place, row in enumerate(rows):
        if place in reasons:
            became.append(Became(Row.Outcome.FAILED, row.target, f"Kayse says: {reasons[place]}"))
        elif row.target:
            is_named = row.target in named
            became.append(Became(updated if is_named else unknown, row.target, "" if is_named else NOT_NAMED))
        else:
            key = _key(row.body.get("external_source"), row.body.get("external_source_id"))
            ours = by_key.get(key) if key else None
            made = ours.pop() if ours else in_order.get(place)
            became.append(Became(created if made else unknown, made, "" if made else NOT_NAMED))
    return became


def _key(source: str | None, ident: str | None) -> tuple[str, str] | None:
    return (source, ident) if source and ident else None


def _in_order(
    rows: Sequence[Row], answer: BulkClients, reasons: Mapping[int, str], targets: Collection[int]
) -> dict[int, int]:
    """The new ids by place, when nothing else names them: only if as many ids are left over as rows."""
    ids = [pk for pk in answer.successful_ids if pk not in targets]
    places = [place for place, row in enumerate(rows) if not row.target and place not in reasons]
    return dict(zip(places, ids, strict=True)) if len(ids) == len(places) else {}


def _refused_row(rows: Sequence[Row], failed: FailedRow) -> int | None:
    """The place of the row that a refusal is about; None when it cannot be told."""
    for place, row in enumerate(rows):
        if failed.id and row.target == failed.id:
            return place
    wanted = [
        place
        for place, row in enumerate(rows)
        if failed.external_source_id
        and row.body.get("external_source_id") == failed.external_source_id
        and failed.external_source in (None, row.body.get("external_source"))
    ]
    if failed.index is not None and failed.index < len(rows) and (not wanted or failed.index in wanted):
        return failed.index
    return wanted[0] if len(wanted) == 1 else None
