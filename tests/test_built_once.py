"""Questions whose SQL is built once say what the same query says that is built anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kayse_admin.built_once import Given, Question
from kayse_admin.jobs.models import Chunk, Job

pytestmark = pytest.mark.django_db


def _values(row: Job | Chunk) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_are_whole_and_the_same_with_each_value() -> None:
    now = timezone.now()
    jobs = [
        Job.objects.create(
            kind="x", title=f"job {number}", owner_id=number, owner_name="o", options={"a": [number]},
            wait_until=now + timedelta(hours=number),
        )
        for number in range(4)
    ]  # fmt: skip
    until = Question(lambda: Job.objects.filter(wait_until__lte=Given("at", DateTimeField())).order_by("pk"))
    for number in (1, 3, 0):
        at = now + timedelta(hours=number)
        asked, anew = until(at=at), list(Job.objects.filter(wait_until__lte=at).order_by("pk"))
        assert [_values(row) for row in asked] == [_values(row) for row in anew]
        assert [row.pk for row in asked] == [job.pk for job in jobs[: number + 1]]
    assert until(at=now - timedelta(hours=1)) == []


def test_an_annotation_comes_along_and_a_row_can_be_saved() -> None:
    job = Job.objects.create(kind="x", title="t", owner_id=7, owner_name="o")
    Chunk.objects.create(job=job, first=1, last=5)
    question = Question(
        lambda: Chunk.objects.filter(job_id=Given("job", BigIntegerField())).annotate(title=F("job__title"))
    )
    (chunk,) = question(job=job.pk)
    assert chunk.title == "t"  # type: ignore[attr-defined]
    chunk.detail = "seen"
    chunk.save()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert question(job=job.pk)[0].detail == "seen"
    assert len(queries) == 1
