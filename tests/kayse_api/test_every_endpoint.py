"""What holds for each of the 15 endpoints, against the sandbox: how it is asked, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from kayse_admin.kayse_api import (
    Applied,
    KayseClient,
    NotSent,
    Outcome,
    RateLimited,
    Rejected,
    Unknown,
    UnknownReason,
)
from kayse_admin.sandbox.app import create_app
from kayse_admin.sandbox.config import Config
from tests.kayse_api.conftest import MakeClient
from tests.kayse_api.support import KEY, NEW_CLIENT, Notebook, Vendor, client_of, lasting_at_most


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: how it travels and how it is called."""

    name: str
    method: str
    path: str
    call: Callable[[KayseClient], Outcome[Any]]

    @property
    def write(self) -> bool:
        return self.method != "GET"


ENDPOINTS = [
    Endpoint("clients.create", "POST", "/v1/clients", lambda k: k.clients.create(NEW_CLIENT)),
    Endpoint("clients.get", "GET", "/v1/clients/3", lambda k: k.clients.get(3)),
    Endpoint("clients.update", "PUT", "/v1/clients/3", lambda k: k.clients.update(3, {"city": "Rome"})),
    Endpoint("clients.delete", "DELETE", "/v1/clients/3", lambda k: k.clients.delete(3)),
    Endpoint(
        "clients.bulk_upsert", "POST", "/v1/clients/bulk", lambda k: k.clients.bulk_upsert([NEW_CLIENT])
    ),
    Endpoint("clients.bulk_delete", "POST", "/v1/clients/bulk_delete", lambda k: k.clients.bulk_delete([3])),
    Endpoint("case_lists.list", "GET", "/v1/case_lists", lambda k: k.case_lists.list()),
    Endpoint("case_lists.create", "POST", "/v1/case_lists", lambda k: k.case_lists.create({"name": "New"})),
    Endpoint(
        "case_lists.bulk_upsert",
        "POST",
        "/v1/case_lists/bulk",
        lambda k: k.case_lists.bulk_upsert([{"name": "New"}]),
    ),
    Endpoint(
        "case_lists.attach",
        "PATCH",
        "/v1/case_lists/2/attach",
        lambda k: k.case_lists.attach(2, include_ids=[1]),
    ),
    Endpoint(
        "case_lists.detach",
        "PATCH",
        "/v1/case_lists/2/detach",
        lambda k: k.case_lists.detach(2, include_ids=[1]),
    ),
    Endpoint(
        "case_lists.append_clients",
        "POST",
        "/v1/case_lists/2/clients/append",
        lambda k: k.case_lists.append_clients(2, [3]),
    ),
    Endpoint(
        "case_lists.remove_clients",
        "POST",
        "/v1/case_lists/2/clients/remove",
        lambda k: k.case_lists.remove_clients(2, [3]),
    ),
    Endpoint(
        "case_lists.duplicate", "POST", "/v1/case_lists/2/duplicate", lambda k: k.case_lists.duplicate(2)
    ),
    Endpoint(
        "case_lists.bulk_delete",
        "POST",
        "/v1/case_lists/bulk_delete",
        lambda k: k.case_lists.bulk_delete([2]),
    ),
]

every = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
writes = pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.write], ids=lambda endpoint: endpoint.name
)


def test_these_are_the_fifteen() -> None:
    assert len(ENDPOINTS) == len({endpoint.name for endpoint in ENDPOINTS}) == 15


@every
def test_one_call_is_one_request(endpoint: Endpoint, vendor: Vendor, connect: MakeClient) -> None:
    gate = Notebook()
    outcome = endpoint.call(connect(vendor.url, gate=gate))
    assert isinstance(outcome, Applied)
    assert outcome.requests == 1
    assert [(one["method"], one["path"]) for one in vendor.arrived()] == [(endpoint.method, endpoint.path)]
    assert [(info.name, info.method, info.attempt) for info in gate.asked] == [
        (endpoint.name, endpoint.method, 1)
    ]
    _, told, failure = gate.notes[0]
    assert failure is None
    assert told is not None
    assert told.rate is not None
    assert (told.rate.limit, told.rate.remaining) == (500, 499)
    assert told.rate.reset_at is not None
    assert told.rate.reset_at > datetime.now(UTC)


@every
def test_sparse_answers_are_enough(endpoint: Endpoint, vendor: Vendor, kayse: KayseClient) -> None:
    vendor.reset(answers="sparse", total="pages")
    assert endpoint.call(kayse).result == "applied"


@every
def test_a_vendor_that_hangs(endpoint: Endpoint, vendor: Vendor, connect: MakeClient) -> None:
    vendor.fault("hang", times=3)
    with lasting_at_most(1.5):
        outcome = endpoint.call(connect(vendor.url, deadline=0.5))
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.write) == (UnknownReason.DEADLINE, endpoint.write)
    assert len(vendor.arrived(endpoint.method)) == 1


@writes
@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_write_that_breaks_off_is_unknown_and_sent_once(
    endpoint: Endpoint, kind: str, vendor: Vendor, kayse: KayseClient
) -> None:
    vendor.fault(kind)
    outcome = endpoint.call(kayse)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.requests) == (UnknownReason.RESET, 1)
    assert [one["applied"] for one in vendor.arrived()] == [kind == "reset_after"]


@writes
@pytest.mark.parametrize("applied", [True, False])
def test_a_5xx_after_a_write_is_unknown_and_sent_once(
    endpoint: Endpoint, applied: bool, vendor: Vendor, kayse: KayseClient
) -> None:
    vendor.fault("status", status=503, apply=applied)
    outcome = endpoint.call(kayse)
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, outcome.status) == (UnknownReason.SERVER_ERROR, 503)
    assert [one["applied"] for one in vendor.arrived()] == [applied]


@every
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "html", "status": 200}, UnknownReason.BAD_BODY),
        ({"kind": "empty"}, UnknownReason.BAD_BODY),
        ({"kind": "cut", "bytes": 3, "keep_length": False}, UnknownReason.BAD_BODY),
        ({"kind": "wrong_json", "body": [1, 2]}, UnknownReason.BAD_BODY),
        ({"kind": "wrong_json", "body": None}, UnknownReason.BAD_BODY),
        ({"kind": "wrong_type", "encoding": "utf-16"}, UnknownReason.BAD_BODY),
        ({"kind": "gzip_bomb", "megabytes": 20}, UnknownReason.TOO_LARGE),
    ],
    ids=["page", "empty", "cut", "array", "null", "utf-16", "bomb"],
)
def test_an_answer_that_cannot_be_read(
    endpoint: Endpoint, fault: dict[str, Any], reason: UnknownReason, vendor: Vendor, kayse: KayseClient
) -> None:
    vendor.fault(**fault)
    outcome = endpoint.call(kayse)
    assert isinstance(outcome, Unknown)
    assert outcome.reason is reason
    assert len(vendor.arrived()) == 1


@every
def test_a_label_that_is_wrong_changes_nothing(
    endpoint: Endpoint, vendor: Vendor, kayse: KayseClient
) -> None:
    vendor.fault("wrong_type")
    assert endpoint.call(kayse).result == "applied"


@every
def test_a_refused_key(endpoint: Endpoint, vendor: Vendor, kayse: KayseClient) -> None:
    vendor.fault("status", status=401)
    outcome = endpoint.call(kayse)
    assert isinstance(outcome, Rejected)
    assert outcome.is_key_refused
    assert len(vendor.arrived()) == 1


@every
def test_the_hourly_limit(endpoint: Endpoint, vendor: Vendor, kayse: KayseClient) -> None:
    vendor.reset(rate_limit=0)
    outcome = endpoint.call(kayse)
    assert isinstance(outcome, RateLimited)
    assert outcome.sent
    assert (
        timedelta(seconds=1)
        <= outcome.until - datetime.now(UTC) + timedelta(seconds=5)
        <= timedelta(seconds=3605)
    )
    assert len(vendor.arrived()) == 1


@every
def test_a_vendor_that_is_not_there(endpoint: Endpoint, connect: MakeClient) -> None:
    outcome = endpoint.call(connect("http://127.0.0.1:1/v1"))
    assert isinstance(outcome, NotSent)
    assert outcome.requests == 3


@every
def test_without_a_network(endpoint: Endpoint) -> None:
    """The sandbox's app inside this process, through httpx.WSGITransport."""
    app = create_app(Config(api_key=KEY, clients=5))
    with client_of("http://sandbox.test/v1", transport=httpx.WSGITransport(app)) as client:
        assert endpoint.call(client).result == "applied"
