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
    #: Lists with a change whose outcome is unknown that names the client, or one of the cases.
    perhaps: tuple[CaseList, ...] = ()


def of_client(client_id: int, case_ids: Iterable[int]) -> Naming:
    """The lists that name these cases or this client; the number of queries does not grow with them."""
    case_ids = tuple(case_ids)
    lists = list(CaseList.objects.filter(gone_at=None).order_by("name", "pk")[: MOST_LISTS + 1])
    known = ledger.known_of([one.pk for one in lists[:MOST_LISTS]])
    looked = [(one, known[one.pk]) for one in lists[:MOST_LISTS]]
    words = [(one, what.words) for one, what in looked]
    return Naming(
        cases=tuple(
            Named(
                case_id,
                tuple(one for one, said in words if said.get(case_id) is True),
                tuple(one for one, said in words if said.get(case_id) is False),
            )
            for case_id in case_ids
        ),
        appended=tuple(one for one, what in looked if _appended(what, client_id)),
        whole=len(lists) <= MOST_LISTS,
        perhaps=tuple(one for one, what in looked if _perhaps(what, client_id, case_ids)),
    )


def _appended(what: Known, client_id: int) -> bool:
    """Whether the last change that names the client put their cases on the list."""
    steps = [step for step in what.steps if client_id in step.client_ids and not step.unsure]
    return bool(steps) and steps[-1].action is Action.CASE_LIST_APPEND_CLIENTS


def _perhaps(what: Known, client_id: int, case_ids: tuple[int, ...]) -> bool:
    """Whether nobody knows what became of a change that names the client or one of the cases."""
    return any(
        client_id in one.client_ids or not set(case_ids).isdisjoint(one.case_ids) for one in what.undecided
    )
