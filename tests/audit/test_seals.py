"""Tamper evidence: whatever somebody does to a sealed record, `audit_verify` says what is wrong first."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from kayse_admin.audit import seals, verifying
from kayse_admin.audit.checks import runs_as_owner
from kayse_admin.audit.models import Event, Seal, SealedEvent
from kayse_admin.management.commands import housekeeping
from tests.audit.factory import many
from tests.conftest import lift

pytestmark = pytest.mark.django_db


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ten events in four seals, and the triggers lifted, as for somebody who owns the database."""
    monkeypatch.setattr(seals, "MOST", 3)
    many(5)
    assert seals.seal_all() == 10
    lift()
    return list(Event.objects.order_by("id").values_list("id", flat=True))


def test_a_record_that_nobody_touched_is_whole(sealed: list[int]) -> None:
    many(1)
    verdict = verifying.verify(seals.head())
    assert (verdict.seals, verdict.events, verdict.unsealed, verdict.fault) == (4, 10, 2, None)
    assert seals.seal_all() == 2
    assert verifying.verify().unsealed == 0


@pytest.mark.parametrize(
    "column",
    ["operation", "stage", "opens", "begun", "gesture", "at", "actor_id", "actor_name", "actor_role", "address",
     "action", "target_kind", "target_id", "target_label", "before", "after", "payload", "answer", "result",
     "http_status", "duration_ms", "requests", "job", "reason", "detail"],
)  # fmt: skip
def test_a_change_of_any_column_is_found(sealed: list[int], column: str, is_sqlite: bool) -> None:
    values = {
        "operation": "'00000000-0000-4000-8000-000000000000'", "opens": "NOT opens", "at": "'2020-01-01 00:00:00+00'",
        **dict.fromkeys(("before", "after", "payload", "answer"), "'{\"city\": \"Elsewhere\"}'"),
        **dict.fromkeys(("begun", "actor_id", "target_id", "http_status", "duration_ms", "requests", "job"), "77"),
    }  # fmt: skip
    new = values.get(column, "'forged'")
    run(f"UPDATE audit_event SET {column} = {new} WHERE id = {sealed[4]}")
    assert {field.column for field in Event._meta.concrete_fields} >= {column}
    fault = verifying.verify().fault
    assert fault is not None
    assert (fault.sentence, fault.seal, fault.event) == (f"Event {sealed[4]} was changed.", 2, sealed[4])


def cut(first_seal: int) -> None:
    run(
        f"DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_sealedevent WHERE seal >= {first_seal})",
        f"DELETE FROM audit_sealedevent WHERE seal >= {first_seal}",
        f"DELETE FROM audit_seal WHERE number >= {first_seal}",
    )


def resign(number: int) -> None:
    """What somebody without the key can do: sign with another one."""
    seal = Seal.objects.get(number=number)
    rows = SealedEvent.objects.filter(seal=number).order_by("event_id").values_list("event_id", "digest")
    told = [(pk, bytes(digest)) for pk, digest in rows]
    Seal.objects.filter(number=number).update(root=seals.root_of(told), count=len(told), signature="0" * 64)
    assert seal.signature != "0" * 64


def forge(event: int) -> None:
    """Change an event and its digest."""
    run(f"UPDATE audit_event SET actor_name = 'forged' WHERE id = {event}")
    ((_, digest),) = seals._read("WHERE e.id = %s", [event])
    SealedEvent.objects.filter(event_id=event).update(digest=digest)


TAMPERING: list[tuple[str, Callable[[list[int]], Any], str]] = [
    ("delete", lambda ids: run(f"DELETE FROM audit_event WHERE id = {ids[4]}"), "Event {4} was deleted."),
    ("delete with its membership", lambda ids: run(
        f"DELETE FROM audit_event WHERE id = {ids[4]}", f"DELETE FROM audit_sealedevent WHERE event_id = {ids[4]}"
    ), "Seal 2 covered 3 events and 2 are left, between event {3} and event {5}."),
    ("change with its digest", lambda ids: forge(ids[4]), "The events of seal 2 are not those that it covered."),
    ("change all the way up to the seal", lambda ids: (forge(ids[4]), resign(2)),
     "Seal 2 was changed: its signature is not ours."),
    ("move an event to another seal", lambda ids: run(
        f"UPDATE audit_sealedevent SET seal = 1 WHERE event_id = {ids[4]}"
    ), "Seal 1 covered 3 events and 4 are left, between event {0} and event {2}."),
    ("take a seal out", lambda ids: run("DELETE FROM audit_seal WHERE number = 2"), "Seal 2 is missing."),
    ("take all of a seal out", lambda ids: run(
        f"DELETE FROM audit_event WHERE id BETWEEN {ids[3]} AND {ids[5]}",
        "DELETE FROM audit_sealedevent WHERE seal = 2", "DELETE FROM audit_seal WHERE number = 2",
    ), "Seal 2 is missing."),
    ("take the first out", lambda ids: run("DELETE FROM audit_seal WHERE number = 1"), "Seal 1 is missing."),
    ("take the last seal out", lambda ids: run("DELETE FROM audit_seal WHERE number = 4"), "Seal 4 is missing."),
    ("another time on a seal", lambda ids: run("UPDATE audit_seal SET at = '2020-01-01 00:00:00+00' WHERE number = 3"),
     "Seal 3 was changed: its signature is not ours."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("tamper", "sentence"), [case[1:] for case in TAMPERING], ids=[case[0] for case in TAMPERING]
)
def test_tampering_is_found(sealed: list[int], tamper: Callable[[list[int]], Any], sentence: str) -> None:
    tamper(sealed)
    fault = verifying.verify().fault
    assert fault is not None
    assert fault.sentence == sentence.format(*sealed)


def test_a_row_replaced_on_sqlite_is_found(sealed: list[int], is_sqlite: bool) -> None:
    """INSERT OR REPLACE; PostgreSQL's way to the same end is an upsert."""
    names = ", ".join(field.column for field in Event._meta.concrete_fields)
    values = names.replace("actor_name", "'forged'")
    source = f"SELECT {values} FROM audit_event WHERE id = {sealed[0]}"
    if is_sqlite:
        run(f"INSERT OR REPLACE INTO audit_event ({names}) {source}")
    else:
        run(
            f"INSERT INTO audit_event ({names}) {source} ON CONFLICT (id) DO UPDATE SET actor_name = 'forged'"
        )
    fault = verifying.verify().fault
    assert fault is not None
    assert fault.sentence == f"Event {sealed[0]} was changed."


def test_a_cut_end_is_found_with_a_head_that_was_kept_elsewhere(sealed: list[int]) -> None:
    head = seals.head()
    cut(4)
    assert verifying.verify().fault is None  # nothing inside the database can tell
    fault = verifying.verify(head).fault
    assert fault is not None
    assert fault.sentence == "Seal 4 was there and is missing: the end of the record was cut off."
    many(1)
    seals.seal_all()
    again = verifying.verify(head).fault
    assert again is not None
    assert again.sentence == "Seal 4 is not the one that was there."


@pytest.mark.parametrize("head", ["x", "٣:abc", "1:", ":", "1"])
def test_a_head_that_is_none_is_said_so(sealed: list[int], head: str) -> None:
    fault = verifying.verify(head).fault
    assert fault is not None
    assert fault.sentence.startswith("The head that was given is none")


def test_another_key_signs_nothing_of_ours(sealed: list[int], settings: LazySettings) -> None:
    settings.AUDIT_SEAL_KEY = "another key"
    fault = verifying.verify().fault
    assert fault is not None
    assert fault.sentence == "Seal 1 was changed: its signature is not ours."


def test_an_event_that_became_visible_late_is_sealed(
    sealed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL gives out ids before the rows are visible: smaller ids may appear after larger ones were sealed."""
    late = Event.objects.create(
        id=sealed[-1] + 50, stage="fact", opens=True, action="sign_in", actor_name="A"
    )
    assert seals.seal_all() == 1
    Event.objects.create(id=late.pk - 20, stage="fact", opens=True, action="sign_in", actor_name="B")
    assert seals.seal_all() == 1
    Event.objects.create(id=late.pk - 30, stage="fact", opens=True, action="sign_in", actor_name="C")
    monkeypatch.setattr(seals, "LOOK_BACK", 5)
    assert seals.seal_all() == 0
    assert verifying.verify().unsealed == 1
    assert seals.seal_all(behind=0) == 1
    assert verifying.verify().unsealed == 0


def test_a_backlog_is_looked_through_once(sealed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking back at 100,000 sealed events before each seal of 1,000 would seal a long backlog in hours."""
    many(5)
    lows: list[int] = []
    seal_next = seals._seal_next
    monkeypatch.setattr(seals, "_seal_next", lambda low: lows.append(low) or seal_next(low))
    assert seals.seal_all() == 10
    ids = list(Event.objects.filter(pk__gt=sealed[-1]).order_by("id").values_list("id", flat=True))
    assert lows == [sealed[-1] - seals.LOOK_BACK, ids[2], ids[5], ids[8]]


def test_what_is_not_sealed_yet_is_counted_from_the_newest_sealed_event(sealed: list[int]) -> None:
    """A late event alone in the newest seal does not make the others unsealed again."""
    late = Event(id=sealed[-1] + 50, stage="fact", opens=True, action="sign_in", actor_name="A")
    late.save()
    assert (seals.unsealed(), seals.seal_all(), seals.unsealed()) == (1, 1, 0)
    Event(id=late.pk - 20, stage="fact", opens=True, action="sign_in", actor_name="B").save()
    assert (seals.seal_all(), seals.unsealed()) == (1, 0)


def test_the_head_is_kept_in_a_file(tmp_path: Path, settings: LazySettings) -> None:
    settings.AUDIT_HEAD_FILE = str(tmp_path / "heads.log")
    many(1)
    seals.seal_all()
    many(1)
    seals.seal_all()
    lines = Path(settings.AUDIT_HEAD_FILE).read_text().splitlines()
    assert [line.split()[1][:2] for line in lines] == ["1:", "2:"]
    assert lines[-1].split()[1] == seals.head()
    assert verifying.verify(lines[0].split()[1]).fault is None


@pytest.mark.django_db(transaction=True)
def test_several_processes_find_the_same_first_fault(
    sealed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "WORTH", 0)
    assert verifying.verify(seals.head(), processes=2) == verifying.verify(seals.head())
    for pk in (sealed[7], sealed[4], sealed[9]):
        run(f"UPDATE audit_event SET actor_name = 'forged' WHERE id = {pk}")
    verdict = verifying.verify(processes=2)
    assert verdict == verifying.verify()
    assert (verdict.seals, verdict.fault and verdict.fault.event) == (1, sealed[4])


@pytest.mark.django_db(transaction=True)
def test_housekeeping_seals() -> None:
    many(2)
    housekeeping.round_once()
    assert verifying.verify().unsealed == 0
    assert Seal.objects.count() == 1


def verified(*args: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("audit_verify", *args, stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), err.getvalue()
    return 0, out.getvalue()


def test_the_commands_say_it_and_answer_with_their_exit_code(sealed: list[int]) -> None:
    many(1)
    out = io.StringIO()
    call_command("audit_seal", stdout=out)
    assert out.getvalue().startswith("2 events sealed. Head: 5:")
    code, words = verified("--head", seals.head())
    assert code == 0
    assert "12 events in 5 seals are as they were sealed; 0 are not sealed yet" in words
    assert "Without --head" not in words
    assert "Without --head" in verified()[1]
    run(f"DELETE FROM audit_event WHERE id = {sealed[7]}")
    assert verified() == (1, f"Event {sealed[7]} was deleted.\n")


def test_a_role_of_its_own_may_add_to_the_record_and_nothing_else(is_sqlite: bool) -> None:
    """The role that docs/audit.md describes, as PostgreSQL holds it; SQLite knows no roles."""
    if is_sqlite:
        assert runs_as_owner(["default"]) == []
        return
    assert [told.id for told in runs_as_owner(["default"])] == ["kayse.W011"]
    lift()  # the role alone must be enough
    run(
        "CREATE ROLE kayse_app_in_a_test",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO kayse_app_in_a_test",
        "REVOKE UPDATE, DELETE ON audit_event, audit_seal, audit_sealedevent, audit_purge FROM kayse_app_in_a_test",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO kayse_app_in_a_test",
        "SET LOCAL ROLE kayse_app_in_a_test",
    )
    assert runs_as_owner(["default"]) == []
    many(2)
    assert seals.seal_all() == 4
    for statement in (
        "UPDATE audit_event SET actor_name = 'forged'", "DELETE FROM audit_event", "TRUNCATE audit_event",
        "DELETE FROM audit_seal", "UPDATE audit_sealedevent SET seal = 7", "DROP TABLE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    ):  # fmt: skip
        with pytest.raises(ProgrammingError), transaction.atomic():
            run(statement)
    assert verifying.verify().fault is None


def test_an_empty_record_is_whole() -> None:
    assert seals.seal_all() == 0
    assert seals.head() == ""
    assert verified()[0] == 0
