"""Writing and reading many rows of a job at once, as each database does it best. Inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from kayse_admin import many_rows
from kayse_admin.jobs.models import Chunk, Row
from kayse_admin.jobs.registry import Became
from kayse_admin.json_text import decode_many, encode

_TABLE = f'"{Row._meta.db_table}"'
_COLUMNS = (
    "job_id", "number", "line", "target", "label", "body", "before", "source", "outcome", "result", "reason",
    "flag",
)  # fmt: skip


def insert(job: int, before: int, batch: Sequence[Row]) -> None:
    """Write rows, numbered on; `before`: how many rows the job has already."""
    values = [
        (
            job, number, row.line, row.target, row.label, json_value(row.body), json_value(row.before),
            json_value(row.source), row.outcome, row.result, row.reason, row.flag,
        )
        for number, row in enumerate(batch, start=before + 1)
    ]  # fmt: skip
    many_rows.insert(Row._meta.db_table, _COLUMNS, values)


def rows_of(chunk: Chunk) -> list[Row]:
    """The rows of a request that have no outcome yet, in order, without what they were made of."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, number, line, target, label, flag, body, before FROM {_TABLE} "  # noqa: S608  (our own name)
            "WHERE job_id = %s AND number BETWEEN %s AND %s AND outcome = '' ORDER BY number",
            [chunk.job_id, chunk.first, chunk.last],
        )
        found = cursor.fetchall()
    bodies = decode_many([row[6] for row in found])
    befores = decode_many([row[7] or "null" for row in found])
    return [
        Row.light(
            id=pk, job_id=chunk.job_id, number=number, line=line, target=target, label=label, flag=flag,
            body=body, before=before,
        )
        for (pk, number, line, target, label, flag, *_), body, before in zip(
            found, bodies, befores, strict=True
        )
    ]  # fmt: skip


def outcomes(rows: Sequence[Row], became: Sequence[Became]) -> None:
    """Write what became of rows that have no outcome yet."""
    values = [
        (row.pk, one.outcome, one.result, one.reason[:500]) for row, one in zip(rows, became, strict=True)
    ]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {_TABLE} SET outcome = told.outcome, result = told.result, reason = told.reason "  # noqa: S608
                "FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[]) "
                f"AS told (id, outcome, result, reason) WHERE {_TABLE}.id = told.id AND {_TABLE}.outcome = ''",
                [*map(list, zip(*values, strict=True))],
            )
        else:
            cursor.executemany(
                f"UPDATE {_TABLE} SET outcome = %s, result = %s, reason = %s "  # noqa: S608  (our own names)
                "WHERE id = %s AND outcome = ''",
                [(*told, pk) for pk, *told in values],
            )


def json_value(value: Any) -> str | None:
    """A value as a JSON column takes it from a raw statement; None is NULL."""
    return None if value is None else encode(value)
