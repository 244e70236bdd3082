"""What is older than the firm keeps goes by whole sealed months, on the record, and what is left is still proven."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from kayse_admin.accounts.models import User
from kayse_admin.actors import Actor
from kayse_admin.audit import retention, seals, triggers, verifying
from kayse_admin.audit.models import Event, OpenOperation, Purge, Seal, SealedEvent
from tests.audit.factory import acting, many, performed
from tests.audit.test_seals import run, verified
from tests.conftest import lift

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system("Retention")


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Two seals of four events in each of the last four whole months, and one in this month."""
    monkeypatch.setattr(seals, "MOST", 2)
    now = timezone.now()
    months = [retention._month(now, -away) for away in (4, 3, 2, 1)]
    for begins in months:
        at = begins + timedelta(days=14)
        many(2, at=at)
        with monkeypatch.context() as then:
            then.setattr(timezone, "now", lambda at=at: at)
            seals.seal_all()
    many(1)
    seals.seal_all()
    return [*months, retention._month(now)]


def purge(months: int) -> list[Purge]:
    return [retention.purge(SYSTEM, month) for month in retention.due(months)]


def test_nothing_goes_unless_the_firm_says_so(old: list[datetime], settings: LazySettings) -> None:
    assert settings.AUDIT_RETENTION_MONTHS == 0
    assert retention.due(0) == retention.due(-3) == []
    assert retention.due(4) == retention.due(500) == []
    out = io.StringIO()
    call_command("audit_purge", stdout=out)
    assert "kept for ever" in out.getvalue()
    assert Event.objects.count() == 18


def test_whole_months_go_and_the_rest_is_proven(old: list[datetime]) -> None:
    newest = seals.head()
    months = retention.due(2)
    assert [(month.before, month.last_seal) for month in months] == [(old[1], 2), (old[2], 4)]
    first, second = purge(2)
    assert (first.first_seal, first.last_seal, first.count) == (1, 2, 4)
    assert (second.first_seal, second.last_seal, second.count) == (3, 4, 4)
    assert retention.due(2) == []
    assert not Event.objects.filter(at__lt=old[2]).exists()
    assert Seal.objects.order_by("number")[0].previous == second.anchor
    verdict = verifying.verify(newest)
    assert (verdict.seals, verdict.events, verdict.unsealed, verdict.fault) == (5, 10, 2, None)
    assert seals.seal_all() == 2
    assert verifying.verify(newest).fault is None


def test_each_purge_is_an_event_that_says_what_went(old: list[datetime]) -> None:
    newest, anchor = seals.head(), Seal.objects.get(number=2)
    (done,) = purge(3)
    event = Event.objects.get(operation=done.operation)
    assert (event.action, event.actor_name, event.stage) == ("audit_purge", "Retention", "fact")
    assert event.payload == {
        "sealed_before": f"{timezone.localtime(old[1]):%Y-%m-%d}", "events": 4, "first_seal": 1, "last_seal": 2,
        "anchor": f"2:{anchor.signature}", "head": newest,
    }  # fmt: skip


def test_the_newest_seal_stays_however_old(old: list[datetime], monkeypatch: pytest.MonkeyPatch) -> None:
    later = timezone.now() + timedelta(days=400)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert retention.due(1)[-1].last_seal == 8


def test_what_nobody_finished_holds_its_month(old: list[datetime], people: dict[str, User]) -> None:
    performed(acting(people["paralegal"]), result="unknown")
    OpenOperation.objects.update(opened_at=old[1] + timedelta(days=3))
    assert [month.before for month in retention.due(1)] == [old[1]]


def test_a_record_that_is_not_whole_is_not_purged(old: list[datetime]) -> None:
    lift()
    first = Event.objects.order_by("id")[0].pk
    run(f"UPDATE audit_event SET actor_name = 'forged' WHERE id = {first}")
    triggers.put_back()
    with pytest.raises(retention.NotWhole, match=f"Event {first} was changed"):
        purge(2)
    assert (Purge.objects.count(), Seal.objects.count()) == (0, 9)


def test_a_head_from_before_the_purge(old: list[datetime]) -> None:
    heads = {seal.number: f"{seal.number}:{seal.signature}" for seal in Seal.objects.all()}
    purge(3)
    assert verifying.verify(heads[2]).fault is None
    assert verifying.verify(heads[3]).fault is None
    older = verifying.verify(heads[1]).fault
    assert older is not None
    assert older.sentence.startswith("Seal 1 was purged on ")
    forged = verifying.verify(f"2:{'0' * 64}").fault
    assert forged is not None
    assert forged.sentence == "Seal 2 is not the one that was there."


FORGERIES: list[tuple[str, str, str]] = [
    ("no purge", "DELETE FROM audit_purge", "Seal 1 is missing."),
    ("another anchor", "UPDATE audit_purge SET anchor = 'x'",
     "Purge 1, of seals 1 to 2, is not ours: its signature is another."),
    ("another count", "UPDATE audit_purge SET count = 1",
     "Purge 1, of seals 1 to 2, is not ours: its signature is another."),
    ("a longer purge", "UPDATE audit_purge SET last_seal = 3",
     "Purge 1, of seals 1 to 3, is not ours: its signature is another."),
    ("the seal after it is gone", "DELETE FROM audit_seal WHERE number = 3", "Seal 3 is missing."),
    ("a membership is left", "INSERT INTO audit_sealedevent SELECT 999, 2, digest FROM audit_sealedevent LIMIT 1",
     "Seal 2 is missing."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "sentence"), [case[1:] for case in FORGERIES], ids=[case[0] for case in FORGERIES]
)
def test_a_forged_purge_is_found(old: list[datetime], statement: str, sentence: str) -> None:
    purge(3)
    lift()
    run(statement)
    fault = verifying.verify().fault
    assert fault is not None
    assert fault.sentence == sentence


# --- The narrow road through the triggers ---------------------------------------------------------------------


def refused(call: Callable[[], object]) -> bool:
    """Whether the triggers refuse it."""
    try:
        with transaction.atomic():
            call()
    except DatabaseError as error:
        return triggers.REFUSAL in str(error)
    return False


def pretended(first: int, last: int, number: int = 1) -> Purge:
    """A purge as somebody without the key could insert it."""
    return Purge(
        number=number, operation="00000000-0000-4000-8000-000000000000", first_seal=first, last_seal=last, count=1,
        before=timezone.now(), anchor="x", signature="y",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last"), [(2, 3), (1, 9), (1, 10), (1, 10**9), (2, 1), (1, 0), (0, 2), (-5, 1)]
)
def test_a_purge_begins_at_the_beginning_and_leaves_the_newest(
    old: list[datetime], first: int, last: int
) -> None:
    assert refused(lambda: pretended(first, last).save(force_insert=True))


def test_what_was_sealed_this_month_cannot_be_purged_by_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "MOST", 2)
    many(3)
    seals.seal_all()
    assert refused(lambda: pretended(1, 1).save(force_insert=True))


def test_only_rows_that_a_purge_names_can_go(old: list[datetime]) -> None:
    pretended(1, 2).save(force_insert=True)
    named = set(SealedEvent.objects.filter(seal__lte=2).values_list("event_id", flat=True))
    for event in Event.objects.values_list("id", flat=True):
        gone = not refused(lambda event=event: Event.objects.filter(pk=event).delete())
        assert gone == (event in named)
    assert refused(lambda: SealedEvent.objects.filter(seal=3).delete())
    assert refused(lambda: Seal.objects.filter(number=3).delete())
    assert refused(lambda: Purge.objects.all().delete())
    # And it was no use: the purge itself is not signed.
    fault = verifying.verify().fault
    assert fault is not None
    assert fault.sentence == "Purge 1, of seals 1 to 2, is not ours: its signature is another."


def test_a_purge_that_is_over_opens_no_door(old: list[datetime]) -> None:
    purge(3)
    kept = Event.objects.order_by("id")[0].pk
    assert refused(lambda: Event.objects.filter(pk=kept).delete())
    assert refused(lambda: SealedEvent(event_id=10**6, seal=2, digest=b"x").save(force_insert=True))
    assert refused(lambda: Seal(
        number=2, count=1, first_id=1, last_id=1, root="x", signature="y"
    ).save(force_insert=True))  # fmt: skip
    fresh = many(1)[0].pk  # in no seal: nothing names it
    assert refused(lambda: Event.objects.filter(pk=fresh).delete())


def test_the_command(old: list[datetime], settings: LazySettings) -> None:
    settings.AUDIT_RETENTION_MONTHS = 3
    out = io.StringIO()
    call_command("audit_purge", "--dry-run", stdout=out)
    assert "up to seal 2" in out.getvalue()
    assert not Purge.objects.exists()
    call_command("audit_purge", stdout=out)
    assert "Deleted 4 events sealed before" in out.getvalue()
    assert Purge.objects.count() == 1
    call_command("audit_purge", stdout=out)
    assert "Nothing is older than 3 whole months" in out.getvalue()
    assert verified()[0] == 0


def test_the_command_stops_at_a_record_that_is_not_whole(old: list[datetime], settings: LazySettings) -> None:
    settings.AUDIT_RETENTION_MONTHS = 3
    lift()
    run("DELETE FROM audit_sealedevent WHERE seal = 1")
    triggers.put_back()
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("audit_purge")
    assert not Purge.objects.exists()


def test_the_role_of_the_application_may_not_purge(old: list[datetime], is_sqlite: bool) -> None:
    """On PostgreSQL the owner purges; the role that docs/audit.md describes cannot, whatever the triggers say."""
    if is_sqlite:
        assert len(purge(3)) == 1  # one role is all there is
        return
    run(
        "CREATE ROLE kayse_app_may_not",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO kayse_app_may_not",
        "REVOKE UPDATE, DELETE ON audit_event, audit_seal, audit_sealedevent, audit_purge FROM kayse_app_may_not",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kayse_app_may_not",
        "SET LOCAL ROLE kayse_app_may_not",
    )
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        purge(3)
    run("RESET ROLE")
    assert (Purge.objects.count(), Event.objects.count()) == (0, 18)
