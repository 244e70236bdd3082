"""Many lists at once, as a job: a request for all of them where the vendor's API has one, else one for each.

What is to be done with each list is planned first (`plan`), the same way for the page that asks and for the job. A list
that is left out stays in the job as a row that says why, so that the numbers add up.
Vendor page: "Case Lists" (bulk, bulk_delete, duplicate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from caselists_ui import in_use, labels, ledger, listing, services
from caselists_ui.definition import LENGTHS, Definition
from caselists_ui.known import Known
from caselists_ui.models import CaseList
from caselists_ui.words import Labels

#: Most lists in one go: what a page of the index holds.
MOST = 100
#: The numbers of cases are read anew afterwards where that costs no more requests than this.
MOST_READS = 3


class Do(StrEnum):
    """What can be done with many lists; the value is that of the button."""

    DUPLICATE = "duplicate"
    DELETE = "delete"
    RENAME = "rename"
    OBO = "obo"

    @property
    def is_set(self) -> bool:
        """Whether it sets the lists anew, so that members that were changed by hand have to travel."""
        return self in (Do.RENAME, Do.OBO)


@dataclass(frozen=True, slots=True)
class How:
    """What is asked for. `accepted`: also lists of which it is not known what a set makes of their members."""

    do: Do
    take_off: str = ""
    put_on: str = ""
    is_obo: bool | None = None
    accepted: bool = False

    @property
    def words(self) -> str:
        """The title of the job: "Rename many case lists"."""
        return {
            Do.DUPLICATE: "Duplicate many case lists",
            Do.DELETE: "Delete many case lists",
            Do.RENAME: "Rename many case lists",
            Do.OBO: f"Mark many case lists as {'' if self.is_obo else 'not '}on behalf of",
        }[self.do]


@dataclass(frozen=True, slots=True)
class Planned:
    """What happens to one list: `body` is what is sent of it, `left_out` says why nothing is."""

    pk: int
    name: str
    cases: int | None = None
    body: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    #: The state of the list from which this was planned (`mark`).
    mark: str = ""
    #: The definition and the changes on top of it that a copy takes with it; {} when they are not known.
    copied: dict[str, Any] = field(default_factory=dict)
    left_out: str = ""
    #: It is left out unless somebody accepts the risk.
    is_risk: bool = False

    @property
    def new_name(self) -> str:
        """The name that it gets, when it gets another."""
        name = str(self.body.get("name", ""))
        return "" if name == self.name else name


def plan(ids: Iterable[int], how: How) -> list[Planned]:
    """What happens to each of these lists, in their order; the number of queries does not grow with them.

    Raises ValueError for more than `MOST` of them.
    """
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > MOST:
        raise ValueError(f"at most {MOST} lists in one go")
    lists = CaseList.objects.filter(gone_at=None).in_bulk(wanted)
    used = {} if how.do is Do.DUPLICATE else in_use.of_many(lists)
    known, names = ledger.known_of(lists), labels.current()
    found = []
    for pk in wanted:
        if pk not in lists:
            found.append(Planned(pk, f"List {pk}", left_out="Not known here, or deleted."))
            continue
        one = _planned(lists[pk], known[pk], how, names)
        if pk in used:
            one = replace(one, left_out=f"{in_use.words(used[pk])}: do it on its own page.", is_risk=False)
        found.append(one)
    return found


def _copied(known: Known) -> dict[str, Any]:
    if known.definition is None:
        return {}
    return {"definition": known.definition.export(), "steps": [step.record for step in known.steps]}


def mark(lists: CaseList, known: Known) -> str:
    """Names the state of a list by all that a plan rests on: its name, its version, the changes since."""
    return f"{known.mark}.{int(known.doubtful)} {lists.name}"


def changed(plans: Mapping[int, str], *, though_used: bool) -> dict[int, str]:
    """The lists (id: their mark when it was planned) that are not as they were planned, and why; locks them.

    `though_used`: also a list that a campaign uses may go out.
    """
    lists = CaseList.objects.select_for_update().filter(gone_at=None).order_by("pk").in_bulk(plans)
    used = {} if though_used else in_use.of_many(lists)
    known = ledger.known_of(lists)
    found = {}
    for pk, planned in plans.items():
        if pk in used:
            found[pk] = f"{in_use.CHANGED}: {in_use.words(used[pk])}."
        elif pk not in lists or mark(lists[pk], known[pk]) != planned:
            found[pk] = f"{in_use.CHANGED}."
    return found


def _planned(lists: CaseList, known: Known, how: How, names: Labels) -> Planned:
    carried = known.carried
    before = services.recorded(carried, names) if carried else {"name": lists.name}
    one = Planned(
        lists.pk, lists.name, lists.case_count, before=before, mark=mark(lists, known), copied=_copied(known)
    )
    if not how.do.is_set:
        return one
    definition = carried or Definition(lists.name, lists.description or "")
    if how.do is Do.OBO:
        wanted = replace(definition, is_obo=how.is_obo)
    else:
        # A flag that was switched off is not switched off again.
        wanted = replace(definition, name=_renamed(lists.name, how), is_obo=definition.is_obo or None)
    one = replace(one, body=wanted.payload(carried))
    risk = _risk(known)
    if wrong := _wrong_name(lists.name, wanted.name) if how.do is Do.RENAME else "":
        return replace(one, left_out=wrong)
    return replace(one, left_out="" if how.accepted else risk, is_risk=bool(risk))


def _renamed(name: str, how: How) -> str:
    return f"{how.put_on}{name.removeprefix(how.take_off) if how.take_off else name}".strip()


def _wrong_name(old: str, new: str) -> str:
    if new == old:
        return "It keeps its name."
    if not new:
        return "No name would be left."
    return (
        f"The name would be longer than {LENGTHS['name']} characters." if len(new) > LENGTHS["name"] else ""
    )


def _risk(known: Known) -> str:
    """Why nobody knows what a set makes of the members; "" when they are carried."""
    if known.definition is None:
        return "Its definition is not known here: Kayse sets the list anew, and may replace its members."
    if known.unsure:
        return "The outcome of an earlier change is not known, so its definition may be another."
    if many := len(known.undecided):
        changes = "change of members was" if many == 1 else "changes of members were"
        return f"Whether {many} {changes} done is not known: edit it on its own page to say what is to be."
    if many := len(known.beyond):
        changes = "change" if many == 1 else "changes"
        return f"{many} {changes} by filter or by client would be lost: edit it on its own page to do them again."
    return ""


def reads(many: int) -> int:
    """How many requests it takes to read the numbers of so many lists anew; 0 where they are too many."""
    cost = min(many, listing.look_cost())
    return cost if cost <= MOST_READS else 0


def cost(do: Do, many: int) -> str:
    """What it costs for so many lists, part by part."""
    if do is Do.DELETE:
        return "Costs 1 request."
    requests = many if do is Do.DUPLICATE else 1
    parts = (
        f"one for each {'copy' if do is Do.DUPLICATE else ''}".strip() if do is Do.DUPLICATE else "the change"
    )
    again = reads(many)
    if not again:
        words = "The new numbers of cases are read with the next look at all lists."
        return f"Costs {requests} request{'' if requests == 1 else 's'}: {parts}. {words}"
    return f"Costs {requests + again} requests: {parts}, and {again} to read the new numbers of cases."
