"""What is known of a list after changes by hand: what a set can carry, and what has to be done again."""

from __future__ import annotations

from typing import Any

from caselists_ui.definition import Definition, Selection
from caselists_ui.ledger import Known, Step
from caselists_ui.summary import loss, step_words
from caselists_ui.words import Labels
from kayse_admin.audit.actions import Action

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


def test_what_no_set_can_carry_is_done_again_with_everything_after_it() -> None:
    steps = (attach(1), append(4), detach(1), detach(2), attach(filter=FILTER), attach(3))
    replay = known(*steps).replay
    assert [step.payload for step in replay] == [
        {"client_ids": [4]},
        {"include_ids": [1, 2]},
        {"filter": FILTER},
        {"include_ids": [3]},
    ]


def test_ids_alone_need_no_replay() -> None:
    assert known(attach(1), detach(2)).replay == ()


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
    assert step_words(attach(1, 2), names) == "Attach: 2 cases picked by hand."
    assert step_words(detach(filter=FILTER), names) == "Detach: cases of type Mass Tort in any status."
    assert step_words(append(1), names) == "Append all cases of 1 client."
