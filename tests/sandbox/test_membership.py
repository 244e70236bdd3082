"""Membership against a model: sets of ids, by the rule as it is written down, through any order of gestures."""

from __future__ import annotations

from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kayse_admin.sandbox.app import create_app
from kayse_admin.sandbox.config import Config, Switches

from .helpers import Api

IDS = st.lists(st.integers(1, 24), max_size=4)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "case_type_ids": st.lists(st.sampled_from([10, 12, 25]), max_size=2),
        "status_ids": st.lists(st.sampled_from([20, 24, 30, 35]), max_size=3),
        "is_obo": st.booleans(),
    },
)
DEFINITIONS = st.fixed_dictionaries(
    {}, optional={"filter": FILTERS, "include_ids": IDS, "exclude_ids": IDS, "is_obo": st.booleans()}
)
SELECTIONS = st.fixed_dictionaries({"filter": FILTERS}, optional={"include_ids": IDS, "exclude_ids": IDS})
GESTURES = st.one_of(
    st.tuples(st.just("set"), DEFINITIONS),
    st.tuples(st.sampled_from(["attach", "detach"]), SELECTIONS),
    st.tuples(st.sampled_from(["append", "remove"]), st.lists(st.integers(1, 12), min_size=1, max_size=3)),
)


class Model:
    """One list and all cases, in sets. ``put_in`` and ``put_out`` are what was done by hand or by the ids."""

    def __init__(self, cases: list[dict[str, Any]]) -> None:
        self.cases = {case["id"]: case for case in cases}
        self.filter: dict[str, Any] = {}
        self.put_in: set[int] = set()
        self.put_out: set[int] = set()

    def matching(self, filter_: dict[str, Any]) -> set[int]:
        tests = []
        if filter_.get("case_type_ids"):
            tests.append(lambda case: case["case_type_id"] in filter_["case_type_ids"])
        if filter_.get("status_ids"):
            tests.append(lambda case: case["status_id"] in filter_["status_ids"])
        if "is_obo" in filter_:
            tests.append(lambda case: case["is_obo"] == filter_["is_obo"])
        return {number for number, case in self.cases.items() if tests and all(test(case) for test in tests)}

    @property
    def members(self) -> set[int]:
        return ((self.matching(self.filter) | self.put_in) - self.put_out) & set(self.cases)

    def hand(self, cases: set[int], *, inwards: bool) -> None:
        self.put_in = self.put_in | cases if inwards else self.put_in - cases
        self.put_out = self.put_out - cases if inwards else self.put_out | cases

    def define(self, definition: dict[str, Any]) -> None:
        self.filter = definition.get("filter", self.filter)
        self.put_out = set(definition.get("exclude_ids", ()))
        self.put_in = set(definition.get("include_ids", ())) - self.put_out
        if "is_obo" in definition:
            for number in self.members:
                self.cases[number]["is_obo"] = definition["is_obo"]

    def apply(self, kind: str, what: Any) -> None:
        if kind == "set":
            self.define(what)
        elif kind in ("attach", "detach"):
            chosen = self.matching(what["filter"]) | set(what.get("include_ids", ()))
            self.hand(chosen - set(what.get("exclude_ids", ())), inwards=kind == "attach")
        else:
            chosen = {number for number, case in self.cases.items() if set(case["client_ids"]) & set(what)}
            self.hand(chosen, inwards=kind == "append")


def send(api: Api, list_id: int, kind: str, what: Any) -> None:
    if kind == "set":
        answer = api("POST", "/case_lists/bulk", {"lists": [{"id": list_id, **what}]})
    elif kind in ("attach", "detach"):
        answer = api("PATCH", f"/case_lists/{list_id}/{kind}", what)
    else:
        answer = api("POST", f"/case_lists/{list_id}/clients/{kind}", {"client_ids": what})
    assert answer.status_code == 200, answer.text


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(DEFINITIONS, st.lists(GESTURES, max_size=8))
def test_members_are_what_the_rule_says(definition: dict[str, Any], gestures: list[tuple[str, Any]]) -> None:
    app = create_app(Config(clients=12, switches=Switches(rate_limit=10**6)))
    with Api(httpx.WSGITransport(app), "http://sandbox") as api:
        model = Model(api.cases())
        list_id = api.new_list(**definition)
        model.define(definition)
        for kind, what in gestures:
            send(api, list_id, kind, what)
            model.apply(kind, what)
            assert set(api.members(list_id)) == model.members, (kind, what)
            assert api.listed(list_id)["case_count"] == len(model.members)
        copy = api("POST", f"/case_lists/{list_id}/duplicate").json()["id"]
        assert set(api.members(copy)) == model.members
    app.extensions["sandbox"].store.close()
