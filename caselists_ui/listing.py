"""The list of case lists: at most one request to the vendor, shared by every process for a minute.

Searching, paging and hiding empty lists are the vendor's own. While all its lists fit into one answer, that answer
serves every search without another request; a firm with more lists pays one request for each question. A write drops
everything. When the vendor cannot be asked, the local copy answers and says how old it is.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from caselists_ui import local
from caselists_ui.models import CaseList
from kayse_admin.kayse_api.outcomes import Applied, Outcome
from kayse_admin.kayse_api.schemas import CaseListPage
from kayse_admin.upstream.budget import Purpose
from kayse_admin.upstream.client import client, read
from kayse_admin.upstream.gate import DatabaseGate

#: The most that the vendor puts on a page.
LARGEST = 100
#: A question that got no answer is not asked again for so many seconds.
FAILED_TTL = 10
#: How long a page waits for the answer that another process is fetching before it shows the local copy.
PATIENCE, TICK = 3.0, 0.05
#: Seconds for one look: a page that could as well show the local copy does not wait for the vendor's whole patience.
DEADLINE = 8.0
_GENERATION = "caselists:generation"
#: The highest id of the last answer that held every list, and how long nobody else is likely to have made one since.
WHOLE, WHOLE_KEPT = "caselists:whole", 10 * 60
#: How long it is kept what was known before a list was made: recovery is done with it long before.
BEFORE_KEPT = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Query:
    """One question: words in the name, which page of which size, only lists that have cases."""

    key: str = ""
    page: int = 1
    size: int = 25
    hide_empty: bool = False

    @property
    def first(self) -> int:
        """How many lists come before this page."""
        return (self.page - 1) * self.size


#: The question whose answer may serve all others.
EVERYTHING = Query(size=LARGEST)


@dataclass(frozen=True, slots=True)
class Listing:
    """An answer: the lists of one page, whether more follow, how many there are (None: not known), how old it is.

    `problem` says why it is the local copy and not the vendor's answer; "" when it is the vendor's.
    """

    rows: list[CaseList]
    has_next: bool
    total: int | None
    as_of: datetime | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is cached of one answer: the ids in the vendor's order; the rest is in the local copy."""

    ids: list[int]
    rows: int
    at: float
    problem: str = ""

    @property
    def asked(self) -> datetime:
        return datetime.fromtimestamp(self.at, tz=UTC)


def page(query: Query) -> Listing:
    """The lists that a question finds. Costs one request at most, none within a minute of the same question."""
    early = not query.key and not query.hide_empty and query.first + query.size <= LARGEST
    if early or _known().count() < LARGEST:
        everything = _answer(EVERYTHING)
        if everything is None or everything.problem:
            return _from_copy(query, everything.problem if everything else _BUSY)
        if everything.rows < LARGEST:
            return _filtered(everything, query)
        if early:
            return replace(_filtered(everything, query), has_next=True, total=None)
    answer = _answer(query)
    if answer is None or answer.problem:
        return _from_copy(query, answer.problem if answer else _BUSY)
    return _as_told(answer, query)


_BUSY = "Kayse is being asked just now."


def drop() -> None:
    """Forget every answer: something was changed. Part of the surrounding transaction."""
    cache.set(_GENERATION, uuid.uuid4().hex, None)


def note_before(operation: uuid.UUID) -> None:
    """Keep what is known of all lists before one is made, so that a look can tell the new one from somebody else's."""
    highest = cache.get(WHOLE)
    if highest is not None:
        told = CaseList.objects.aggregate(most=Max("pk"))["most"] or 0
        cache.add(f"caselists:before:{operation}", max(highest, told), BEFORE_KEPT)


def highest_before(operation: uuid.UUID) -> int | None:
    """The highest id that any list had just before this operation made one; None when that was not known."""
    found: int | None = cache.get(f"caselists:before:{operation}")
    return found


def reread(list_id: int, name: str, operation: uuid.UUID | None = None) -> Outcome[CaseListPage]:
    """Ask the vendor once for the list's name and count as they are now, and merge the answer. Costs one request."""
    question = EVERYTHING if _known().count() < LARGEST else replace(EVERYTHING, key=name[:255])
    return _ask(question, operation, list_id)[0]


def look(purpose: Purpose = Purpose.PERSON) -> Outcome[CaseListPage]:
    """Ask for every list, 100 a request, and merge what is told: counts, names, lists that are gone.

    Returns the last outcome with the requests of all: applied means that all were asked for. Where a list is missed in
    a look of several pages, all pages are asked for once more, and it is gone only if they do not show it either.
    """
    return _look(purpose)[0]


def whether_there(
    list_id: int, purpose: Purpose, since: datetime
) -> tuple[Outcome[CaseListPage], bool | None]:
    """Whether Kayse has a list, under whatever name; None when nobody can tell.

    Costs nothing where Kayse has told it since then; one request where one answer holds every list, or where the list
    is found by its name; else a look at all of them.
    """
    here = CaseList.objects.filter(pk=list_id).first()
    if here and max(here.told_at, here.gone_at or here.told_at) > since:
        return Applied(CaseListPage([], 1, None), HTTPStatus.OK, 0, 0, None), here.gone_at is None
    spent = 0
    if here and look_cost() > 1:
        began = timezone.now()
        named = client(purpose).case_lists.list(here.name[:255], 1, LARGEST)
        if not isinstance(named, Applied):
            return named, None
        with transaction.atomic():
            local.remember(named.value.data, began)
        if list_id in {row.id for row in named.value.data}:
            return named, True
        spent = named.requests
    outcome, seen = _look(purpose)
    outcome = replace(outcome, requests=outcome.requests + spent)
    return outcome, list_id in seen if seen is not None else None


def _look(purpose: Purpose) -> tuple[Outcome[CaseListPage], set[int] | None]:
    """The last outcome, and the ids of every list at Kayse: None where not all could be seen and read."""
    began = timezone.now()
    outcome, seen, pages = _walk(purpose)
    if seen is not None and pages > 1 and _missed(seen, began).exists():
        # A list that went in mid-look moves one of the next page onto the one before it, which was seen already.
        first, spent = seen, outcome.requests
        outcome, again, _ = _walk(purpose)
        outcome = replace(outcome, requests=outcome.requests + spent)
        seen = None if again is None else first | again
    if seen is not None:
        _missed(seen, began).update(gone_at=began)
        cache.set(WHOLE, max(seen, default=0), WHOLE_KEPT)
        drop()
    return outcome, seen


def _walk(purpose: Purpose) -> tuple[Outcome[CaseListPage], set[int] | None, int]:
    """Every page once, merged: the last outcome with all requests, the ids that were told, how many pages there were.

    No ids where the pages broke off, or held a row that nobody can read: it may be any list.
    """
    began, seen, pages, requests, whole = timezone.now(), set[int](), 0, 0, True
    for outcome in client(purpose).case_lists.iter_all():
        pages, requests = pages + 1, requests + outcome.requests
        if not isinstance(outcome, Applied):
            whole = False
            break
        whole = whole and not outcome.value.unreadable
        with transaction.atomic():
            local.remember(outcome.value.data, began)
        seen |= {row.id for row in outcome.value.data}
    return replace(outcome, requests=requests), seen if whole else None, pages


def _missed(seen: set[int], began: datetime) -> QuerySet[CaseList]:
    """The lists that are known here and that a look which began then was not told."""
    return _known().exclude(pk__in=seen).filter(told_at__lt=began)


def look_cost() -> int:
    """How many requests a look at every list costs, as far as they are known."""
    return int(_known().count()) // LARGEST + 1


def _known() -> QuerySet[CaseList]:
    return CaseList.objects.filter(gone_at=None)


def _generation() -> str:
    found = cache.get(_GENERATION)
    if found is None:  # asked first: to add takes the database's one lock for writing
        cache.add(_GENERATION, uuid.uuid4().hex, None)
        found = cache.get(_GENERATION, "")
    return str(found)


def _name(query: Query) -> str:
    told = sha256(repr(query).encode()).hexdigest()
    return f"caselists:{_generation()}:{told}"


def _answer(query: Query) -> _Answer | None:
    """The cached answer, or the vendor's; None when another process is asking and takes too long."""
    name = _name(query)
    deadline = time.monotonic() + PATIENCE
    while (found := cache.get(name)) is None:
        if cache.add(f"{name}:asking", True, settings.KAYSE_PERSON_DEADLINE):
            try:
                # Somebody may have answered between the look and the lock.
                found = cache.get(name)
                return _Answer(**found) if found else _ask(query)[1]
            finally:
                cache.delete(f"{name}:asking")
        if time.monotonic() > deadline:
            return None
        time.sleep(TICK)
    return _Answer(**found)


def _ask(
    query: Query, operation: uuid.UUID | None = None, list_id: int | None = None
) -> tuple[Outcome[CaseListPage], _Answer]:
    """Ask the vendor, merge and cache the answer. `operation` marks the count of `list_id` as read after a change."""
    # Named before the vendor is asked: an answer that a write overtakes lands under a name that nobody asks for.
    name, began = _name(query), timezone.now()
    gate = DatabaseGate(Purpose.PERSON)
    outcome = read(
        lambda client: client.with_gate(gate, deadline=DEADLINE).case_lists.list(
            query.key, query.page, query.size, query.hide_empty
        )
    )
    if not isinstance(outcome, Applied):
        answer = _Answer([], 0, began.timestamp(), outcome.sentence)
        cache.set(name, asdict(answer), FAILED_TTL)
        return outcome, answer
    _merge(query, outcome.value, began, operation, list_id)
    answer = _Answer([row.id for row in outcome.value.data], outcome.value.rows, began.timestamp())
    cache.set(name, asdict(answer), settings.KAYSE_LISTS_TTL)
    return outcome, answer


def _merge(
    query: Query, found: CaseListPage, began: datetime, operation: uuid.UUID | None, list_id: int | None
) -> None:
    with transaction.atomic():
        if operation:
            local.remember([row for row in found.data if row.id == list_id], began, operation)
        local.remember([row for row in found.data if not operation or row.id != list_id], began)
        if query == EVERYTHING and found.rows < LARGEST and not found.unreadable:
            missed = _known().exclude(pk__in=[row.id for row in found.data])
            missed.filter(told_at__lt=began).update(gone_at=began)
            cache.set(WHOLE, max((row.id for row in found.data), default=0), WHOLE_KEPT)


def _ordered(ids: Iterable[int]) -> list[CaseList]:
    found = CaseList.objects.in_bulk(list(ids))
    return [found[pk] for pk in ids if pk in found]


def _as_told(answer: _Answer, query: Query) -> Listing:
    """A page as the vendor cut it. Its `total` may count lists or pages, so a full page means that more may follow."""
    full = answer.rows >= query.size
    total = None if full else query.first + answer.rows
    return Listing(_ordered(answer.ids), full, total, answer.asked)


def _filtered(everything: _Answer, query: Query) -> Listing:
    """Any question answered out of the one answer that holds every list, as the vendor would."""
    found = set(_matching(CaseList.objects.filter(pk__in=everything.ids), query))
    return _cut([pk for pk in everything.ids if pk in found], query, everything.asked)


def _from_copy(query: Query, problem: str) -> Listing:
    """The local copy's answer, as old as the oldest of its rows."""
    found = _cut(_matching(_known().order_by("id"), query), query, None)
    return replace(found, as_of=min((row.told_at for row in found.rows), default=None), problem=problem)


def _matching(lists: QuerySet[CaseList], query: Query) -> list[int]:
    """The ids of those that a search finds; thousands of names are looked at without making objects of them."""
    if query.hide_empty:
        lists = lists.exclude(case_count=0)
    if not query.key:
        return list(lists.values_list("pk", flat=True))
    key = query.key.casefold()
    return [pk for pk, name in lists.values_list("pk", "name") if key in name.casefold()]


def _cut(ids: list[int], query: Query, as_of: datetime | None) -> Listing:
    shown = _ordered(ids[query.first : query.first + query.size])
    return Listing(shown, len(ids) > query.first + query.size, len(ids), as_of)
