"""Nonsense is refused before anything is sent, with an error that does not quote the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from kayse_admin.kayse_api import ArgumentError, KayseClient
from kayse_admin.kayse_api import errors as e
from kayse_admin.kayse_api.schemas import MAX_ID
from tests.kayse_api.support import Notebook, client_of, value_of

Use = Callable[[KayseClient], Any]

NO_IDS: list[Any] = [0, -1, MAX_ID + 1, 10**400, True, "1", "٣", 1.0, None, [1]]


@dataclass(frozen=True)
class Seen:
    """What arrived at the vendor."""

    query: str
    body: bytes


@pytest.fixture
def seen() -> list[Seen]:
    return []


@pytest.fixture
def gate() -> Notebook:
    return Notebook()


@pytest.fixture
def kayse(seen: list[Seen], gate: Notebook) -> KayseClient:
    """A client whose vendor only writes down what it gets."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        seen.append(Seen(environ["QUERY_STRING"], environ["wsgi.input"].read(length)))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"id": 1, "data": [], "deleted_ids": [], "action": "attach", "clients": []}']

    return client_of("http://vendor.test/v1", transport=httpx.WSGITransport(app), gate=gate, max_rows=3)


USES_OF_IDS: dict[str, Callable[[KayseClient, Any], Any]] = {
    "clients.get": lambda k, id: k.clients.get(id),
    "clients.update": lambda k, id: k.clients.update(id, {"city": "Rome"}),
    "clients.delete": lambda k, id: k.clients.delete(id),
    "clients.bulk_delete": lambda k, id: k.clients.bulk_delete([1, id]),
    "clients.bulk_upsert": lambda k, id: k.clients.bulk_upsert([{"id": id}]),
    "case_lists.attach": lambda k, id: k.case_lists.attach(id, include_ids=[1]),
    "case_lists.attach cases": lambda k, id: k.case_lists.attach(1, include_ids=[id]),
    "case_lists.attach all but": lambda k, id: k.case_lists.attach(1, {"a": 1}, exclude_ids=[id]),
    "case_lists.detach": lambda k, id: k.case_lists.detach(id, include_ids=[1]),
    "case_lists.append_clients": lambda k, id: k.case_lists.append_clients(id, [1]),
    "case_lists.append_clients clients": lambda k, id: k.case_lists.append_clients(1, [id]),
    "case_lists.remove_clients": lambda k, id: k.case_lists.remove_clients(id, [1]),
    "case_lists.duplicate": lambda k, id: k.case_lists.duplicate(id),
    "case_lists.bulk_upsert": lambda k, id: k.case_lists.bulk_upsert([{"id": id, "name": "A"}]),
    "case_lists.bulk_delete": lambda k, id: k.case_lists.bulk_delete([id]),
}


@pytest.mark.parametrize("identity", NO_IDS, ids=lambda value: repr(value)[:12])
@pytest.mark.parametrize("use", USES_OF_IDS.values(), ids=USES_OF_IDS.keys())
def test_ids(
    use: Callable[[KayseClient, Any], Any],
    identity: Any,
    kayse: KayseClient,
    seen: list[Seen],
    gate: Notebook,
) -> None:
    with pytest.raises(e.InvalidId):
        use(kayse, identity)
    assert (seen, gate.asked) == ([], [])


REFUSED: list[tuple[type[ArgumentError], Use]] = [
    (e.EmptyArgument, lambda k: k.clients.create({})),
    (e.EmptyArgument, lambda k: k.clients.update(1, {})),
    (e.EmptyArgument, lambda k: k.clients.bulk_upsert([])),
    (e.EmptyArgument, lambda k: k.clients.bulk_upsert([{}])),
    (e.EmptyArgument, lambda k: k.clients.bulk_delete([])),
    (e.EmptyArgument, lambda k: k.case_lists.create({})),
    (e.EmptyArgument, lambda k: k.case_lists.bulk_upsert([])),
    (e.EmptyArgument, lambda k: k.case_lists.bulk_delete([])),
    (e.EmptyArgument, lambda k: k.case_lists.append_clients(1, [])),
    (e.EmptyArgument, lambda k: k.case_lists.remove_clients(1, [])),
    (e.EmptyArgument, lambda k: k.case_lists.attach(1, include_ids=[])),
    (e.EmptyArgument, lambda k: k.case_lists.attach(1, {"a": 1}, exclude_ids=[])),
    # A filter without keys would be every case of the firm.
    (e.EmptyArgument, lambda k: k.case_lists.attach(1, {})),
    (e.EmptyArgument, lambda k: k.case_lists.detach(1, {}, include_ids=[1])),
    (e.MissingFilter, lambda k: k.case_lists.attach(1)),
    (e.MissingFilter, lambda k: k.case_lists.detach(1)),
    (e.MissingFilter, lambda k: k.case_lists.attach(1, exclude_ids=[1])),
    (e.MissingFilter, lambda k: k.case_lists.detach(1, include_ids=[1], exclude_ids=[2])),
    (e.TooMany, lambda k: k.clients.bulk_upsert([{"id": 1}] * 4)),
    (e.TooMany, lambda k: k.clients.bulk_delete([1, 2, 3, 4])),
    (e.TooMany, lambda k: k.case_lists.bulk_upsert([{"name": "A"}] * 4)),
    (e.TooMany, lambda k: k.case_lists.append_clients(1, range(1, 5))),
    (e.InvalidPage, lambda k: k.case_lists.list(page=0)),
    (e.InvalidPage, lambda k: k.case_lists.list(page=True)),
    (e.InvalidPage, lambda k: k.case_lists.list(page=MAX_ID + 1)),
    (e.InvalidPage, lambda k: k.case_lists.list(page="1")),  # type: ignore[arg-type]
    (e.InvalidPage, lambda k: k.case_lists.list(page_size=0)),
    (e.InvalidPage, lambda k: k.case_lists.list(page_size=101)),
    (e.InvalidPage, lambda k: k.case_lists.list(page_size=True)),
    (e.NotSendable, lambda k: k.case_lists.list("x" * 501)),
    (e.NotSendable, lambda k: k.case_lists.list("\ud800")),
    (e.NotSendable, lambda k: k.case_lists.list(None)),  # type: ignore[arg-type]
    (e.NotSendable, lambda k: k.clients.create({"first_name": "\ud800"})),
    (e.NotSendable, lambda k: k.clients.create({"first_name": float("nan")})),
    (e.NotSendable, lambda k: k.clients.create({"first_name": float("inf")})),
    (e.NotSendable, lambda k: k.clients.create({"date_of_birth": date(1990, 1, 1)})),
    (e.NotSendable, lambda k: k.clients.create({"first_name": b"Ada"})),
    (e.NotSendable, lambda k: k.clients.create({1: "Ada"})),  # type: ignore[dict-item]
    (e.NotSendable, lambda k: k.clients.create([("first_name", "Ada")])),  # type: ignore[arg-type]
    (e.NotSendable, lambda k: k.clients.create({"first_name": nested(100_000)})),
    (e.NotSendable, lambda k: k.clients.bulk_upsert({"id": 1})),  # type: ignore[dict-item]
    (e.NotSendable, lambda k: k.clients.bulk_upsert(["x"])),  # type: ignore[list-item]
    (e.InvalidId, lambda k: k.clients.bulk_upsert([{"id": None}])),
    (e.InvalidId, lambda k: k.clients.bulk_delete("12")),  # type: ignore[arg-type]
    (e.InvalidId, lambda k: k.clients.bulk_delete({1: 2})),
]


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(("kind", "use"), REFUSED)
def test_refused(
    kind: type[ArgumentError], use: Use, kayse: KayseClient, seen: list[Seen], gate: Notebook
) -> None:
    with pytest.raises(kind) as refusal:
        use(kayse)
    assert (seen, gate.asked) == ([], [])
    assert isinstance(refusal.value, ValueError)
    assert refusal.value.sentence
    assert not any(word in str(refusal.value) for word in ("Ada", "1990", "\ud800"))


@pytest.mark.parametrize(
    ("use", "query"),
    [
        (lambda k: k.case_lists.list(), "page=1&page_size=25"),
        (
            lambda k: k.case_lists.list("a&b=ü", 2, 100, True),
            "page=2&page_size=100&key=a%26b%3D%C3%BC&hide_empty=true",
        ),
        (lambda k: k.case_lists.list("\x00\n"), "page=1&page_size=25&key=%00%0A"),
    ],
)
def test_the_query_string(use: Use, query: str, kayse: KayseClient, seen: list[Seen]) -> None:
    value_of(use(kayse))
    assert seen[0].query == query


def test_any_iterable_and_any_mapping_will_do(kayse: KayseClient, seen: list[Seen]) -> None:
    value_of(kayse.clients.bulk_delete(iter([1, 2]), force=True))
    value_of(kayse.clients.bulk_upsert(MappingProxyType({"id": id}) for id in (1, 2)))
    assert [one.body for one in seen] == [
        b'{"client_ids":[1,2],"force":true}',
        b'{"clients":[{"id":1},{"id":2}]}',
    ]


def test_text_travels_as_utf8(kayse: KayseClient, seen: list[Seen]) -> None:
    kayse.clients.create({"first_name": "José 😀"})
    assert seen[0].body == '{"first_name":"José 😀"}'.encode()


def test_more_cases_than_rows_may_be_attached(kayse: KayseClient, seen: list[Seen]) -> None:
    value_of(kayse.case_lists.attach(1, include_ids=range(1, 1001)))
    assert len(seen) == 1
