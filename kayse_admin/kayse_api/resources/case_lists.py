"""Case lists: the nine endpoints of the vendor's page "Case Lists"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeVar

from kayse_admin.kayse_api import arguments, reading
from kayse_admin.kayse_api.exchange import Call, Exchange
from kayse_admin.kayse_api.outcomes import Applied, Outcome, Unknown, UnknownReason
from kayse_admin.kayse_api.schemas import (
    CaseList,
    CaseListPage,
    ClientsMatched,
    Deleted,
    Duplicated,
    ListOperation,
    Upserted,
)

T = TypeVar("T")

MAX_PAGES = 100

# Inside the class, `list` is the endpoint.
ManyUpserted: TypeAlias = list[Upserted]


class CaseLists:
    """`client.case_lists`. Each method but `iter_all` costs one request.

    All raise ArgumentError before they send nonsense.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def list(
        self, key: str = "", page: int = 1, page_size: int = 25, hide_empty: bool = False
    ) -> Outcome[CaseListPage]:
        """GET /v1/case_lists. `key` searches in the name; page_size is 1..100."""
        params = arguments.paging(key, page, page_size, hide_empty)
        return self._exchange.call(
            Call("case_lists.list", "GET", "/case_lists", partial(reading.page, asked=page), params=params)
        )

    def iter_all(self, key: str = "", hide_empty: bool = False) -> Iterator[Outcome[CaseListPage]]:
        """Every page in turn, 100 lists each, one request a page.

        Ends after a page with fewer than 100 rows, or after the first result that is not Applied: only
        when the last one is Applied were all lists seen. A server that never ends (a full page without
        anything new, or 100 pages) ends in Unknown(endless). `total` is not believed.
        """
        seen: set[int] = set()
        for number in range(1, MAX_PAGES + 1):
            outcome = self.list(key, number, arguments.MAX_PAGE_SIZE, hide_empty)
            yield outcome
            if not isinstance(outcome, Applied) or outcome.value.rows < arguments.MAX_PAGE_SIZE:
                return
            ids = {row.id for row in outcome.value.data}
            if ids <= seen:
                break
            seen |= ids
        yield Unknown(UnknownReason.ENDLESS, None, 0, 0, write=False)

    def create(self, definition: Mapping[str, Any]) -> Outcome[CaseList]:
        """POST /v1/case_lists. The vendor requires `name`; `case_count` comes back."""
        body = arguments.fields(definition, "definition")
        return self._exchange.call(Call("case_lists.create", "POST", "/case_lists", CaseList.read, body=body))

    def bulk_upsert(self, definitions: Iterable[Mapping[str, Any]]) -> Outcome[ManyUpserted]:
        """POST /v1/case_lists/bulk. A definition with an `id` replaces that list's; it is how one is edited.

        Applied means that the answer accounts for every definition that was sent.
        """
        lists = arguments.rows(definitions, "lists", self._exchange.max_rows)
        asked = [row.get("id") for row in lists]
        return self._exchange.call(
            Call(
                "case_lists.bulk_upsert",
                "POST",
                "/case_lists/bulk",
                partial(reading.upserted, asked=asked),
                body={"lists": lists},
                bulk=len(lists) > 1,
            )
        )

    def attach(
        self,
        id: int,
        filter: Mapping[str, Any] | None = None,
        include_ids: Iterable[int] | None = None,
        exclude_ids: Iterable[int] | None = None,
    ) -> Outcome[ListOperation]:
        """PATCH /v1/case_lists/{id}/attach: adds the cases of a filter, of `include_ids`, or of both."""
        body = arguments.membership(filter, include_ids, exclude_ids)
        return self._on_list(id, "attach", "PATCH", "attach", reading.operation, body)

    def detach(
        self,
        id: int,
        filter: Mapping[str, Any] | None = None,
        include_ids: Iterable[int] | None = None,
        exclude_ids: Iterable[int] | None = None,
    ) -> Outcome[ListOperation]:
        """PATCH /v1/case_lists/{id}/detach: takes those cases off; conditions as for `attach`."""
        body = arguments.membership(filter, include_ids, exclude_ids)
        return self._on_list(id, "detach", "PATCH", "detach", reading.operation, body)

    def append_clients(self, id: int, client_ids: Iterable[int]) -> Outcome[ClientsMatched]:
        """POST /v1/case_lists/{id}/clients/append: adds all cases of these clients."""
        body = {"client_ids": arguments.many_ids(client_ids, "client_ids", self._exchange.max_rows)}
        return self._on_list(id, "append_clients", "POST", "clients/append", reading.matched, body)

    def remove_clients(self, id: int, client_ids: Iterable[int]) -> Outcome[ClientsMatched]:
        """POST /v1/case_lists/{id}/clients/remove: takes all cases of these clients off."""
        body = {"client_ids": arguments.many_ids(client_ids, "client_ids", self._exchange.max_rows)}
        return self._on_list(id, "remove_clients", "POST", "clients/remove", reading.matched, body)

    def duplicate(self, id: int) -> Outcome[Duplicated]:
        """POST /v1/case_lists/{id}/duplicate: a copy with its filter and its members."""
        return self._on_list(id, "duplicate", "POST", "duplicate", reading.duplicated, None)

    def bulk_delete(self, ids: Iterable[int]) -> Outcome[Deleted]:
        """POST /v1/case_lists/bulk_delete."""
        list_ids = arguments.many_ids(ids, "ids", self._exchange.max_rows)
        return self._exchange.call(
            Call(
                "case_lists.bulk_delete",
                "POST",
                "/case_lists/bulk_delete",
                reading.deleted,
                body={"ids": list_ids},
                bulk=len(list_ids) > 1,
            )
        )

    def _on_list(
        self,
        id: int,
        name: str,
        method: str,
        tail: str,
        parse: Callable[[object, int], T],
        body: Mapping[str, Any] | None,
    ) -> Outcome[T]:
        path = f"/case_lists/{arguments.one_id(id)}/{tail}"
        return self._exchange.call(
            Call(f"case_lists.{name}", method, path, lambda raw: parse(raw, id), body=body)
        )
