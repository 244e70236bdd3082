"""The OpenAPI document is valid, names the vendor's fifteen endpoints, and the sandbox keeps to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from kayse_admin.sandbox.config import Config, Switches
from kayse_admin.sandbox.openapi import document
from kayse_admin.sandbox.server import Running, running

KEY = "sandbox-key"
ENDPOINTS = {
    "POST /clients",
    "GET /clients/{id}",
    "PUT /clients/{id}",
    "DELETE /clients/{id}",
    "POST /clients/bulk",
    "POST /clients/bulk_delete",
    "GET /case_lists",
    "POST /case_lists",
    "POST /case_lists/bulk",
    "POST /case_lists/bulk_delete",
    "PATCH /case_lists/{id}/attach",
    "PATCH /case_lists/{id}/detach",
    "POST /case_lists/{id}/clients/append",
    "POST /case_lists/{id}/clients/remove",
    "POST /case_lists/{id}/duplicate",
}


api = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """A sandbox whose limit is out of the way."""
    with running(Config(api_key=KEY, clients=200, switches=Switches(rate_limit=10**9))) as sandbox:
        yield sandbox


@api.parametrize()
@settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_outside_the_document(case: schemathesis.Case, served: Running) -> None:
    """All of schemathesis' checks, on right and wrong data, for every operation."""
    case.call_and_validate(base_url=served.url, headers={"X-API-KEY": KEY})


def test_the_document_is_served(served: Running) -> None:
    assert httpx.get(f"{served.base}/openapi.json").json() == document()


def test_the_document_is_valid_openapi_3_1() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


def test_the_document_names_the_fifteen_endpoints() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    paths = document()["paths"].items()
    assert {f"{m.upper()} {path}" for path, item in paths for m in methods if m in item} == ENDPOINTS
