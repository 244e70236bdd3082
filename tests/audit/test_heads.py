"""Heads are said outside the database: in the log, a file, another server. None of that stops sealing."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest
from django.conf import LazySettings

from kayse_admin.audit import heads, seals
from kayse_admin.audit.models import Seal
from tests.audit.factory import many
from tests.kayse_api.scripted_server import as_json, drip, never_answer, reset_after_reading, says, scripted

pytestmark = pytest.mark.django_db


def sealed() -> str:
    """Seal something new; returns the head."""
    before = Seal.objects.count()
    many(1)
    assert seals.seal_all() == 2
    assert Seal.objects.count() == before + 1
    return seals.head()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_head_is_posted_as_json(settings: LazySettings, caplog: pytest.LogCaptureFixture) -> None:
    settings.OUTBOUND_HOSTS = {"127.0.0.1"}
    with scripted(says({"ok": True}), says({"ok": True})) as server:
        settings.AUDIT_HEAD_URL = f"{server.url}/heads"
        told = [sealed(), sealed()]
        posts = [(one.method, one.target, json.loads(one.body)) for one in server.requests]
    assert [(method, path, sent["head"]) for method, path, sent in posts] == [
        ("POST", posts[0][1], head) for head in told
    ]
    assert set(posts[0][2]) == {"head", "at"}
    assert errors(caplog) == []


def test_a_host_that_is_not_listed_is_not_called(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OUTBOUND_HOSTS = {"elsewhere.example"}
    with scripted(says({"ok": True})) as server:
        settings.AUDIT_HEAD_URL = server.url
        sealed()
        assert server.requests == []
    assert errors(caplog) == ["the head could not be posted to AUDIT_HEAD_URL: NotAllowed"]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (says({}, 500), "AUDIT_HEAD_URL answered the head with status 500"),
        (says({}, 302, {"Location": "http://127.0.0.1:9/"}), "AUDIT_HEAD_URL answered the head with status 302"),
        (reset_after_reading, "the head could not be posted to AUDIT_HEAD_URL: ConnectionError"),
        (never_answer, "AUDIT_HEAD_URL did not answer the head within 0.3 seconds"),
        (drip(as_json({"ok": True}), every=0.05), "AUDIT_HEAD_URL did not answer the head within 0.3 seconds"),
    ],
    ids=["500", "redirect", "reset", "silence", "drip"],
)  # fmt: skip
def test_what_goes_wrong_there_stops_no_seal(
    act: object,
    words: str,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.OUTBOUND_HOSTS = {"127.0.0.1"}
    monkeypatch.setattr(heads, "DEADLINE", 0.3)
    with scripted(act) as server:  # type: ignore[arg-type]
        settings.AUDIT_HEAD_URL = server.url
        sealed()
    first = errors(caplog)[0]
    for late in [thread for thread in threading.enumerate() if thread.name == heads.THREAD]:
        late.join(20)  # what it still has to say belongs to this test
        assert not late.is_alive()
    assert first == words


def test_a_file_that_cannot_be_written_stops_no_seal(
    tmp_path: Path, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_HEAD_FILE = str(tmp_path / "no-such-folder" / "heads.log")
    sealed()
    assert errors(caplog) == ["the head could not be appended to AUDIT_HEAD_FILE: No such file or directory"]
