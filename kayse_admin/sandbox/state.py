"""What the endpoints of one running sandbox share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app

from .config import Config, Switches
from .faults import Faults
from .journal import Journal
from .seed import seed
from .store import Store


@dataclass(slots=True)
class Sandbox:
    """One sandbox. ``switches`` changes while it runs; ``clock`` may be replaced by a test."""

    config: Config
    store: Store
    switches: Switches
    faults: Faults
    journal: Journal
    clock: Callable[[], float]

    def reset(self, clients: int, switches: Switches) -> None:
        """Start again: new seed, full limit, no faults, nothing in the journal."""
        with self.store.transaction():
            self.store.clear()
            seed(self.store, clients)
        self.switches = switches
        self.faults.clear()
        self.journal.clear()


def open_sandbox(config: Config) -> Sandbox:
    """Open the store and fill it if it never was."""
    store = Store(config.store)
    seed(store, config.clients)
    return Sandbox(config, store, config.switches, Faults(), Journal(), config.clock)


def this_sandbox() -> Sandbox:
    """The sandbox of the app that handles the current request."""
    sandbox: Sandbox = current_app.extensions["sandbox"]
    return sandbox
