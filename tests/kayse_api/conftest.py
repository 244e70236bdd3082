"""What the SDK's tests share: a client against any server, and a sandbox that is begun anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from kayse_admin.kayse_api import KayseClient
from kayse_admin.sandbox.config import Config
from kayse_admin.sandbox.server import Running, running
from tests.kayse_api.support import KEY, Vendor, client_of

MakeClient = Callable[..., KayseClient]


@pytest.fixture
def connect() -> Iterator[MakeClient]:
    """Clients that are closed after the test; deadline in seconds, other keywords as in KayseConfig."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(client_of(url, **options))


@pytest.fixture(scope="session")
def _vendor_process() -> Iterator[Running]:
    with running(Config(api_key=KEY, clients=40)) as server:
        yield server


@pytest.fixture
def vendor(_vendor_process: Running) -> Iterator[Vendor]:
    """The sandbox over real HTTP, begun anew."""
    with httpx.Client(base_url=_vendor_process.base, trust_env=False) as http:
        fresh = Vendor(_vendor_process.url, http)
        fresh.reset()
        yield fresh


@pytest.fixture
def kayse(vendor: Vendor, connect: MakeClient) -> KayseClient:
    """A client of the sandbox."""
    return connect(vendor.url, deadline=10.0)
