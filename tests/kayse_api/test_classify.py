"""What each exception of httpx and httpcore means: a table."""

from __future__ import annotations

import logging
import time
import zlib

import httpcore
import httpx
import pytest

from kayse_admin.kayse_api import NotSentReason as R
from kayse_admin.kayse_api import UnknownReason as U
from kayse_admin.kayse_api.errors import NeverSent, NoUsableAnswer
from kayse_admin.kayse_api.network import NameNotResolved
from kayse_admin.kayse_api.transport import classify

BOTH = {
    "PoolTimeout": R.POOL_FULL,
    "ConnectTimeout": R.CONNECT_TIMEOUT,
    "ConnectError": R.REFUSED,
    "ReadTimeout": U.TIMEOUT,
    "WriteTimeout": U.TIMEOUT,
    "TimeoutException": U.TIMEOUT,
    "ReadError": U.RESET,
    "WriteError": U.RESET,
    "NetworkError": U.RESET,
    "RemoteProtocolError": U.RESET,
    "LocalProtocolError": U.RESET,
    "ProtocolError": U.RESET,
}


@pytest.mark.parametrize("module", [httpx, httpcore], ids=lambda module: module.__name__)
@pytest.mark.parametrize(("name", "reason"), BOTH.items())
def test_of_both_libraries(module: object, name: str, reason: R | U) -> None:
    error = classify(getattr(module, name)("text"), time.monotonic() + 60)
    assert isinstance(error, NeverSent if isinstance(reason, R) else NoUsableAnswer)
    assert error.reason is reason


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (NameNotResolved("x"), R.DNS),
        (zlib.error("x"), U.BAD_BODY),
        (httpx.UnsupportedProtocol("x"), U.INTERNAL),
        (RuntimeError("x"), U.INTERNAL),
        (ValueError("x"), U.INTERNAL),
    ],
)
def test_of_others(raised: Exception, reason: R | U) -> None:
    assert classify(raised, time.monotonic() + 60).reason is reason


def test_after_the_deadline_a_timeout_is_the_deadlines() -> None:
    past = time.monotonic() - 1
    assert classify(httpcore.ReadTimeout(), past).reason is U.DEADLINE
    assert classify(httpcore.ReadError(), past).reason is U.RESET
    assert classify(httpcore.PoolTimeout(), past).reason is R.POOL_FULL


def test_the_unexpected_is_logged_by_its_type_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        classify(RuntimeError("quotes the request"), time.monotonic() + 60)
    assert "RuntimeError" in caplog.text
    assert "quotes the request" not in caplog.text
