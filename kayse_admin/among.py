"""Looking for many values at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup
from django.db.models.sql.compiler import SQLCompiler

from kayse_admin.json_text import encode


class Among(Lookup):  # type: ignore[type-arg]
    """Whether a column holds one of these values, to be given to `filter`: what `__in` says, with one parameter.

    For lists of hundreds: `__in` prepares, quotes and binds each value alone, which costs more than finding it, and
    SQLite takes no more than 32,766 of them. The values are of the column's own type, and none is None.
    """

    prepare_rhs = False

    def __init__(self, column: str, values: Collection[int] | Collection[str]) -> None:
        super().__init__(F(column), list(values))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """The same for each database but how it takes a list. Raises EmptyResultSet for none, as `__in` does."""
        if not self.rhs:
            raise EmptyResultSet
        column, parameters = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", [*parameters, self.rhs]
        return f"{column} IN (SELECT value FROM json_each(%s))", [*parameters, encode(self.rhs)]  # noqa: S608  (a name of ours)
