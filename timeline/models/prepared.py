"""Questions whose SQL is written once, and what they call the present.

Django writes the SQL of a queryset anew whenever somebody asks. From one page to the next of the same sort only a few
values differ, and to write the SQL of its eight queries was more than a third of the work for it.
"""

import json
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from copy import copy
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, ParamSpec, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

KEPT = 16  # forms of a question

Field = models.Field[Any, Any] | list[models.Field[Any, Any]] | None  # see prepared()
Row = TypeVar("Row")
Values = ParamSpec("Values")


class Parameter(models.Expression):
    """A value that is known when the question is asked."""

    def __init__(self, place: int, output_field: models.Field[Any, Any]) -> None:
        super().__init__(output_field)
        self.place = place

    def as_sql(self, compiler: SQLCompiler, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def bind(self, values: Sequence[Any], connection: Any) -> Any:
        """What the database gets for its value. EmptyResultSet if that is a number that no column can hold."""
        value, field = values[self.place], self.output_field
        if isinstance(field, models.IntegerField):
            least, most = connection.ops.integer_field_range(field.get_internal_type())
            if not least <= value <= most:
                raise EmptyResultSet
        return field.get_db_prep_value(value, connection)


class ListParameter(Parameter):
    """A list of any length, for Among."""

    def bind(self, values: Sequence[Any], connection: Any) -> Any:
        return _as_one(values[self.place], connection)


def _as_one(values: list[Any], connection: Any) -> Any:
    """A list of numbers or texts as the one value of a parameter."""
    return values if connection.vendor == "postgresql" else json.dumps(values)


@models.Field.register_lookup
class Among(models.Lookup):
    """`__in`, with a list as one parameter: a thousand of them take milliseconds to be counted and sent.

    Or with a queryset, which PostgreSQL asks first, whatever it expects it to give.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, parameters = self.process_lhs(compiler, connection)
        if isinstance(self.rhs, Query):
            asked, more = compiler.compile(self.rhs)
            among = f"= ANY(ARRAY{asked})" if connection.vendor == "postgresql" else f"IN {asked}"
            return f"{left} {among}", (*parameters, *more)
        own = self.rhs if isinstance(self.rhs, ListParameter) else _as_one(list(self.rhs), connection)
        if connection.vendor == "postgresql":
            return f"{left} = ANY(%s::{self.lhs.output_field.cast_db_type(connection)}[])", (*parameters, own)
        return f"{left} IN (SELECT value FROM json_each(%s))", (*parameters, own)


_PRESENT = Parameter(-1, models.DateTimeField())

# Set while something is made for all readers (timeline.edition.snapshot): an issue that comes out between two of its
# queries would be in one and not in the other.
moment: ContextVar[datetime | Parameter | None] = ContextVar("moment", default=None)


def present() -> Any:
    """The time that decides what readers see: in a question that is prepared, the one at which it will be asked."""
    return moment.get() or timezone.now()


class _Question:
    """The SQL of a queryset, and how its rows are read."""

    def __init__(self, rows: models.QuerySet[Any, Any]) -> None:
        self.rows = cast(Any, rows)
        self.compiler = rows.query.get_compiler(rows.db)
        self.sql, self.parameters = self.compiler.as_sql()
        self.converters = self.compiler.get_converters([column for column, *_ in self.compiler.select])

    def answer(self, values: Sequence[Any], *part: int) -> list[Any]:
        """Its rows, or those `part` of them that count from a number to another. EmptyResultSet where none can be."""
        # The queryset again, which takes for its SQL what is here.
        compiler, query = cast(Any, copy(self.compiler)), cast(Any, copy(self.rows.query))
        compiler.connection = connections[self.rows.db]  # each thread has its own
        sql = f"{self.sql} {compiler.connection.ops.limit_offset_sql(*part)}" if part else self.sql
        bound = tuple(
            each.bind(values, compiler.connection) if isinstance(each, Parameter) else each for each in self.parameters
        )
        compiler.as_sql = lambda *args, **kwargs: (sql, bound)
        compiler.get_converters = lambda *args: self.converters  # of the same columns
        query.get_compiler = lambda *args, **kwargs: compiler
        rows = type(self.rows)(self.rows.model, query, self.rows._db)
        rows._iterable_class, rows._fields = self.rows._iterable_class, self.rows._fields
        return list(rows)


class Prepared(Generic[Values, Row]):
    """See prepared()."""

    def __init__(self, fields: Sequence[Field], ask: Callable[Values, models.QuerySet[Any, Row]]) -> None:
        self.fields = fields
        self.ask = ask
        self.written = lru_cache(maxsize=KEPT)(self._write)

    def __call__(self, *arguments: Values.args, **_: Values.kwargs) -> list[Row]:
        return self._answer(arguments)

    def between(self, start: int, stop: int, number: int, *arguments: Values.args, **_: Values.kwargs) -> list[Row]:
        """These of the rows, counted from 0, of which there are `number`: read from the end that is nearer.

        No two of them may be equal in what orders them.
        """
        if start + stop > number:
            return self._answer(arguments, number - stop, number - start, is_reversed=True)[::-1]
        return self._answer(arguments, start, stop)

    def _answer(self, arguments: Sequence[Any], *part: int, is_reversed: bool = False) -> list[Row]:
        form: list[Any] = []
        values: list[Any] = []
        for field, argument in zip(self.fields, arguments, strict=True):
            if field is None:
                form.append(argument)
            elif isinstance(field, list):
                form.append(None)
                values.append(argument)
            elif isinstance(argument, list):
                # As many as the next power of two: so there are few forms.
                form.append(1 << (len(argument) - 1).bit_length() if argument else 0)
                values += argument + argument[-1:] * (form[-1] - len(argument))
            else:
                form.append(None)
                values.append(argument)
        try:
            question = self.written(connections[DEFAULT_DB_ALIAS].vendor, is_reversed, *form)
            return question.answer([*values, present()], *part)
        except EmptyResultSet:
            return []

    def _write(self, vendor: str, is_reversed: bool, *form: Any) -> _Question:
        arguments: list[Any] = []
        place = 0
        for field, own in zip(self.fields, form, strict=True):
            if field is None:
                arguments.append(own)
                continue
            if isinstance(field, list):
                arguments.append(ListParameter(place, field[0]))
                place += 1
                continue
            parameters = [Parameter(place + index, field) for index in range(1 if own is None else own)]
            arguments.append(parameters[0] if own is None else parameters)
            place += len(parameters)
        now = moment.set(_PRESENT)
        try:
            rows = cast(Any, self.ask)(*arguments)
            return _Question(rows.reverse() if is_reversed else rows)
        finally:
            moment.reset(now)


def prepared(
    *fields: Field,
) -> Callable[[Callable[Values, models.QuerySet[Any, Row]]], Prepared[Values, Row]]:
    """Makes of a function that gives a queryset one that gives its rows.

    `fields` are those of its arguments. It sees an expression in place of a value, and of a list a list of them, which
    may be longer than the one that is asked for, with its last value more than once. Where the field stands in a list,
    it sees one expression for a whole list, which only `__among` takes. Where None stands for a field it sees the
    argument itself. Nothing else and only present() may decide what it gives, for it is asked once. Rows that
    belong to the queryset of something else, or are to be prefetched, are not for it.
    """
    return lambda ask: Prepared(fields, ask)
