"""Random sequences of changes through the dashboard: the sandbox's members are those of a model."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client as Browser

from caselists_ui import ledger
from caselists_ui.definition import Selection
from caselists_ui.summary import loss
from caselists_ui.words import Labels
from kayse_admin.audit.models import Event, Stage
from kayse_admin.upstream import circuit
from tests.caselists_ui.helpers import confirmed, form, pk_of
from tests.caselists_ui.model import Model
from tests.caselists_ui.test_edit import opened
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db
STEPS = 30


class Player:
    """Makes random changes through the dashboard and in the model."""

    def __init__(self, sandbox: Sandbox, browser: Browser, seed: int) -> None:
        self.dice = random.Random(seed)
        self.sandbox, self.browser = sandbox, browser
        self.model = Model(sandbox.http.get("/_sandbox/cases").json()["cases"])
        self.done = 0
        self.unknown = 0

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
        done, sure = self.change(pk, verb, confirmed(**values, **self.fields(filter_)))
        if done:
            self.model.cases_changed(pk, filter_, include, exclude, verb == "attach", sure=sure)

    def change(self, pk: int, path: str, values: dict[str, Any]) -> tuple[bool, bool]:
        """Change the members, at times so that no answer comes: whether it was done, and whether that is known."""
        if self.dice.random() < 0.8:
            self.post(f"{pk}/{path}/", values)
            return True, True
        done = self.dice.random() < 0.5
        self.sandbox.fault("status", path=f"/v1/case_lists/{pk}/{path}", status=500, apply=done)
        response = self.browser.post(f"/case-lists/{pk}/{path}/", values)
        assert "Outcome unknown" in response.content.decode()
        circuit.try_again()
        self.done += 1
        self.unknown += 1
        return done, False

    def people(self, pk: int) -> None:
        verb, clients = self.dice.choice(["append", "remove"]), self.clients()
        values = confirmed(client_ids=" ".join(map(str, clients)))
        done, sure = self.change(pk, f"clients/{verb}", values)
        if done:
            self.model.clients_changed(pk, clients, verb == "append", sure=sure)

    def some(self, ids: tuple[int, ...]) -> list[int]:
        """The ids of a field of the form, at times without one of them or with another."""
        kept = list(ids)
        if kept and self.dice.random() < 0.4:
            kept.remove(self.dice.choice(kept))
        return [*kept, *(self.ids(1) if self.dice.random() < 0.3 else [])]

    def edit(self, pk: int) -> None:
        """Change the filter of a list, and at times the cases that it names; the rest stays as the form opens it."""
        filter_ = self.filter()
        known = ledger.known(pk)
        assert known.carried is not None
        carried = known.carried.selection
        kept = loss(known, carried, Labels())
        assert not kept.lost + kept.dropped, "by default everything that was named is carried"
        include, exclude = self.some(carried.include_ids), self.some(carried.exclude_ids)
        named = {"include_ids": " ".join(map(str, include)), "exclude_ids": " ".join(map(str, exclude))}
        values = opened(self.browser, pk, **self.fields(filter_), **named)
        again = bool(values.pop("again", False)) and self.dice.random() < 0.7
        if again:
            values["again"] = "on"
        if known.undecided:
            refused = self.browser.post(f"/case-lists/{pk}/edit/", values)
            assert refused.status_code == 422
            values |= {"decided": "on", "operation": str(refused.context["form"]["operation"].value())}
        lost = loss(known, Selection(filter_, tuple(include), tuple(exclude)), Labels())
        self.post(f"{pk}/edit/", values)
        self.model.save(pk, filter_, include, exclude, again=again)
        gone = {*lost.lost, *lost.dropped} - self.model.found(pk)
        assert not gone & set(self.sandbox.members(pk)), "what was announced as lost is lost"

    def rename_many(self) -> None:
        """Put a letter in front of every name: what a set cannot carry is left out, so no member comes or goes."""
        pks = sorted(self.model.lists)
        known = ledger.known_of(pks)
        values = {"do": "rename", "pk": pks, "put_on": self.dice.choice("abc")}
        whole = [pk for pk in pks if not known[pk].beyond + known[pk].undecided]
        if not whole:
            return self.create()
        self.post("many/", form(confirmed=" ".join(map(str, whole)), **values))
        assert [pk for pk in pks if ledger.known(pk).version != known[pk].version] == whole
        return None

    def duplicate(self, pk: int) -> None:
        copy = pk_of(self.post(f"{pk}/duplicate/", form()))
        self.model.lists[copy] = deepcopy(self.model.lists[pk])

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


@pytest.mark.parametrize(
    "seed", [0, 1, pytest.param(2, marks=pytest.mark.once), pytest.param(3, marks=pytest.mark.once)]
)
def test_the_members_are_those_of_the_model(sandbox: Sandbox, as_manager: Browser, seed: int) -> None:
    player = Player(sandbox, as_manager, seed)
    for _ in range(STEPS):
        player.step()
        for pk in player.model.lists:
            assert sandbox.members(pk) == player.model.members(pk)
    assert player.done == STEPS
    stages = list(Event.objects.values_list("stage", "result"))
    applied = stages.count((Stage.OUTCOME, "applied"))
    assert stages.count((Stage.OUTCOME, "unknown")) == player.unknown
    assert stages.count((Stage.INTENT, "")) == applied + player.unknown >= STEPS
