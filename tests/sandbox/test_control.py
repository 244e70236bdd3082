"""The sandbox's own addresses: what arrived, switches, reset, exports."""

from __future__ import annotations

import csv
import io

import httpx
import pytest
from flask import Flask

from kayse_admin.sandbox.journal import MAX_BODY, MAX_BYTES, MAX_ENTRIES, Journal

from .helpers import CLIENTS, NEW_CLIENT, Api, refused


def test_what_arrived_is_told_in_order(api: Api) -> None:
    api("POST", "/clients", NEW_CLIENT)
    api("GET", "/case_lists?key=a&key=b")
    api("PUT", "/clients/7", content=b"no json")
    first, second, third = api.arrived()
    assert (first["method"], first["path"], first["body"]) == ("POST", "/v1/clients", NEW_CLIENT)
    assert (first["status"], first["applied"], first["fault"], first["key"]) == (201, True, None, "right")
    assert (second["query"], second["body"], second["applied"]) == ({"key": ["a", "b"]}, None, False)
    assert (third["text"], third["status"]) == ("no json", 400)
    assert first["time"] < second["time"] < third["time"]
    assert third["number"] == second["number"] + 1 == first["number"] + 2


def test_what_arrived_can_be_narrowed_and_forgotten(api: Api) -> None:
    for path in ("/clients/7", "/clients/70", "/case_lists"):
        api("GET", path)
    api("DELETE", "/clients/7")
    assert len(api.arrived(method="get")) == 3
    assert len(api.arrived(path="/v1/clients/7")) == 3
    assert len(api.arrived(method="GET", path="/v1/clients/7$")) == 1
    api.control("DELETE", "/requests")
    assert api.arrived() == []


def test_the_journal_never_holds_the_key(api: Api) -> None:
    api("GET", "/clients/7")
    assert "sandbox-key" not in str(api.arrived())


def test_the_journal_is_bounded() -> None:
    journal = Journal()
    for _ in range(MAX_BYTES // MAX_BODY + 5):
        journal.arrived("POST", "/v1/clients", {}, b"x" * (MAX_BODY + 1), "right")
    assert (len(journal.entries()), journal.dropped) == (MAX_BYTES // MAX_BODY, 5)
    journal.clear()
    for _ in range(MAX_ENTRIES + 3):
        journal.arrived("GET", "/v1/clients/1", {}, b"", "right")
    assert (len(journal.entries()), journal.dropped) == (MAX_ENTRIES, 3)


def test_switches_stay_as_turned_until_the_reset(api: Api) -> None:
    api.switch(put="replace")
    api.switch(rate_limit=7)
    shown = api.control("GET", "/switches")
    assert (shown["put"], shown["rate_limit"], shown["bulk"]) == ("replace", 7, "per_row")
    api.control("POST", "/reset", {"switches": {"answers": "sparse"}})
    shown = api.control("GET", "/switches")
    assert (shown["put"], shown["rate_limit"], shown["answers"]) == ("partial", 500, "sparse")


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/switches", {"put": "patch"}, "put"),
        ("/switches", {"rate_limit": -1}, "rate_limit"),
        ("/switches", {"colour": "red"}, "colour"),
        ("/reset", {"seed": -1}, "seed"),
        ("/reset", {"switches": {"put": 1}}, "switches.put"),
        ("/faults", {}, "kind"),
        ("/faults", {"kind": "flood"}, "kind"),
        ("/faults", {"kind": "hang", "path": "("}, "path"),
        ("/faults", {"kind": "hang", "times": 0}, "times"),
        ("/faults", {"kind": "wrong_type", "encoding": "klingon"}, "encoding"),
        ("/faults", {"kind": "status", "code": 500}, "code"),
    ],
)
def test_a_mistake_in_a_test_is_told(api: Api, path: str, body: object, word: str) -> None:
    refused(api("POST", f"{api.base}/_sandbox{path}", body), 400, word)


def test_an_odd_expression_for_requests_is_told(api: Api) -> None:
    refused(api("GET", f"{api.base}/_sandbox/requests?path=("), 400, "path")


def test_reset_gives_the_seed_back(api: Api) -> None:
    before = api.control("GET", "/cases")
    api("DELETE", "/clients/7")
    api("POST", "/case_lists/bulk_delete", {"ids": [1]})
    api.fault("html")
    api.control("POST", "/reset", {})
    assert api.control("GET", "/cases") == before
    assert api.control("GET", "/faults") == {"faults": []}
    assert api.arrived() == []
    assert api("GET", "/clients/7").headers["X-RateLimit-Remaining"] == "499"
    assert api("GET", "/case_lists").json()["total"] == 12


def test_reset_can_seed_any_number(api: Api) -> None:
    api.control("POST", "/reset", {"seed": 0})
    assert api.cases() == []
    assert api("GET", "/case_lists").json() == {"data": [], "page": 1, "total": 0}
    assert api.new_client() == 1


def table(api: Api, name: str) -> list[list[str]]:
    answer = api("GET", f"{api.base}/_sandbox/{name}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO(answer.text)))


def test_the_export_holds_every_field_of_every_client(api: Api) -> None:
    api("PUT", "/clients/7", {"case_ids": [9, 4], "voice_calls_opted_out": True, "mobile": None})
    api("DELETE", "/clients/8")
    header, *rows = table(api, "export.csv")
    known = api.client(7)
    documented = [name for name in known if name not in ("origin", "update_origin")]
    assert header == documented
    assert header[0] == "id"
    assert [int(row[0]) for row in rows] == [number for number in range(1, CLIENTS + 1) if number != 8]
    row = dict(zip(header, rows[6], strict=True))
    assert (row["case_ids"], row["voice_calls_opted_out"], row["mobile"]) == ("9 4", "true", "")
    for name in ("email", "first_name", "last_name", "external_source_id", "city"):
        assert row[name] == (known[name] or "")


def test_labels_name_every_type_and_status_in_use(api: Api) -> None:
    header, *rows = table(api, "labels.csv")
    assert header == ["kind", "id", "name"]
    named = {(kind, int(number)) for kind, number, name in rows if name}
    used = {("case_type", case["case_type_id"]) for case in api.cases()}
    used |= {("status", case["status_id"]) for case in api.cases()}
    assert named == used
    assert len(named) == 8 + 9


def test_unknown_lists_and_clients_are_404(api: Api) -> None:
    refused(api("GET", f"{api.base}/_sandbox/lists/99/members"), 404)
    refused(api("GET", f"{api.base}/_sandbox/clients/9999"), 404)


def test_only_this_machine_may_use_them(app: Flask) -> None:
    caller = httpx.Client(
        transport=httpx.WSGITransport(app, remote_addr="192.0.2.7"), base_url="http://sandbox"
    )
    for path in ("/_sandbox/requests", "/_sandbox/export.csv"):
        refused(caller.get(path), 403)
    refused(caller.post("/_sandbox/reset", json={}), 403)
