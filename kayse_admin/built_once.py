"""Questions to the database whose SQL is built once, for what is asked around each request of a job.

Django builds the SQL of a query anew each time, which takes it ten times as long as SQLite takes to answer a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, QuerySet
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=models.Model)


class Given(Expression):
    """A value of a question that is given each time it is asked; never None."""

    def __init__(self, name: str, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """A mark, and this as the parameter that stands for the value."""
        return "%s", [self]

    def prepared(self, value: Any) -> Any:
        """The value as the database in use takes it."""
        return self.output_field.get_db_prep_value(value, connection)


class Question(Generic[M]):
    """The whole rows of a query with `Given` values in it; an annotation comes as an attribute."""

    def __init__(self, make: Callable[[], QuerySet[M]]) -> None:
        self._make = make
        self._built: dict[str, tuple[type[M], str, tuple[Any, ...]]] = {}

    def __call__(self, **given: Any) -> list[M]:
        """Ask it, with a value for each name."""
        if connection.vendor not in self._built:
            query = self._make()
            self._built[connection.vendor] = (query.model, *query.query.sql_with_params())
        model, sql, marks = self._built[connection.vendor]
        values = [one.prepared(given[one.name]) if isinstance(one, Given) else one for one in marks]
        return list(model._default_manager.raw(sql, values))
