"""Many rows in one statement, or by COPY: each of them arrives as it was given, or none does."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from kayse_admin import many_rows
from kayse_admin.jobs.models import Job, Row

pytestmark = pytest.mark.django_db

TABLE = Row._meta.db_table
COLUMNS = ("job_id", "number", "line", "label", "body", "outcome", "result", "reason", "flag")


def values(job: Job, number: int) -> tuple[object, ...]:
    return (job.pk, number, 0, f"ana ? %s '{number}'\t\\", '{"a":"ü"}', "", number or None, "", "")


@pytest.fixture
def job() -> Job:
    return Job.objects.create(kind="x", title="x", owner_id=1, owner_name="o")


@pytest.mark.parametrize("count", [0, 1, many_rows.MOST_ROWS, 2 * many_rows.MOST_ROWS + 3])
def test_every_row_arrives_as_it_was_given(job: Job, count: int) -> None:
    many_rows.insert(TABLE, COLUMNS, (values(job, number) for number in range(count)))
    found = Row.objects.order_by("number").values_list("number", "label", "body", "result", "target")
    assert list(found) == [
        (number, f"ana ? %s '{number}'\t\\", {"a": "ü"}, number or None, None) for number in range(count)
    ]


def test_a_row_that_is_refused_is_an_error_of_django_and_none_arrives(job: Job) -> None:
    numbers = [*range(many_rows.MOST_ROWS), 3]
    with pytest.raises(IntegrityError), transaction.atomic():
        many_rows.insert(TABLE, COLUMNS, [values(job, number) for number in numbers])
    assert not Row.objects.exists()
