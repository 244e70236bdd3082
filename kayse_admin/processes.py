"""Processes: work on many things in several at once, and one that works through many rows for long."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

import django
from django.db import connection

Item = TypeVar("Item")
Result = TypeVar("Result")

#: So many items for each process wait for it, so that it never waits for them; no more, however many there are.
AHEAD = 4


#: New objects between two looks for garbage; Python's own 700 are a few rows. A spent request hangs in a circle, with
#: all of its rows: ten times as many objects cost nothing less, and a fifth more memory.
BETWEEN_LOOKS = 5_000


def settle_in() -> None:
    """Spare a process that handles many rows the collector's walks over what stays, and over each few hundred rows."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(BETWEEN_LOOKS, *gc.get_threshold()[1:])


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with what `work` says of it, in the order of the items; one process: here, without starting any.

    `work` is a function of a module, which reads and does not write; items and results are sent by pickle. What it
    raises is raised here. Whoever stops asking stops the processes.
    """
    if processes < 2:
        yield from ((item, work(item)) for item in items)
        return
    rest, under_way = iter(items), deque[tuple[Item, Future[Result]]]()
    name = str(connection.settings_dict["NAME"])
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (name,))
    try:
        while True:
            for item in islice(rest, processes * AHEAD - len(under_way)):
                under_way.append((item, pool.submit(work, item)))
            if not under_way:
                return
            item, told = under_way.popleft()
            yield item, told.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(name: str) -> None:
    """In the new process: the same settings, and the same database."""
    django.setup()
    connection.settings_dict["NAME"] = name
