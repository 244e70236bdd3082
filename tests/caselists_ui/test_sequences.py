"""Random sequences of changes through the dashboard: the sandbox's members are those of a model."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui import ledger
from caselists_ui.ledger import Step
from caselists_ui.summary import loss
from caselists_ui.words import Labels
from kayse_admin.audit.actions import Action
from kayse_admin.audit.models import Event, Stage
from tests.caselists_ui.helpers import confirmed, form, pk_of
from tests.caselists_ui.test_edit import opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
STEPS = 30


class Model:
    """Who is on a list, by the vendor's rules: what matches the filter, and the latest gesture about each case."""

    def __init__(self, cases: list[dict[str, Any]]) -> None:
        self.cases = cases
        self.lists: dict[int, tuple[dict[str, list[int]], dict[int, bool]]] = {}

    def matching(self, filter_: dict[str, list[int]]) -> set[int]:
        keys = {"case_type_ids": "case_type_id", "status_ids": "status_id"}
        if not any(filter_.values()):
            return set()
        return {
            case["id"]
            for case in self.cases
            if all(case[keys[key]] in wanted for key, wanted in filter_.items() if wanted)
        }

    def of_clients(self, clients: list[int]) -> set[int]:
        return {case["id"] for case in self.cases if set(case["client_ids"]) & set(clients)}

    def define(self, pk: int, filter_: dict[str, list[int]], include: list[int], exclude: list[int]) -> None:
        self.lists[pk] = (filter_, dict.fromkeys(include, True) | dict.fromkeys(exclude, False))

    def put(self, pk: int, cases: set[int], member: bool) -> None:
        self.lists[pk][1].update(dict.fromkeys(cases, member))

    def replay(self, pk: int, step: Step) -> None:
        into = step.action in (Action.CASE_LIST_ATTACH, Action.CASE_LIST_APPEND_CLIENTS)
        if step.client_ids:
            return self.put(pk, self.of_clients(list(step.client_ids)), into)
        chosen = step.selection
        cases = (self.matching(chosen.filter) | set(chosen.include_ids)) - set(chosen.exclude_ids)
        return self.put(pk, cases, into)

    def members(self, pk: int) -> list[int]:
        filter_, by_hand = self.lists[pk]
        found = self.matching(filter_) | {case for case, member in by_hand.items() if member}
        real = {case["id"] for case in self.cases}
        return sorted((found - {case for case, member in by_hand.items() if not member}) & real)


class Player:
    """Makes random changes through the dashboard and in the model."""

    def __init__(self, sandbox: Sandbox, browser: Browser, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sandbox, self.browser = sandbox, browser
        self.model = Model(sandbox.http.get("/_sandbox/cases").json()["cases"])
        self.done = 0

    def ids(self, most: int = 4) -> list[int]:
        return self.dice.sample([case["id"] for case in self.model.cases], self.dice.randint(1, most))

    def clients(self) -> list[int]:
        return self.dice.sample(range(1, 61), self.dice.randint(1, 3))

    def filter(self) -> dict[str, list[int]]:
        types = self.dice.sample([10, 12, 15, 18, 21, 25, 28, 31], self.dice.randint(0, 2))
        statuses = self.dice.sample(
            [20, 22, 24, 26, 28, 30, 32, 35, 40], self.dice.randint(0 if types else 1, 3)
        )
        found = {"case_type_ids": types, "status_ids": statuses}
        return {key: ids for key, ids in found.items() if ids}

    @staticmethod
    def fields(filter_: dict[str, list[int]]) -> dict[str, Any]:
        return {
            "other_types": " ".join(map(str, filter_.get("case_type_ids", []))),
            "other_statuses": " ".join(map(str, filter_.get("status_ids", []))),
            "case_types": [],
            "statuses": [],
        }

    def post(self, path: str, values: dict[str, Any]) -> Any:
        response = self.browser.post(f"/case-lists/{path}", values)
        assert response.status_code == 303, response.content.decode()
        self.done += 1
        return response

    def create(self) -> None:
        filter_ = self.dice.choice([{}, self.filter()])
        include, exclude = self.ids(), self.ids() if filter_ else []
        values = form(
            name=f"List {self.done}",
            include_ids=" ".join(map(str, include)),
            exclude_ids=", ".join(map(str, exclude)),
            **self.fields(filter_),
        )
        # An id in both is out: say it so in the model too.
        self.model.define(pk_of(self.post("new/", values)), filter_, include, exclude)

    def cases(self, pk: int) -> None:
        verb = self.dice.choice(["attach", "detach"])
        filter_ = self.dice.choice([{}, self.filter()])
        include, exclude = self.ids(), self.ids() if filter_ else []
        values = {"include_ids": "\n".join(map(str, include)), "exclude_ids": " ".join(map(str, exclude))}
        self.post(f"{pk}/{verb}/", confirmed(**values, **self.fields(filter_)))
        chosen = (self.model.matching(filter_) | set(include)) - set(exclude)
        self.model.put(pk, chosen, verb == "attach")

    def people(self, pk: int) -> None:
        verb, clients = self.dice.choice(["append", "remove"]), self.clients()
        self.post(f"{pk}/clients/{verb}/", confirmed(client_ids=" ".join(map(str, clients))))
        self.model.put(pk, self.model.of_clients(clients), verb == "append")

    def edit(self, pk: int) -> None:
        """Change the filter of a list and leave everything else as the form opens it."""
        filter_ = self.filter()
        values = opened(self.browser, pk, **self.fields(filter_))
        again = bool(values.pop("again", False)) and self.dice.random() < 0.5
        if again:
            values["again"] = "on"
        known = ledger.known(pk)
        assert known.carried is not None
        carried = known.carried.selection
        lost = loss(known, carried, Labels())
        assert not lost.lost + lost.dropped, "by default everything that was named is carried"
        self.post(f"{pk}/edit/", values)
        self.model.define(pk, filter_, list(carried.include_ids), list(carried.exclude_ids))
        for step in known.replay if again else ():
            self.model.replay(pk, step)

    def rename_many(self) -> None:
        """Put a letter in front of every name: what a set cannot carry is left out, so no member comes or goes."""
        pks = sorted(self.model.lists)
        known = ledger.known_of(pks)
        values = {"do": "rename", "pk": pks, "put_on": self.dice.choice("abc")}
        whole = [pk for pk in pks if not known[pk].replay]
        if not whole:
            return self.create()
        self.post("many/", form(confirmed=" ".join(map(str, whole)), **values))
        assert [pk for pk in pks if ledger.known(pk).version != known[pk].version] == whole
        return None

    def duplicate(self, pk: int) -> None:
        copy = pk_of(self.post(f"{pk}/duplicate/", form()))
        filter_, by_hand = self.model.lists[pk]
        self.model.lists[copy] = (dict(filter_), dict(by_hand))

    def delete(self, pk: int) -> None:
        self.post(f"{pk}/delete/", form())
        del self.model.lists[pk]

    def step(self) -> None:
        moves = [self.create] if len(self.model.lists) < 2 else []
        if self.model.lists:
            pk = self.dice.choice(sorted(self.model.lists))
            moves.append(self.rename_many)
            changes = (self.cases, self.cases, self.people, self.people, self.edit, self.duplicate)
            moves += [lambda change=change: change(pk) for change in changes]
            if len(self.model.lists) > 2:
                moves.append(lambda: self.delete(pk))
        self.dice.choice(moves)()


@pytest.mark.parametrize("seed", range(4))
def test_the_members_are_those_of_the_model(sandbox: Sandbox, as_manager: Browser, seed: int) -> None:
    player = Player(sandbox, as_manager, seed)
    for _ in range(STEPS):
        player.step()
        for pk in player.model.lists:
            assert sandbox.members(pk) == player.model.members(pk)
    assert player.done == STEPS
    stages = list(Event.objects.values_list("stage", "result"))
    assert stages.count((Stage.INTENT, "")) == stages.count((Stage.OUTCOME, "applied")) >= STEPS
