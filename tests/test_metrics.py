"""`/metrics`: numbers for a monitoring system, and for nobody else."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from prometheus_client.parser import text_string_to_metric_families

from kayse_admin.audit import seals
from kayse_admin.upstream import budget, circuit
from tests.conftest import Sandbox

pytestmark = pytest.mark.django_db


def numbers(browser: Browser, **headers: str) -> dict[str, float]:
    """What is told, by name and label."""
    answer = browser.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer["Content-Type"].startswith("text/plain")
    told = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    return {" ".join([one.name, *one.labels.values()]): one.value for one in told}


def test_what_is_watched(client: Browser, sandbox: Sandbox, as_paralegal: Browser) -> None:
    before = numbers(client)
    assert before["kayse_requests_limit"] == 500
    assert before["kayse_open_operations unknown"] == before["kayse_jobs running"] == 0
    assert before["kayse_key_refused"] == before["kayse_calls_held"] == 0
    sandbox.fault("reset_after", method="DELETE", path="/v1/clients/3")
    as_paralegal.post("/clients/open/", {"pk": "3"})
    as_paralegal.post(
        "/clients/3/delete/", {"operation": "6b1e6c3e-5df8-4a35-9a77-9d6a0e2b6a10", "reason": "x"}
    )
    circuit.refused()
    after = numbers(client)
    assert after["kayse_requests_used"] == budget.current().used == before["kayse_requests_used"] + 2
    assert after["kayse_open_operations unknown"] == after["kayse_operations_last_hour unknown"] == 1
    assert after["kayse_key_refused"] == 1
    assert 0 < after["kayse_requests_reset_seconds"] <= 3_600
    assert after["kayse_unsealed_events"] > 0
    seals.seal_all()
    assert numbers(client)["kayse_unsealed_events"] == 0


def test_nobody_is_named(client: Browser, sandbox: Sandbox, as_paralegal: Browser) -> None:
    as_paralegal.post("/clients/open/", {"pk": "3"})
    text = client.get("/metrics").text
    assert "paralegal" not in text
    assert "sandbox-key" not in text


def test_a_token_is_asked_for_where_one_is_set(client: Browser, settings: LazySettings) -> None:
    settings.METRICS_TOKEN = "a long secret"
    for headers in ({}, {"authorization": "Bearer a long"}, {"authorization": "Basic a long secret"}):
        answer = client.get("/metrics", headers=headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert numbers(client, authorization="Bearer a long secret")["kayse_requests_limit"] == 500


def test_without_a_token_it_is_closed_for_firms(client: Browser, settings: LazySettings) -> None:
    settings.IS_SANDBOX = False
    assert client.get("/metrics").status_code == 404


def test_its_queries_do_not_grow(client: Browser, django_assert_max_num_queries: object) -> None:
    client.get("/metrics")
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get("/metrics")
