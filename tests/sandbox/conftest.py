"""A sandbox in this process for the endpoints' behaviour, and one behind a real socket for the network's."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from flask import Flask

from kayse_admin.sandbox.app import create_app
from kayse_admin.sandbox.config import Config
from kayse_admin.sandbox.server import Running, running
from kayse_admin.sandbox.state import Sandbox

from .helpers import CLIENTS, Api


@pytest.fixture(scope="session")
def _app() -> Iterator[Flask]:
    app = create_app(Config(clients=CLIENTS))
    yield app
    app.extensions["sandbox"].store.close()


@pytest.fixture
def app(_app: Flask) -> Flask:
    """The app with its seed as new, its switches as at the start and the right time."""
    sandbox: Sandbox = _app.extensions["sandbox"]
    sandbox.reset(CLIENTS, sandbox.config.switches)
    sandbox.clock = sandbox.config.clock
    return _app


@pytest.fixture
def inside(app: Flask) -> Sandbox:
    """The shared state of that app: store, switches, clock."""
    sandbox: Sandbox = app.extensions["sandbox"]
    return sandbox


@pytest.fixture
def api(app: Flask) -> Iterator[Api]:
    """A caller of that app with the right key."""
    with Api(httpx.WSGITransport(app), "http://sandbox") as api:
        yield api


@pytest.fixture(scope="session")
def served() -> Iterator[Running]:
    """One sandbox behind a socket for all tests of this package."""
    with running(Config(clients=CLIENTS)) as server:
        yield server


@pytest.fixture
def live(served: Running) -> Iterator[Api]:
    """A caller over the socket; the sandbox begins anew for each test."""
    with Api(httpx.HTTPTransport(), served.base) as api:
        api.control("POST", "/reset", {})
        yield api
