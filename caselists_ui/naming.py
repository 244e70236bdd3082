"""Which lists name the cases of a client, as far as it is known here. No request.

A list names a case that its definition picks, or that was attached to it by its id; and all cases of a client who was
appended to it. A list that takes cases by a filter names none: the vendor does not tell who is on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caselists_ui import ledger
from caselists_ui.known import Known
from caselists_ui.models import CaseList
from kayse_admin.audit.actions import Action

#: Lists that are looked through; a firm has dozens.
MOST_LISTS = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """A case and the lists that name it; `left_out`: those that leave it out by name."""

    case_id: int
    lists: tuple[CaseList, ...]
    left_out: tuple[CaseList, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """Case by case, and the lists to which the client was appended. `whole`: all lists were looked at."""

    cases: tuple[Named, ...]
    appended: tuple[CaseList, ...]
    whole: bool


def of_client(client_id: int, case_ids: Iterable[int]) -> Naming:
    """The lists that name these cases or this client; the number of queries does not grow with them."""
    lists = list(CaseList.objects.filter(gone_at=None).order_by("name", "pk")[: MOST_LISTS + 1])
    known = ledger.known_of([one.pk for one in lists[:MOST_LISTS]])
    looked = [(one, known[one.pk]) for one in lists[:MOST_LISTS]]
    return Naming(
        cases=tuple(
            Named(
                case_id,
                tuple(one for one, what in looked if _names(what, case_id)),
                tuple(one for one, what in looked if _leaves_out(what, case_id)),
            )
            for case_id in case_ids
        ),
        appended=tuple(one for one, what in looked if _appended(what, client_id)),
        whole=len(lists) <= MOST_LISTS,
    )


def _names(what: Known, case_id: int) -> bool:
    defined = what.definition.selection.include_ids if what.definition else ()
    return what.by_hand.get(case_id, case_id in defined)


def _leaves_out(what: Known, case_id: int) -> bool:
    defined = what.definition.selection.exclude_ids if what.definition else ()
    return not what.by_hand.get(case_id, case_id not in defined)


def _appended(what: Known, client_id: int) -> bool:
    """Whether the last change that names the client put their cases on the list."""
    steps = [step for step in what.steps if client_id in step.client_ids]
    return bool(steps) and steps[-1].action is Action.CASE_LIST_APPEND_CLIENTS
