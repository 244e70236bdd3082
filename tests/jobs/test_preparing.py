"""Rows that cannot be made: one file must not keep the other jobs waiting, nor stand in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DataError, IntegrityError, OperationalError

from kayse_admin.accounts.models import User
from kayse_admin.jobs import preparing
from kayse_admin.jobs.models import Job
from kayse_admin.jobs.tasks import serve_jobs
from tests.conftest import Sandbox
from tests.jobs.helpers import new_client, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def stumbles(people: dict[str, User], monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Job]:
    """A job whose rows cannot be made, for this reason."""

    def begin(error: Exception) -> Job:
        def way(*_: object) -> None:
            raise error

        monkeypatch.setitem(preparing._ways, "clients_upsert", way)
        return Job.objects.create(
            kind="clients_upsert",
            title="Bad",
            owner_id=people["paralegal"].pk,
            owner_name="Paula",
            state=Job.State.PREPARING,
        )

    return begin


@pytest.mark.parametrize("error", [DataError("555-0142"), IntegrityError("555-0142"), ValueError("555-0142")])
def test_one_file_does_not_stop_the_others(
    sandbox: Sandbox,
    people: dict[str, User],
    stumbles: Callable[[Exception], Job],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, good = stumbles(error), started(people["paralegal"], [new_client(1)])
    serve_jobs.func()
    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.state, bad.note, good.state) == ("draft", preparing.FAILED, "done")
    assert f"job {bad.pk} could not be prepared: {type(error).__name__} in way" in caplog.text
    assert "0142" not in caplog.text, "what stands in the file does not stand in the log"


def test_a_database_that_is_away_is_no_fault_of_the_file(stumbles: Callable[[Exception], Job]) -> None:
    bad = stumbles(OperationalError("gone"))
    with pytest.raises(OperationalError):
        serve_jobs.func()
    bad.refresh_from_db()
    assert bad.state == "preparing"
