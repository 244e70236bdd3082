"""The command-line twin of the import."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from clients_ui import bulk
from clients_ui.imports import mapping, services
from clients_ui.imports.models import Import, Piece, RememberedMapping
from clients_ui.models import Client
from kayse_admin.accounts.models import User
from kayse_admin.jobs import ledger, runner
from kayse_admin.jobs.models import Job, Row
from tests.conftest import Sandbox
from tests.jobs.helpers import adds_up, exported, recorded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "partner.csv"
    path.write_text("No;First;Last;Mail\n1;Ana;Soak;ana@example.com\n2;Bo;Soak;no mail\n3;Cy;Soak;\n")
    return path


def run(file: Path, *arguments: str, user: str = "paralegal") -> str:
    out = StringIO()
    call_command(
        "import_clients", str(file), "--user", user, "--map", "No=external_source_id", "--source", "soak",
        *arguments, stdout=out, stderr=out,
    )  # fmt: skip
    return out.getvalue()


def test_a_dry_run_sends_and_keeps_nothing(sandbox: Sandbox, people: dict[str, User], file: Path) -> None:
    told = run(file, "--dry-run")
    assert "2 will be created, 0 updated, 0 unchanged, 1 has an error" in told
    assert "line 3: Mail: This is not an e-mail address" in told
    assert "2 rows, 1 request," in told
    assert sandbox.requests() == []
    assert not Import.objects.exists()
    assert not Job.objects.exists()
    assert not Row.objects.exists()
    assert not Piece.objects.exists()


def test_it_imports(sandbox: Sandbox, people: dict[str, User], file: Path) -> None:
    told = run(file, "--reason", "partner")
    assert "3 rows: 2 created, 0 updated, 0 unchanged, 1 failed, 0 unknown. Finished." in told
    assert exported(sandbox) == {"1": 1, "3": 1}
    job = Job.objects.get()
    assert (job.owner_id, job.reason) == (people["paralegal"].pk, "partner")
    adds_up(job)
    recorded(job)
    with pytest.raises(CommandError, match="imported before"):
        run(file)
    told = run(file, "--again")
    assert "2 unchanged" in told
    assert told.endswith("There is nothing to send.\n")
    assert exported(sandbox) == {"1": 1, "3": 1}


def test_a_dry_run_needs_nobody(sandbox: Sandbox, db: None, file: Path) -> None:
    out = StringIO()
    arguments = ("--map", "No=external_source_id", "--source", "soak", "--dry-run")
    call_command("import_clients", str(file), *arguments, stdout=out, stderr=out)
    assert "2 will be created, 0 updated, 0 unchanged, 1 has an error" in out.getvalue()
    assert not Import.objects.exists()
    assert not Job.objects.exists()


def test_who_calls_it_is_who_imports(
    sandbox: Sandbox, people: dict[str, User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--map", "No=external_source_id", "--source", "soak")
    monkeypatch.setattr("getpass.getuser", lambda: "nemo")
    with pytest.raises(CommandError, match="no account “nemo”"):
        call_command("import_clients", str(file), *arguments)
    monkeypatch.setattr("getpass.getuser", lambda: "paralegal")
    call_command("import_clients", str(file), *arguments, stdout=StringIO(), stderr=StringIO())
    assert Job.objects.get().owner_id == people["paralegal"].pk


def test_taking_back_an_opt_out_needs_a_reason(
    sandbox: Sandbox, people: dict[str, User], ana: Client, tmp_path: Path
) -> None:
    Client.objects.filter(pk=ana.pk).update(voice_calls_opted_out=True)
    path = tmp_path / "opt.csv"
    path.write_text(f"id,opt-out\n{ana.pk},no\n")
    arguments = ("--mode", "update", "--match", "id", "--user", "administrator")
    with pytest.raises(CommandError, match="say why, with --reason"):
        call_command("import_clients", str(path), *arguments, stdout=StringIO(), stderr=StringIO())
    assert sandbox.requests() == []
    for kept in (Import, Piece, Job, Row):
        assert not kept.objects.exists(), "nothing is left behind"  # type: ignore[attr-defined]


def test_who_and_what_is_wrong(people: dict[str, User], file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no account"):
        run(file, user="nemo")
    with pytest.raises(CommandError, match="may not"):
        run(file, user="auditor")
    with pytest.raises(CommandError, match="no column"):
        run(file, "--map", "Nothing=city")
    with pytest.raises(CommandError, match="no field"):
        run(file, "--map", "Mail=nothing")
    with pytest.raises(CommandError, match="No such file"):
        run(tmp_path / "none.csv")
    with pytest.raises(CommandError, match="--map Mail=FIELD"):
        run(file, "--map", "Mail")


def test_what_is_left_out_is_said_and_a_dry_run_teaches_nobody(
    sandbox: Sandbox, people: dict[str, User], file: Path
) -> None:
    assert "Left out: Mail." in run(file, "--dry-run", "--map", "Mail=")
    assert not RememberedMapping.objects.exists()
    assert "Left out" not in run(file, "--dry-run")
    assert "done about" in run(file)
    assert RememberedMapping.objects.exists()


def test_nothing_to_send_is_no_success(sandbox: Sandbox, people: dict[str, User], tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("No;First;Last;Mail\n2;Bo;Soak;no mail\n")
    with pytest.raises(CommandError, match="nothing to send"):
        run(path)
    assert not Job.objects.exists()


def test_a_job_that_stands_is_no_success(sandbox: Sandbox, people: dict[str, User], file: Path) -> None:
    sandbox.fault("status", status=401, method="POST")
    with pytest.raises(CommandError, match="Paused: Kayse refuses our key"):
        run(file)


def test_a_check_that_is_cut_short_leaves_nothing(
    sandbox: Sandbox, people: dict[str, User], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mapping, "remember", cut)
    with pytest.raises(KeyboardInterrupt):
        run(file)
    assert not Job.objects.exists()
    assert not Row.objects.exists()


def test_what_a_killed_check_left_is_deleted(people: dict[str, User], settings: LazySettings) -> None:
    settings.IMPORT_DRAFT_DAYS = 3
    long_ago = timezone.now() - timedelta(days=4)
    left, mine = (
        Job.objects.create(kind="clients_upsert", title="x", owner_id=1, owner_name="o", created_at=at)
        for at in (long_ago, timezone.now())
    )
    begun = Job.objects.create(
        kind="clients_upsert", title="x", owner_id=1, owner_name="o", created_at=long_ago, started_at=long_ago
    )
    Row.objects.create(job=left, number=1)
    services.forget_old()
    assert set(Job.objects.values_list("pk", flat=True)) == {mine.pk, begun.pk}
    assert not Row.objects.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_end_is_waited_for_until_the_request_is_answered(
    sandbox: Sandbox,
    people: dict[str, User],
    file: Path,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    settings.KAYSE_BULK_ROWS = 1
    send = bulk.Upsert.send

    def ended_meanwhile(*arguments: Any) -> Any:
        signal.raise_signal(number)
        return send(*arguments)

    monkeypatch.setattr(bulk.Upsert, "send", ended_meanwhile)
    monkeypatch.setattr(runner, "ending_soon", threading.Event())
    before = signal.getsignal(number)
    told = run(file)
    assert signal.getsignal(number) == before
    assert exported(sandbox) == {"1": 1}
    job = Job.objects.get()
    assert f"A worker goes on with it; /jobs/{job.pk}/ is its page." in told
    assert ledger.tally(job).left == 1
    adds_up(job)
