"""What no endpoint may fall over: bodies that are no JSON objects, and text that no store can hold."""

from __future__ import annotations

import json

import pytest

from kayse_admin.sandbox.schema import MAX_BODY

from .helpers import NEW_CLIENT, Api, refused

WITH_BODY = [
    ("POST", "/clients"),
    ("PUT", "/clients/1"),
    ("POST", "/clients/bulk"),
    ("POST", "/clients/bulk_delete"),
    ("POST", "/case_lists"),
    ("POST", "/case_lists/bulk"),
    ("PATCH", "/case_lists/1/attach"),
    ("PATCH", "/case_lists/1/detach"),
    ("POST", "/case_lists/1/clients/append"),
    ("POST", "/case_lists/1/clients/remove"),
    ("POST", "/case_lists/bulk_delete"),
]
BODIES = {
    "nothing": b"",
    "no JSON": b"{name: 'x'}",
    "a cut": b'{"first_name": "Jo',
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "latin-1": '{"name": "José"}'.encode("latin-1"),
    "utf-16": '{"name": "José"}'.encode("utf-16"),
    "NaN": b'{"name": NaN}',
    "a number of 5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "deep nesting": b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nesting of 40": b'{"filter":' * 40 + b"{}" + b"}" * 40,
}


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_no_json_object_is_400(api: Api, method: str, path: str, kind: str) -> None:
    answer = api(method, path, content=BODIES[kind], headers={"Content-Type": "application/json"})
    refused(answer, 400, "body")
    assert "X-RateLimit-Remaining" in answer.headers


@pytest.mark.parametrize("text", ["\ud800", "x\udfffy", "nul\0"])
def test_text_that_cannot_be_stored_is_400(api: Api, text: str) -> None:
    body = json.dumps({**NEW_CLIENT, "last_name": text}).encode()
    refused(api("POST", "/clients", content=body), 400, "last_name")


def test_a_ten_megabyte_string_is_400_over_the_socket_and_the_next_call_works(live: Api) -> None:
    answer = live("POST", "/clients", {**NEW_CLIENT, "first_name": "x" * 10_000_000})
    refused(answer, 400, str(MAX_BODY))
    assert live("GET", "/clients/1").status_code == 200


def test_scripts_and_odd_letters_are_kept_as_they_are(api: Api) -> None:
    name = "<script>alert(1)</script> {{ 7*7 }} \u202eevil\u200f 👩‍⚖️ e\u0301"
    assert api.client(api.new_client(last_name=name))["last_name"] == name


def test_the_answer_never_echoes_the_input(api: Api) -> None:
    answer = api("POST", "/clients", {**NEW_CLIENT, "email": "<script>secret</script>"})
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/clients/1/cases", "/clients/", "/case_lists/1", "//clients", ""]
)
def test_an_unknown_address_is_404(api: Api, path: str) -> None:
    answer = api("GET", f"{api.base}/v1{path}")
    refused(answer, 404)
    assert "X-RateLimit-Limit" in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/clients", {"POST"}),
        ("PATCH", "/clients/1", {"GET", "HEAD", "PUT", "DELETE"}),
        ("GET", "/clients/bulk", {"POST"}),
        ("PUT", "/clients/bulk_delete", {"POST"}),
        ("DELETE", "/case_lists", {"GET", "HEAD", "POST"}),
        ("POST", "/case_lists/1/attach", {"PATCH"}),
        ("OPTIONS", "/clients", {"POST"}),
    ],
)
def test_a_wrong_method_is_405_and_names_the_right_ones(
    api: Api, method: str, path: str, allowed: set[str]
) -> None:
    answer = api(method, path)
    refused(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_what_is_harmless_is_taken(api: Api) -> None:
    """No Content-Type, a parameter that nobody knows, a whole number with a point."""
    body = json.dumps({**NEW_CLIENT, "case_ids": [7.0]}).encode()
    made = api("POST", "/clients?trace=1", content=body)
    assert (made.status_code, made.json()["case_ids"]) == (201, [7])
    assert api("GET", "/case_lists?colour=red").json()["total"] == 12
