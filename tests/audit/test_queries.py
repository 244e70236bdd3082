"""Finding operations: every filter alone and together, both ways through the pages, and how it is looked up."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kayse_admin.actors import Actor
from kayse_admin.audit import queries, recorder, seeking
from kayse_admin.audit.actions import Action
from kayse_admin.audit.filters import UNDER_WAY, Filters
from kayse_admin.audit.models import Event
from kayse_admin.audit.operation import Operation
from kayse_admin.audit.records import Finding, Target
from tests.audit.factory import ANA, ROUNDUP, many, performed

pytestmark = pytest.mark.django_db

PAULA = Actor(1, "Paula Legal", "10.0.0.7", "gesture-1", "Paralegal")
ZOE = Target("client", 99, "Zoë")
MAX = Actor(2, "Max Manager", "10.0.0.8", "gesture-2", "Campaign manager")


def found(**filters: Any) -> list[int]:
    return [one.opening.pk for one in queries.page(Filters(**filters), size=100).operations]


@pytest.fixture
def record() -> dict[str, Event]:
    """One operation of each fate, oldest first."""
    made = {
        "applied": performed(PAULA, requests=2),
        "rejected": performed(PAULA, result="rejected", detail="Kayse did not accept these values."),
        "unknown": performed(MAX, Action.CASE_LIST_ATTACH, ROUNDUP, result="unknown"),
        "happened": performed(MAX, Action.CASE_LIST_CREATE, Target("case_list", None, "Zantac"), result="unknown"),
        "did_not": performed(MAX, result="unknown"),
        "still_unknown": performed(MAX, result="unknown"),
        "under_way": performed(PAULA, Action.CLIENT_DELETE, result=""),
        "created": performed(PAULA, Action.CLIENT_CREATE, Target("client", None, "Zoë"), learned=ZOE),
        "signed_in": recorder.fact(PAULA, Action.SIGN_IN, Target("user", 1, "Paula Legal")),
        "failed": recorder.fact(
            Actor(None, "Nobody signed in", "203.0.113.9"), Action.SIGN_IN_FAILED, Target("user", 1, "Paula Legal"),
            result="rejected",
        ),
    }  # fmt: skip
    system = Actor.system("Recovery")
    recorder.reconciled(made["happened"], Finding("applied", "It is there."), system)
    recorder.reconciled(made["did_not"], Finding("not_applied", "It is not there."), system)
    recorder.reconciled(made["still_unknown"], Finding("unknown", "Nobody can tell."), system)
    return made


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["applied", "rejected", "unknown", "happened", "did_not", "still_unknown", "under_way", "created",
              "signed_in", "failed"]),
        ({"result": "applied"}, ["applied", "happened", "created", "signed_in"]),
        ({"result": "rejected"}, ["rejected", "failed"]),
        ({"result": "unknown"}, ["unknown", "still_unknown"]),
        ({"result": "not_applied"}, ["did_not"]),
        ({"result": "not_sent"}, []),
        ({"result": UNDER_WAY}, ["under_way"]),
        ({"person": 2}, ["unknown", "happened", "did_not", "still_unknown"]),
        ({"person": 0}, ["failed"]),
        ({"person": 2, "result": "applied"}, ["happened"]),
        ({"person": 2, "result": "unknown"}, ["unknown", "still_unknown"]),
        ({"person": 1, "result": "unknown"}, []),
        ({"person": 1, "result": "rejected"}, ["rejected"]),
        ({"person": 1, "result": UNDER_WAY}, ["under_way"]),
        ({"role": "Campaign manager"}, ["unknown", "happened", "did_not", "still_unknown"]),
        ({"action": "client_delete"}, ["under_way"]),
        ({"kind": "user"}, ["signed_in", "failed"]),
        ({"kind": "case_list"}, ["unknown", "happened"]),
        ({"kind": "client", "target": 99}, ["created"]),
        ({"kind": "client", "target": 7}, ["applied", "rejected", "did_not", "still_unknown", "under_way"]),
        ({"kind": "client", "target": 7, "result": "rejected"}, ["rejected"]),
        ({"address": "203.0.113.9"}, ["failed"]),
        ({"job": 5}, []),
        ({"text": "zantac"}, ["happened"]),
        ({"text": "max man"}, ["unknown", "happened", "did_not", "still_unknown"]),
        ({"text": "garcía", "result": "rejected"}, ["rejected"]),
        ({"text": "%"}, []),
        ({"changes_only": True, "person": 1}, ["applied", "rejected", "under_way", "created"]),
    ],
)  # fmt: skip
def test_each_filter_finds_its_operations(
    record: dict[str, Event], filters: dict[str, Any], names: list[str]
) -> None:
    assert found(**filters) == [record[name].pk for name in reversed(names)]
    if "text" not in filters:
        assert queries.count(Filters(**filters)) == (len(names), False)
        shown = queries.page(Filters(**filters), size=1, counting=True)
        assert shown.counted == (len(names), False)
        assert shown == replace(queries.page(Filters(**filters), size=1), counted=shown.counted)


def test_the_newest_closing_event_wins(record: dict[str, Event]) -> None:
    fates = {one.opening.pk: one.result for one in queries.page(Filters(), size=100).operations}
    expected = {"happened": "applied", "did_not": "not_applied", "still_unknown": "unknown", "under_way": ""}
    assert {name: fates[record[name].pk] for name in expected} == expected


def test_a_create_knows_its_target_from_the_answer(record: dict[str, Event]) -> None:
    (one,) = queries.page(Filters(kind="client", target=99)).operations
    assert one.target_id == 99


def test_a_time_range_is_exact(db: None) -> None:
    noon = datetime(2026, 3, 5, 12, tzinfo=timezone.get_current_timezone())
    times = [noon + timedelta(minutes=n) for n in (0, 1, 2, 3)]
    events = [many(1, at=at)[0].pk for at in times]
    assert found(since=times[1]) == events[:0:-1]
    assert found(until=times[1]) == [events[0]]
    assert found(since=times[1], until=times[3]) == [events[2], events[1]]
    assert found(since=times[3] + timedelta(seconds=1)) == []
    assert found(until=times[0]) == []
    assert found(since=times[1], until=times[2], result="applied") == [events[1]]
    assert found(since=times[1], until=times[2], result="rejected") == []


def test_a_time_range_holds_what_was_written_out_of_order(db: None) -> None:
    """An event that waited for the database carries an earlier time than its neighbours with smaller ids."""
    noon = datetime(2026, 3, 5, 12, tzinfo=timezone.get_current_timezone())
    (later,) = many(1, at=noon + timedelta(seconds=30))
    (waited,) = many(1, at=noon)
    assert found(since=noon, until=noon + timedelta(seconds=1)) == [waited.pk]
    assert found(since=noon + timedelta(seconds=1)) == [later.pk]


def test_one_wrong_clock_hides_nothing(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """The bounds of a time range come from events that may carry wrong times themselves."""
    monkeypatch.setattr(seeking, "NEIGHBOURS", 3)
    noon = datetime(2026, 3, 5, 12, tzinfo=timezone.get_current_timezone())
    hours = [many(1, at=noon + timedelta(hours=n))[0].pk for n in range(12)]
    many(1, at=noon + timedelta(hours=2, minutes=30))
    assert found(since=noon + timedelta(hours=6)) == hours[:5:-1]
    assert found(until=noon + timedelta(hours=3)) == hours[2::-1]
    bounds = seeking.in_time(Filters(since=noon + timedelta(hours=6), until=noon + timedelta(hours=8)))
    assert (bounds.low, bounds.high) == (hours[3], hours[11])


def walk(filters: Filters, size: int) -> tuple[list[int], list[int]]:
    """All ids found by going to older pages until there is none, and again on the way back."""
    there, back = [], []
    shown = queries.page(filters, size=size)
    assert shown.newer is None
    there.append([one.opening.pk for one in shown.operations])
    while shown.older is not None:
        shown = queries.page(filters, before=shown.older, size=size)
        there.append([one.opening.pk for one in shown.operations])
    while shown.newer is not None:
        back.append([one.opening.pk for one in shown.operations])
        shown = queries.page(filters, after=shown.newer, size=size)
    back.append([one.opening.pk for one in shown.operations])
    return [pk for page in there for pk in page], [pk for page in reversed(back) for pk in page]


@pytest.mark.parametrize(
    "filters", [Filters(), Filters(result="applied"), Filters(result="rejected"), Filters(person=1)]
)
def test_pages_hold_every_operation_once_both_ways(filters: Filters) -> None:
    for result in ("applied", "rejected", "applied", "rejected", "rejected") * 3:
        many(1, result=result)
    expected = sorted(found(**{name: getattr(filters, name) for name in ("result", "person")}), reverse=True)
    for size in (1, 2, 3, len(expected), 50):
        there, back = walk(filters, size)
        assert there == expected
        assert back == expected


def test_a_search_by_text_goes_on_where_its_window_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "LOOKED_AT", 10)
    (old,) = many(1, target_label="Zoë")
    many(25)
    (new,) = many(1, target_label="Zoë")
    filters = Filters(text="zoë"[:2])
    first = queries.page(filters)
    assert [one.opening.pk for one in first.operations] == [new.pk]
    assert first.searched_to is not None
    there, _ = walk(filters, 25)
    assert there == [new.pk, old.pk]
    assert [one.opening.pk for one in queries.every(filters, up_to=queries.newest())] == [new.pk, old.pk]


SPREAD = [
    Filters(person=1, role="Campaign manager"),
    Filters(person=2, action="client_update", result="rejected"),
    Filters(result="applied", address="10.0.0.8"),
    Filters(result="rejected", text="bob"),
    Filters(result="rejected", kind="client", target=8),
    Filters(kind="client", target=7, person=2),
    Filters(kind="client", role="Paralegal", address="10.0.0.7"),
    Filters(changes_only=True, action="client_update"),
    Filters(hidden=frozenset({"case_list"}), person=2),
    Filters(job=3, result="unknown"),
]


def _fulfils(one: Operation, filters: Filters) -> bool:
    """Whether an operation matches, told from the operation alone."""
    event = one.opening
    asked = [
        (filters.person, event.actor_id), (filters.role, event.actor_role), (filters.action, event.action),
        (filters.address, event.address), (filters.kind, event.target_kind), (filters.target, event.target_id),
        (filters.job, event.job), (filters.result, one.result),
    ]  # fmt: skip
    return (
        all(value in (None, "", told) for value, told in asked)
        and filters.text in event.target_label.lower()
        and event.target_kind not in filters.hidden
        and not (filters.changes_only and event.stage != "intent")
    )


@pytest.fixture
def spread() -> list[Operation]:
    """A record in which the values of the filters stand beside each other in all ways, newest first."""
    lots = itertools.product(
        (1, 2), ("Paralegal", "Campaign manager"), (7, 8), ("rejected", "applied", "unknown")
    )
    for number, (person, role, target, result) in enumerate(lots):
        told = {
            "actor_id": person,
            "actor_role": role,
            "target_id": target,
            "target_label": ["Ana", "Bob"][target - 7],
        }
        told |= {"address": f"10.0.0.{6 + person}", "job": number % 4 or None}
        told |= {"target_kind": "client" if number % 5 else "case_list"}
        many(1 + number % 3, result=result, **told)
        if number % 4 == 0:
            actor = Actor(person, "Max", f"10.0.0.{6 + person}", "", role)
            recorder.fact(actor, Action.CLIENT_EXPORT, Target("client", None, "Bob"), result="rejected")
        if number % 6 == 0:
            (begun,) = many(1, result="unknown", **told)
            recorder.reconciled(begun, Finding("applied", ""), Actor.system("Recovery"))
    return queries.page(Filters(), size=500).operations


@pytest.mark.parametrize("looked_at", [1, 3, 1_000])
@pytest.mark.parametrize("filters", SPREAD)
def test_several_conditions_find_what_reading_everything_would_say(
    spread: list[Operation], filters: Filters, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever condition leads, and however often the search stops on its way."""
    monkeypatch.setattr(seeking, "LOOKED_AT", looked_at)
    monkeypatch.setattr(seeking, "SAMPLE", 2)
    expected = [one.opening.pk for one in spread if _fulfils(one, filters)]
    assert 0 < len(expected) < len(spread)
    there, back = walk(filters, 4)
    assert (there, back) == (expected, expected)
    assert [one.opening.pk for one in queries.every(filters, up_to=queries.newest(), chunk=5)] == expected


def test_a_page_of_several_conditions_looks_at_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two conditions that many fulfil and none together: the page stops, says where, and counts nothing."""
    monkeypatch.setattr(seeking, "LOOKED_AT", 20)
    monkeypatch.setattr(queries, "MOST_COUNTED", 20)
    many(200, actor_id=1, address="10.0.0.7")
    many(200, actor_id=2, address="10.0.0.8")
    filters = Filters(person=1, address="10.0.0.8")
    looked: list[int] = []
    matching = seeking.Search.matching

    def counted(self: Any, ids: list[int], lead: seeking.Lead) -> set[int]:
        looked.extend(ids)
        return matching(self, ids, lead)

    monkeypatch.setattr(seeking.Search, "matching", counted)
    shown = queries.page(filters)
    assert (shown.operations, len(looked)) == ([], 20)
    assert shown.searched_to is not None
    assert queries.count(filters) is None
    assert walk(filters, 25) == ([], [])
    monkeypatch.setattr(queries, "MOST_COUNTED", 5)
    looked.clear()
    assert queries.page(filters, counting=True) == shown
    assert len(set(looked)) == len(looked) == 20


def test_the_rarer_condition_leads() -> None:
    """Of a person who did most and an address with little the address is followed: nothing stops the search."""
    many(2_500, actor_id=1)
    (rare,) = many(1, actor_id=1, address="203.0.113.9")
    many(2_500, actor_id=1)
    filters = Filters(person=1, address="203.0.113.9", result="applied")
    shown = queries.page(filters)
    assert [one.opening.pk for one in shown.operations] == [rare.pk]
    assert shown.searched_to is None
    assert queries.count(filters) == (1, False)


def test_counting_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MOST_COUNTED", 5)
    many(5)
    assert queries.count(Filters()) == (5, False)
    many(1)
    assert queries.count(Filters()) == (5, True)
    counted = queries.page(Filters(), counting=True)
    assert (len(counted.operations), counted.counted) == (6, (5, True))
    assert queries.count(Filters(text="ana")) is None


def test_an_export_holds_what_the_pages_hold(record: dict[str, Event]) -> None:
    up_to = queries.newest()
    performed(PAULA)
    ids = [one.opening.pk for one in queries.every(Filters(), up_to=up_to, chunk=3)]
    assert ids == sorted((event.pk for event in record.values()), reverse=True)


def test_the_day_in_numbers(record: dict[str, Event]) -> None:
    counts, capped = queries.tally(Filters(changes_only=True))
    assert (dict(counts), capped) == (
        {"applied": 3, "rejected": 1, "unknown": 2, "not_applied": 1, "": 1},
        False,
    )
    assert queries.tally(Filters(person=1, changes_only=True))[0] == {"applied": 2, "rejected": 1, "": 1}


def test_what_needs_a_person(record: dict[str, Event]) -> None:
    assert [one.opening.pk for one in queries.unfinished()] == [
        record["still_unknown"].pk,
        record["unknown"].pk,
    ]
    stuck = queries.unfinished(stuck=timedelta(seconds=-1))
    assert [one.opening.pk for one in stuck] == [
        record[n].pk for n in ("under_way", "still_unknown", "unknown")
    ]
    assert queries.unfinished(person=1) == []


def test_one_operation_with_its_life(record: dict[str, Event]) -> None:
    found = queries.one(record["happened"].operation)
    assert found is not None
    operation, events = found
    assert operation.result == "applied"
    assert [(event.stage, event.result) for event in events] == [
        ("intent", ""), ("outcome", "unknown"), ("reconciled", "applied"),
    ]  # fmt: skip
    assert queries.one(uuid.uuid4()) is None


def test_what_else_the_click_caused(record: dict[str, Event]) -> None:
    others = queries.same_gesture(record["unknown"])
    assert [one.opening.pk for one in others] == [
        record[n].pk for n in ("happened", "did_not", "still_unknown")
    ]
    assert queries.same_gesture(record["failed"]) == []


def test_what_else_happened_to_the_target(db: None) -> None:
    events = [performed(PAULA).pk for _ in range(15)]
    performed(PAULA, target=Target("client", 8, "Somebody else"))
    found = queries.one(Event.objects.get(pk=events[7]).operation)
    assert found is not None
    assert [one.opening.pk for one in queries.around(found[0], each=3)] == [
        events[n] for n in (10, 9, 8, 6, 5, 4)
    ]


@pytest.mark.parametrize(
    ("filters", "most"),
    [(Filters(), 3), (Filters(result="rejected"), 6), (Filters(result="applied", person=1), 9)],
)
def test_the_queries_do_not_grow_with_the_rows(filters: Filters, most: int) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            for one in queries.page(filters, size=100).operations:
                str(one.sentence)
        return len(caught)

    many(2, result=filters.result or "applied")
    few = asked()
    many(60, result=filters.result or "applied")
    assert asked() == few <= most


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "audit_opens"),
        (Filters(person=1), "audit_actor"),
        (Filters(action="client_update"), "audit_action"),
        (Filters(kind="client"), "audit_kind"),
        (Filters(kind="client", target=7), "audit_target"),
        (Filters(role="Paralegal"), "audit_role"),
        (Filters(address="10.0.0.7"), "audit_address"),
        (Filters(job=5), "audit_job"),
        (Filters(result="rejected"), "audit_result"),
    ],
)
def test_each_filter_seeks_along_its_index(filters: Filters, index: str, is_sqlite: bool) -> None:
    """SQLite's plan does not depend on how many rows there are; PostgreSQL's does, but it must have an index."""
    if not is_sqlite:
        connection.cursor().execute("SET LOCAL enable_seqscan = off")
    many(5)
    with CaptureQueriesContext(connection) as caught:
        queries.page(filters, before=10**9)
    plans = []
    for query in caught.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + query["sql"])
            plans += [str(row) for row in cursor.fetchall()]
    assert not [plan for plan in plans if "Seq Scan" in plan], plans
    if is_sqlite:
        assert any(index in plan for plan in plans), plans
        assert not [plan for plan in plans if "SCAN" in plan or "TEMP B-TREE" in plan], plans


fates = st.lists(st.sampled_from(["applied", "rejected", "unknown", "not_applied", ""]), max_size=4)


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(fates, min_size=1, max_size=8))
def test_a_result_filter_is_what_reading_everything_would_say(db: None, lives: list[list[str]]) -> None:
    """Whatever was found out in whatever order: the filters part the operations by their newest word."""
    first = queries.newest()
    for fate in lives:
        begun = performed(PAULA, target=ANA, result="")
        for result in filter(None, fate):
            recorder.reconciled(begun, Finding(result, ""), Actor.system("Recovery"))  # type: ignore[arg-type]
    everything = queries.with_outcomes(Event.objects.filter(opens=True, id__gt=first).order_by("-id"))
    for result in ("applied", "rejected", "unknown", "not_applied"):
        expected = [one.opening.pk for one in everything if one.result == result]
        assert [pk for pk in found(result=result) if pk > first] == expected
