"""The kinds of jobs that change many case lists: a row is a list, `target` its id, `body` what it is set to.

Each list that was changed gets a line of its own in the record beside the line of the request, so that its history and
what is known of it are complete. A set is never sent again by a machine: it would undo what somebody did meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from caselists_ui import ledger, listing, local, services
from caselists_ui.definition import parse
from caselists_ui.known import Step
from caselists_ui.many import Do, How, changed, plan, reads
from caselists_ui.models import CaseList, Version
from kayse_admin.accounts.roles import Capability
from kayse_admin.actors import Actor
from kayse_admin.audit import recorder
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event
from kayse_admin.audit.records import Json, Target
from kayse_admin.jobs import registry
from kayse_admin.jobs.models import Job, Row
from kayse_admin.jobs.registry import DELETED, Became, Kind, Looking, Seen
from kayse_admin.jobs.services import start as start_job
from kayse_admin.kayse_api.client import KayseClient
from kayse_admin.kayse_api.outcomes import Applied, Outcome
from kayse_admin.kayse_api.schemas import Deleted, Duplicated, Upserted
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import read

OVERTAKEN = "Found out late: the list was set anew since, and is as that says."
NOT_NAMED = "Kayse took the request and did not name this list."


class _Lists(Kind):
    """What the three kinds share."""

    capability = Capability.LISTS_EDIT
    rows_are = "case_list"
    #: Whether a list may go out that a campaign uses.
    though_used = False

    def overtaken(self, job: Job, rows: Sequence[Row]) -> dict[int, str]:
        """Lists that were changed since they were planned, or that a campaign uses by now."""
        why = changed({_list_of(row): mark for row, mark in _marks(rows)}, though_used=self.though_used)
        return {row.number: why[_list_of(row)] for row in rows if _list_of(row) in why}

    def page_of(self, row: Row) -> str:
        """The page of the list, or of its copy."""
        pk = row.result or row.target
        return reverse("caselists_ui:detail", args=[pk]) if pk else ""

    def ended(self, job: Job) -> None:
        """Read the new names and numbers, where that is cheap."""
        changed = list(
            Row.objects.filter(job=job, outcome__in=(Row.Outcome.CREATED, Row.Outcome.UPDATED)).order_by(
                "number"
            )
        )
        if not changed or not reads(len(changed)):
            return
        if len(changed) >= listing.look_cost():
            listing.look(Purpose.JOB)
            return
        for row in changed:
            listing.reread(row.result or row.target or 0, str(row.body.get("name") or row.label))


class SetLists(_Lists, Looking):
    """Set lists anew: rename them, or mark them as on behalf of somebody."""

    name = ledger.SET_MANY
    action = Action.CASE_LISTS_BULK_UPSERT

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"lists": [row.sent for row in rows]}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[list[Upserted]]:
        """One request."""
        return kayse.case_lists.bulk_upsert([row.sent for row in rows])

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: list[Upserted], at: datetime
    ) -> list[Became]:
        """What the answer names is set here too."""
        named = {one.id for one in answer}
        return [
            self._set(actor, job, row)
            if row.target in named
            else Became(Row.Outcome.UNKNOWN, row.target, NOT_NAMED)
            for row in rows
        ]

    def may_resend(self, row: Row) -> bool:
        """A rename can be looked for; it is not sent again all the same, because `look` never says "old"."""
        return bool(row.body.get("name") != (row.before or {}).get("name"))

    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Any], Seen]:
        """Done, if Kayse has a list of this id under its new name; one request."""
        name = str(row.body["name"])
        outcome = read(lambda kayse: kayse.case_lists.list(name, 1, listing.LARGEST), purpose=Purpose.JOB)
        found = outcome.value.data if isinstance(outcome, Applied) else []
        done = any(one.id == row.target and one.name == name for one in found)
        return outcome, Seen.DONE if done else Seen.NEITHER

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """The list was set when it was sent: what was done to it since is on top, or took its place."""
        return self._set(actor, job, row, at)

    def _set(self, actor: Actor, job: Job, row: Row, sent_at: datetime | None = None) -> Became:
        """The list's name, its version, its line in the record; `sent_at` where it is found out late."""
        lists = CaseList.objects.select_for_update().get(pk=row.target or 0)
        over = sent_at is not None and local.overtaken(lists.pk, sent_at)
        before = ledger.known(lists.pk).carried
        definition = None if over else services.changed(lists, row.sent, before, sent_at)
        after = services.recorded(definition) if definition else row.body
        late = {"sent_at": sent_at.isoformat()} if sent_at else {}
        event = _told(
            actor,
            job,
            _target(row),
            Action.CASE_LIST_UPDATE,
            payload={**row.sent, **late},
            before=row.before,
            after=after,
        )
        if definition:
            services.keep(actor, lists, definition, event.operation, job.reason, at=sent_at)
        listing.drop()
        return Became(Row.Outcome.UPDATED, row.target, OVERTAKEN if over else "")


class DeleteLists(_Lists, Looking):
    """Delete lists; their cases stay."""

    name = "case_lists_delete"
    done_words = ("It is deleted", "They are deleted")
    action = Action.CASE_LISTS_BULK_DELETE
    outcome_words = DELETED

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """The body of the request."""
        return {"ids": [row.target for row in rows]}

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Deleted]:
        """One request."""
        return kayse.case_lists.bulk_delete([row.target for row in rows if row.target])

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: Deleted, at: datetime
    ) -> list[Became]:
        """What Kayse confirms is gone here too; what it does not name was not there any more."""
        gone = set(answer.deleted_ids)
        return [
            self.settle_row(actor, job, row, at)
            if row.target in gone
            else Became(Row.Outcome.FAILED, row.target, "Kayse did not confirm that it deleted this list.")
            for row in rows
        ]

    def may_resend(self, row: Row) -> bool:
        """A list can be looked for; one that is still there is not deleted by a machine a second time."""
        return True

    def look(self, actor: Actor, row: Row) -> tuple[Outcome[Any], Seen]:
        """Whether Kayse has the list still, under whatever name; a look at all lists tells it of all rows."""
        settled = _sent(row.job, row)[-1] + timedelta(seconds=settings.JOB_SETTLING)
        outcome, there = listing.whether_there(row.target or 0, Purpose.JOB, settled)
        return outcome, Seen.DONE if there is False else Seen.NEITHER

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """The list is gone."""
        local.forget(row.target or 0)
        _told(actor, job, _target(row), Action.CASE_LIST_DELETE, before=row.before)
        listing.drop()
        return Became(Row.Outcome.UPDATED, row.target)

    def ended(self, job: Job) -> None:
        """Nothing is to be read of lists that are gone."""


class DuplicateLists(_Lists):
    """Copy lists with their members: one request each, because the API has none for many."""

    name = "case_lists_duplicate"
    action = Action.CASE_LISTS_DUPLICATE
    size = 1
    can_halve = False
    though_used = True

    def payload(self, job: Job, rows: Sequence[Row]) -> Json:
        """Which list; the request has no body."""
        return rows[0].body

    def send(self, kayse: KayseClient, job: Job, rows: Sequence[Row]) -> Outcome[Duplicated]:
        """One request."""
        return kayse.case_lists.duplicate(rows[0].body["copy_of"])

    def settle(
        self, actor: Actor, job: Job, rows: Sequence[Row], answer: Duplicated, at: datetime
    ) -> list[Became]:
        """The copy is known here, with the definition and the changes of its original."""
        rows[0].result = answer.id
        return [self.settle_row(actor, job, rows[0], at)]

    def check_result(self, job: Job, row: Row, result: int) -> str:
        """Refuses a list that was known here before the copy was sent, or that was made here."""
        sent = _sent(job, row)
        was_there = bool(sent) and CaseList.objects.filter(pk=result, first_told_at__lt=sent[0]).exists()
        if was_there or Version.objects.filter(case_list=result).exists():
            return f"List {result} is another one: it was known here before, so it is not the copy."
        return ""

    def settle_row(self, actor: Actor, job: Job, row: Row, at: datetime) -> Became:
        """The copy is there: the answer told its id, or a person who looked."""
        original = CaseList.objects.get(pk=row.body["copy_of"])
        copy = services.duplicated(original, row.result or 0)
        target = Target("case_list", original.pk, original.name)
        event = _told(actor, job, target, Action.CASE_LIST_DUPLICATE, after={"copy": copy.pk})
        kept = Row.objects.values_list("source", flat=True).get(pk=row.pk) or {}
        if definition := kept.get("definition"):
            reason = job.reason or f"Copy of list {original.pk}"
            steps = [Step.read(one) for one in kept["steps"]]
            services.keep(actor, copy, parse(definition), event.operation, reason, steps, at=at, is_new=True)
        listing.drop()
        return Became(Row.Outcome.CREATED, copy.pk)


def _sent(job: Job, row: Row) -> list[datetime]:
    """When each request went out that a row was in, oldest first."""
    chunks = job.chunks.filter(first__lte=row.number, last__gte=row.number, sent_at__isnull=False)
    return [chunk.sent_at for chunk in chunks.order_by("sent_at") if chunk.sent_at]


def _list_of(row: Row) -> int:
    """The list that a row is about; of a copy, the original."""
    return int(row.target or row.body["copy_of"])


def _marks(rows: Sequence[Row]) -> list[tuple[Row, str]]:
    """Rows with the mark of their list when they were planned; "" for what was planned before marks were kept."""
    kept = dict(Row.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "source"))
    return [(row, str((kept[row.pk] or {}).get("mark", ""))) for row in rows]


def _target(row: Row) -> Target:
    return Target("case_list", row.target, row.label)


def _told(actor: Actor, job: Job, target: Target, action: Action, **what: Json) -> Event:
    """The list's own line in the record; the request's line holds what was sent and answered."""
    return recorder.fact(
        actor, action, target, detail=f"One of many, in job {job.pk}.", reason=job.reason, **what
    )


KINDS: dict[Do, type[_Lists]] = {
    Do.DUPLICATE: DuplicateLists,
    Do.DELETE: DeleteLists,
    Do.RENAME: SetLists,
    Do.OBO: SetLists,
}


def register() -> None:
    """Make the kinds known."""
    for kind in (SetLists, DeleteLists, DuplicateLists):
        registry.register(kind())


def start(actor: Actor, ids: Iterable[int], how: How, *, operation: uuid.UUID, reason: str = "") -> Job:
    """Start the job, and send its first request at once; the same operation id starts one.

    Lists that are in use, and those whose members a set may lose without that being accepted, are left out.
    """
    actor.require(Capability.LISTS_EDIT)
    rows = [
        Row(
            # A copy is a new list, whose id nobody knows yet.
            target=None if how.do is Do.DUPLICATE else one.pk,
            label=one.name[:200] or f"List {one.pk}",
            body={"copy_of": one.pk} if how.do is Do.DUPLICATE else one.body,
            before=one.before,
            source={"mark": one.mark, **(one.copied if how.do is Do.DUPLICATE else {})},
            outcome=Row.Outcome.UNCHANGED if one.left_out else "",
            reason=f"Left out: {one.left_out}" if one.left_out else "",
        )
        for one in plan(ids, how)
    ]
    return start_job(actor, KINDS[how.do], how.words, rows, operation, reason=reason)
