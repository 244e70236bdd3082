"""What is known of a list after changes by hand: what a set can carry, and what has to be done again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caselists_ui.definition import Definition, Selection
from caselists_ui.known import Known, Step
from caselists_ui.summary import loss, step_words
from caselists_ui.words import Labels
from kayse_admin.audit.actions import Action
from tests.caselists_ui.model import Model

FILTER = {"case_type_ids": [25]}


def attach(*ids: int, **more: Any) -> Step:
    return Step(Action.CASE_LIST_ATTACH, {"include_ids": list(ids), **more} if ids else more)


def detach(*ids: int, **more: Any) -> Step:
    return Step(Action.CASE_LIST_DETACH, {"include_ids": list(ids), **more} if ids else more)


def append(*ids: int) -> Step:
    return Step(Action.CASE_LIST_APPEND_CLIENTS, {"client_ids": list(ids)})


def known(*steps: Step, include: tuple[int, ...] = (), filter: dict[str, Any] | None = None) -> Known:
    selection = Selection(FILTER if filter is None else filter, include)
    return Known(Definition("x", selection=selection), 1, steps)


def carried(of: Known) -> Selection:
    assert of.carried is not None
    return of.carried.selection


def test_what_was_attached_and_detached_by_hand_is_carried() -> None:
    selection = carried(known(attach(1, 2, 3), detach(2), detach(9), include=(7, 8)))
    assert selection.include_ids == (7, 8, 1, 3)
    assert selection.exclude_ids == (2, 9)


def test_the_last_change_of_a_case_counts() -> None:
    assert carried(known(detach(5), attach(5))).include_ids == (5,)
    assert carried(known(detach(5), attach(5))).exclude_ids == ()
    assert carried(known(attach(5), detach(5))).exclude_ids == (5,)


def test_without_a_filter_nothing_is_left_out() -> None:
    selection = carried(known(detach(8), include=(7, 8), filter={}))
    assert (selection.include_ids, selection.exclude_ids) == ((7,), ())


def replayed(state: Known, selection: Selection | None = None) -> list[dict[str, Any]]:
    """What is done again after a set to this selection; by default to what is known."""
    return [step.payload for step in state.replay(carried(state) if selection is None else selection)]


def test_what_no_set_can_carry_is_done_again_with_what_it_would_undo() -> None:
    state = known(attach(1), append(4), detach(1), detach(2), attach(filter=FILTER), attach(3))
    assert replayed(state) == [{"client_ids": [4]}, {"include_ids": [1, 2]}, {"filter": FILTER}]
    assert [step.payload for step in state.beyond] == [{"client_ids": [4]}, {"filter": FILTER}]


def test_what_was_taken_out_of_the_form_is_not_done_again() -> None:
    state = known(detach(filter=FILTER), attach(77, 78), append(4), detach(27, 28))
    assert replayed(state) == [
        {"filter": FILTER}, {"include_ids": [77, 78]}, {"client_ids": [4]}, {"include_ids": [27, 28]},
    ]  # fmt: skip
    assert replayed(state, Selection(FILTER, (78,), (28,))) == [
        {"filter": FILTER}, {"include_ids": [78]}, {"client_ids": [4]}, {"include_ids": [28]},
    ]  # fmt: skip
    assert replayed(state, Selection(FILTER)) == [{"filter": FILTER}, {"client_ids": [4]}]


def test_what_the_form_says_first_is_done_again_at_the_end() -> None:
    """A case that is named now is on the list, or off it, whatever a change that is done again finds."""
    assert replayed(known(detach(filter=FILTER)), Selection(FILTER, (5,))) == [
        {"filter": FILTER}, {"include_ids": [5]},
    ]  # fmt: skip
    state = known(append(4), detach(5))
    assert [step.action for step in state.replay(Selection(FILTER, (5,)))] == [
        Action.CASE_LIST_APPEND_CLIENTS
    ]
    moved = known(attach(5), append(4)).replay(Selection(FILTER, (), (5,)))
    assert [(step.action, step.case_ids) for step in moved][1:] == [(Action.CASE_LIST_DETACH, (5,))]


def test_what_was_off_stays_off_when_the_filter_goes() -> None:
    state = known(append(4), detach(5))
    assert replayed(state, Selection({}, (1,))) == [{"client_ids": [4]}, {"include_ids": [5]}]
    assert replayed(state, Selection({}, (1, 5))) == [{"client_ids": [4]}]


def test_cases_named_beside_a_filter_are_named_by_hand() -> None:
    state = known(attach(77, 5, filter=FILTER, exclude_ids=[5, 6]))
    assert carried(state).include_ids == (77,)
    assert replayed(state) == [{"filter": FILTER, "exclude_ids": [5, 6]}]


def test_a_rename_of_a_list_from_elsewhere_does_everything_again() -> None:
    state = Known(None, None, (attach(1), detach(2), append(4)))
    assert replayed(state, Selection()) == [{"include_ids": [1]}, {"include_ids": [2]}, {"client_ids": [4]}]
    found = loss(state, Selection(), Labels())
    assert (found.carried, found.carried_out, found.lost, found.lost_out) == ((), (), (), ())
    assert replayed(state, Selection(FILTER, (1,))) == [{"client_ids": [4]}]


def unsure(step: Step) -> Step:
    """The same change, of which nobody knows whether it was done."""
    return replace(step, unsure=True)


def test_what_nobody_knows_to_be_done_counts_for_nothing() -> None:
    state = known(attach(1), unsure(attach(99)), unsure(append(4)), unsure(detach(8)), include=(8,))
    assert carried(state).include_ids == (8, 1)
    assert (state.beyond, replayed(state)) == ((), [])
    assert [step.payload for step in state.undecided] == [
        {"include_ids": [99]}, {"client_ids": [4]}, {"include_ids": [8]},
    ]  # fmt: skip
    found = loss(state, carried(state), Labels())
    assert (found.carried, found.lost, found.dropped) == ((1,), (), ())


def test_a_case_that_was_named_again_since_is_decided() -> None:
    assert known(unsure(attach(1, 2)), attach(1), detach(2)).undecided == ()
    assert known(unsure(attach(1, 2)), attach(1)).undecided == (unsure(attach(1, 2)),)
    assert known(attach(1), unsure(attach(1))).undecided == (unsure(attach(1)),)
    assert known(unsure(attach(1)), attach(1, filter=FILTER)).undecided == ()
    assert known(unsure(append(4)), attach(1)).undecided == (unsure(append(4)),)


def test_a_form_is_old_as_soon_as_an_outcome_is_known() -> None:
    assert known(unsure(attach(1))).mark != known(attach(1)).mark
    moments = [datetime(2027, 3, 1, hour, tzinfo=UTC) for hour in (8, 9)]
    assert len({known(replace(unsure(attach(1)), at=at)).mark for at in moments}) == 2


def test_a_copy_keeps_the_doubt() -> None:
    for step in (attach(1), unsure(append(4))):
        assert Step.read(step.record) == step
    assert Step.read({"action": "case_list_attach", "payload": {}}).unsure is False, "kept before doubts were"


def test_ids_alone_need_no_replay() -> None:
    assert known(attach(1), detach(2)).beyond == ()
    assert replayed(known(attach(1), detach(2))) == []


def test_nothing_is_carried_into_an_unknown_definition() -> None:
    assert Known(None, None, (attach(1),)).carried is None


def test_the_loss_is_what_the_set_does_not_send() -> None:
    state = known(attach(1, 2), detach(3, 4), append(9))
    found = loss(state, Selection(FILTER, (1,), (3,)), Labels())
    assert (found.carried, found.lost) == ((1,), (2,))
    assert (found.carried_out, found.lost_out) == ((3,), (4,))
    assert [step.client_ids for step in found.replay] == [(9,)]


def test_a_set_without_a_filter_loses_no_detach() -> None:
    found = loss(known(detach(3), include=(3, 4), filter={}), Selection({}, (4,)), Labels())
    assert (found.carried_out, found.lost_out) == ((3,), ())


def test_steps_in_words() -> None:
    names = Labels({25: "Mass Tort"})
    assert step_words(attach(1, 2), names) == "Attach: 2 cases picked by hand: 1, 2."
    assert step_words(detach(filter=FILTER), names) == "Detach: cases of type Mass Tort in any status."
    assert step_words(append(1), names) == "Append all cases of 1 client: 1."
    assert step_words(append(*range(1, 1_235)), names) == (
        "Append all cases of 1,234 clients: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 1,224 more."
    )
    mixed = attach(7, filter=FILTER, exclude_ids=[8])
    assert step_words(mixed, names) == (
        "Attach: cases of type Mass Tort in any status, plus 1 picked by hand, minus 1. "
        "Picked by hand: 7. Left out: 8."
    )


CASES = [
    {"id": n, "case_type_id": 1 + n % 2, "status_id": 1 + n // 4, "client_ids": [1 + n % 3]}
    for n in range(1, 9)
]
IDS = st.lists(st.integers(1, 8), unique=True, max_size=4).map(tuple)
FILTERS = st.sampled_from([{}, {"case_type_ids": [1]}, {"case_type_ids": [2]}, {"status_ids": [1, 2]}])
ATTACH, DETACH = Action.CASE_LIST_ATTACH, Action.CASE_LIST_DETACH
APPEND, REMOVE = Action.CASE_LIST_APPEND_CLIENTS, Action.CASE_LIST_REMOVE_CLIENTS


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    """Any selection of the eight cases."""
    filter_ = draw(FILTERS)
    return Selection(filter_, draw(IDS), draw(IDS) if filter_ else ())


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """Any change of members, one in four with an outcome that is not known."""
    unsure = draw(st.integers(0, 3)) == 0
    if draw(st.booleans()):
        clients = draw(st.lists(st.integers(1, 3), unique=True, min_size=1, max_size=2))
        return Step(draw(st.sampled_from([APPEND, REMOVE])), {"client_ids": clients}, unsure)
    return Step(draw(st.sampled_from([ATTACH, DETACH])), draw(selections()).payload(), unsure)


def play(model: Model, step: Step) -> None:
    """Do a change to the model's only list."""
    sure = not step.unsure
    if step.client_ids:
        return model.clients_changed(1, step.client_ids, step.joins, sure=sure)
    chosen = step.selection
    return model.cases_changed(
        1, chosen.filter, chosen.include_ids, chosen.exclude_ids, step.joins, sure=sure
    )


@given(selections(), st.lists(steps(), max_size=6), selections(), st.booleans(), st.booleans())
def test_the_replay_gives_the_members_that_were_announced(
    before: Selection, done: list[Step], now: Selection, opens_with_all: bool, again: bool
) -> None:
    """For any definition, any changes since, and any form that is saved: the members are those of the model.

    No case that the page calls lost comes back by name, and none that it calls carried or left out is missed.
    """
    state = Known(Definition("x", selection=before), 1, tuple(done))
    if opens_with_all:  # only some ids are taken out of the form, the rest stays as it opens
        was = carried(state)
        now = Selection(
            was.filter,
            tuple(n for n in was.include_ids if n not in now.include_ids),
            tuple(n for n in was.exclude_ids if n not in now.exclude_ids),
        )
    expected, vendor = Model(CASES), Model(CASES)
    for model in (expected, vendor):
        model.define(1, before.filter, before.include_ids, before.exclude_ids)
        for step in done:
            play(model, step)
    found = loss(state, now, Labels())
    expected.save(1, now.filter, now.include_ids, now.exclude_ids, again=again)
    vendor.define(1, now.filter, now.include_ids, now.exclude_ids)
    for step in found.replay if again else ():
        play(vendor, step)
    assert vendor.members(1) == expected.members(1)
    unnamed = vendor.found(1)
    assert not (set(found.lost) | set(found.dropped)) & (set(vendor.members(1)) - unnamed)
    assert not (set(found.lost_out) | set(found.dropped_out)) & (unnamed - set(vendor.members(1)))
    named = {n for step in found.replay if step.by_ids for n in step.case_ids}
    assert named <= set(state.after(now)), "only what the form says is done again by name"
