"""/clients/selected/<token>/opt-out/: a result for each row, and numbers that add up to the selection."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser
from django.utils import timezone

from clients_ui.models import Client, Selection
from kayse_admin.accounts.models import User
from kayse_admin.audit.models import Event
from kayse_admin.jobs import runner
from kayse_admin.jobs.models import Chunk, Job, Row
from tests.clients_ui.conftest import job_of, selected, text_of, yes
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, outcomes, recorded

pytestmark = pytest.mark.django_db
BULK = "/v1/clients/bulk"


@pytest.fixture
def selection(people: dict[str, User], hundred: list[int]) -> Selection:
    return selected(people["paralegal"], hundred, "State: Texas")


def url(selection: Selection) -> str:
    return f"/clients/selected/{selection.pk}/opt-out/"


def counts(page: str) -> dict[str, int]:
    """The five numbers of a job's page."""
    words = ("Created", "Updated", "Unchanged", "Failed", "Unknown")
    return {word: int(m[1]) for word in words if (m := re.search(rf"{word} (\d+)", page))}


def listed(browser: Browser, job: Job) -> dict[str, set[int]]:
    """The clients that the job's page names with each outcome."""
    html = browser.get(f"/jobs/{job.pk}/").content.decode().split('id="rows"')[1]
    rows = re.findall(r'<li>.*?/clients/(\d+)/.*?<span class="badge \w+">(\w+)</span></li>', html)
    found: dict[str, set[int]] = {}
    for pk, word in rows:
        found.setdefault(word, set()).add(int(pk))
    return found


def test_it_asks_first(as_paralegal: Browser, selection: Selection, sandbox: Sandbox) -> None:
    Client.objects.filter(pk__in=list(selection.picked.values_list("client", flat=True))[:4]).update(
        voice_calls_opted_out=True
    )
    page = text_of(as_paralegal.get(url(selection)))
    for words in (
        "Opt 100 clients out of calls?",
        "State: Texas",
        "and 90 more",
        "Opted out already, as far as is known here, and sent again to be sure: 4.",
        "This takes 1 request, and you see at once what became of each of them. Up to",
        "Taking an opt-out back needs a permission of its own and a reason.",
    ):
        assert words in page
    assert sandbox.requests() == []


def test_all_of_them_at_once(
    as_paralegal: Browser, selection: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    job = job_of(as_paralegal.post(url(selection), yes(reason="They wrote to us")))
    assert (job.title, job.state, outcomes(job)) == ("Opt 100 clients out of calls", "done", {"updated": 100})
    (request,) = sandbox.requests("POST")
    assert request["body"] == {"clients": [{"id": pk, "voice_calls_opted_out": True} for pk in hundred]}
    assert all(sandbox.client(pk)["voice_calls_opted_out"] for pk in (hundred[0], hundred[-1]))
    assert not Client.objects.filter(pk__in=hundred, voice_calls_opted_out=False).exists()
    assert listed(as_paralegal, job) == {"Updated": set(hundred)}
    start, intent, outcome = Event.objects.order_by("id")
    assert (start.action, start.target_id, start.address) == ("job_start", job.pk, "127.0.0.1")
    assert (intent.stage, intent.reason, outcome.result) == ("intent", "They wrote to us", "applied")
    recorded(job)


def test_three_fail_and_two_are_lost_from_the_answer(
    as_paralegal: Browser, selection: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    """What issue "Many at once" asks to be shown: the numbers add up, and the page says which is which."""
    refused, lost, done = (
        set(hundred[10:13]),
        set(hundred[20:22]),
        set(hundred[:10] + hundred[13:20] + hundred[22:]),
    )
    for pk in refused:
        sandbox.call("DELETE", f"/clients/{pk}")
    told = [pk for pk in hundred if pk in done]
    sandbox.fault("merge", method="POST", path=BULK, body={"successful_ids": told, "clients": []})
    job = job_of(as_paralegal.post(url(selection), yes()))
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert counts(page) == {"Created": 0, "Updated": 95, "Unchanged": 0, "Failed": 3, "Unknown": 2}
    assert sum(counts(page).values()) == selection.count
    assert listed(as_paralegal, job) == {"Updated": done, "Failed": refused, "Unknown": lost}
    assert "Kayse took the batch and did not name this row." in page
    assert len(sandbox.requests("POST", BULK)) == 1
    adds_up(job)
    recorded(job)
    looked_at()
    assert outcomes(job) == {"updated": 97, "failed": 3}
    assert len(sandbox.requests("POST", BULK)) == 1, "a read tells of the 2, nothing is sent twice"
    assert len(sandbox.requests("GET", "/v1/clients/")) == 2
    adds_up(job)
    recorded(job)


def looked_at() -> None:
    """Let the time come at which the worker looks at rows that nobody knows of, and let it look."""
    Chunk.objects.filter(verify_at__isnull=False).update(verify_at=timezone.now())
    Job.objects.update(wait_until=timezone.now())
    runner.serve()


def test_silence_leaves_all_of_them_unknown_until_a_look(
    as_paralegal: Browser,
    selection: Selection,
    hundred: list[int],
    sandbox: Sandbox,
    settings: LazySettings,
) -> None:
    settings.KAYSE_PERSON_DEADLINE, settings.JOB_VERIFY_REQUESTS = 0.5, 100
    refused = hundred[:3]
    for pk in refused:
        sandbox.call("DELETE", f"/clients/{pk}")
    sandbox.fault("hang", method="POST", path=BULK, seconds=20)
    job = job_of(as_paralegal.post(url(selection), yes()))
    settings.KAYSE_PERSON_DEADLINE = 25.0
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert counts(page) == {"Created": 0, "Updated": 0, "Unchanged": 0, "Failed": 0, "Unknown": 100}
    assert job.state == "waiting"
    looked_at()
    assert outcomes(job) == {"updated": 97, "failed": 3}
    assert set(Row.objects.filter(outcome="failed").values_list("target", flat=True)) == set(refused)
    assert len(sandbox.requests("POST", BULK)) == 1, "nothing is sent twice"
    adds_up(job)
    recorded(job)


def test_all_three_together(
    as_paralegal: Browser,
    selection: Selection,
    hundred: list[int],
    sandbox: Sandbox,
    settings: LazySettings,
) -> None:
    """In one job: a first request without an answer, and one whose answer refuses 3 and does not name 2."""
    settings.KAYSE_PERSON_DEADLINE, settings.KAYSE_BULK_ROWS, settings.JOB_VERIFY_REQUESTS = 0.5, 50, 0
    refused, lost = hundred[60:63], hundred[70:72]
    for pk in refused:
        sandbox.call("DELETE", f"/clients/{pk}")
    told = [pk for pk in hundred[50:] if pk not in refused and pk not in lost]
    sandbox.fault("hang", method="POST", path=BULK, seconds=20)
    job = job_of(as_paralegal.post(url(selection), yes()))
    settings.KAYSE_PERSON_DEADLINE = 25.0
    sandbox.fault("merge", method="POST", path=BULK, body={"successful_ids": told, "clients": []})
    runner.serve()
    looked_at()
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert counts(page) == {"Created": 0, "Updated": 45, "Unchanged": 0, "Failed": 3, "Unknown": 52}
    assert sum(counts(page).values()) == selection.count
    named = listed(as_paralegal, job)
    assert named == {"Updated": set(told), "Failed": set(refused), "Unknown": {*hundred[:50], *lost}}
    adds_up(job)


def test_more_than_a_hundred_become_a_job_and_are_typed(
    as_paralegal: Browser, people: dict[str, User], hundred: list[int], sandbox: Sandbox
) -> None:
    others = Client.objects.exclude(pk__in=hundred).filter(gone_at=None, voice_calls_opted_out=False)
    selection = selected(people["paralegal"], [*hundred, others[0].pk])
    assert "Type 101 to confirm" in text_of(as_paralegal.get(url(selection)))
    for typed in ({}, {"confirm": "100"}, {"confirm": "yes"}):
        answer = as_paralegal.post(url(selection), yes(**typed))
        assert answer.status_code == 422
        assert "Type 101 to confirm that you mean all of them." in text_of(answer)
    assert not Job.objects.exists()
    job = job_of(as_paralegal.post(url(selection), yes(confirm="101")))
    assert (job.state, outcomes(job), sandbox.requests()) == ("queued", {"": 101}, [])
    runner.serve()
    assert outcomes(job) == {"updated": 101}


def test_who_has_opted_out_as_far_as_is_known_is_sent_and_who_is_gone_has_failed(
    as_paralegal: Browser, selection: Selection, hundred: list[int], sandbox: Sandbox
) -> None:
    Client.objects.filter(pk__in=hundred[:5]).update(voice_calls_opted_out=True)
    sandbox.call("PUT", f"/clients/{hundred[0]}", {"voice_calls_opted_out": False})  # taken back elsewhere
    Client.objects.filter(pk__in=hundred[5:7]).update(gone_at=timezone.now())
    assert "Left out, because they are deleted at Kayse already: 2." in text_of(
        as_paralegal.get(url(selection))
    )
    job = job_of(as_paralegal.post(url(selection), yes()))
    assert outcomes(job) == {"failed": 2, "updated": 98}
    assert len(sandbox.requests("POST")[0]["body"]["clients"]) == 98
    assert sandbox.client(hundred[0])["voice_calls_opted_out"] is True


def test_a_double_click_is_one_job(as_paralegal: Browser, selection: Selection, sandbox: Sandbox) -> None:
    form = yes()
    assert job_of(as_paralegal.post(url(selection), form)) == job_of(as_paralegal.post(url(selection), form))
    assert len(sandbox.requests("POST")) == 1


def test_a_selection_that_was_changed_is_shown_again(
    as_paralegal: Browser, selection: Selection, sandbox: Sandbox
) -> None:
    Selection.objects.update(edits=1)
    answer = as_paralegal.post(url(selection), yes())
    assert answer.status_code == 422
    assert "The selection was changed since this page was opened." in text_of(answer)
    assert sandbox.requests() == []


def test_the_vendor_is_down(as_paralegal: Browser, selection: Selection, settings: LazySettings) -> None:
    settings.KAYSE_API_URL = "http://127.0.0.1:9/v1"
    job = job_of(as_paralegal.post(url(selection), yes()))
    assert (job.state, outcomes(job)) == ("waiting", {"": 100})
    page = text_of(as_paralegal.get(f"/jobs/{job.pk}/"))
    assert "Kayse could not be reached. Trying again at" in page
    assert "Cancel the rest" in page
    recorded(job)


BAD: list[dict[str, Any]] = [{"operation": "x"}, {"mark": "x"}, {"mark": ""}, {"reason": "x" * 201}]


@pytest.mark.parametrize("values", BAD)
def test_bad_input(
    as_paralegal: Browser, selection: Selection, sandbox: Sandbox, values: dict[str, Any]
) -> None:
    assert as_paralegal.post(url(selection), yes(**values)).status_code == 422
    assert not Job.objects.exists()
    assert sandbox.requests() == []


def test_under_htmx_it_is_a_dialog(as_paralegal: Browser, selection: Selection, sandbox: Sandbox) -> None:
    answer = as_paralegal.get(url(selection), headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    answer = as_paralegal.post(url(selection), yes(), headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == f"/jobs/{Job.objects.get().pk}/"


def test_access(client: Browser, as_manager: Browser, as_admin: Browser, selection: Selection) -> None:
    assert client.get(url(selection))["Location"].startswith("/sign-in/")
    assert as_manager.post(url(selection), yes()).status_code == 403
    assert as_admin.post(url(selection), yes()).status_code == 404, "it is another's"
    assert as_admin.get(f"/clients/selected/{uuid.uuid4()}/opt-out/").status_code == 404
