"""What is published as data: each Resource is a list of the API and a file of the dumps, which so say the same.

The modules that settings.RESOURCES names have `resources()`, in the order in which readers find them.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from functools import cache, reduce
from importlib import import_module
from typing import Annotated, Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from ninja import Schema
from pydantic import Field, TypeAdapter, ValidationError

from timeline.views import find

# What may stand in an address: nothing that a database would stumble over.
Slug = Annotated[str, Field(pattern="^[-a-zA-Z0-9_]{1,120}$")]
Name = Annotated[str, Field(pattern="^[^\x00]{1,200}$")]
Number = Annotated[int, Field(ge=1, lt=2**31)]
Rank = Annotated[int, Field(ge=0, lt=2**63)]

BATCH = 200  # rows of a dump that are in memory at a time


class BadCursor(ValueError):
    pass


class NoFilters(Schema):
    pass


class Resource:
    """A list of rows that readers may see, each with a document that tells all of it."""

    name: str  # in addresses
    title: str
    about: str  # a sentence or two in plain words
    schema: Any  # of a document: a subclass of Schema
    filters: Any = NoFilters  # what a reader may ask for: another one
    order: tuple[str, ...] = ("slug",)  # together they are unique, and a page begins behind them
    place: Any = tuple[Slug]  # the type of their values
    key: Any = Slug  # by what one row is asked for; None: only the list is there

    def rows(self) -> QuerySet[Any]:
        """All that readers may see."""
        raise NotImplementedError

    def filtered(self, rows: QuerySet[Any], filters: Any) -> QuerySet[Any]:
        return rows

    def documents(self, rows: Sequence[Any]) -> list[Schema]:
        """What is told of each of these rows, in their order; as few queries for many as for one."""
        raise NotImplementedError

    def find(self, key: Any) -> Any:
        """The row, or a redirect to where it is now; else Http404."""
        return find(self.rows(), key, address=self.moved)

    def moved(self, page: str) -> str:
        """The address here of what has its page there."""
        return f"{self.path}/{page.rstrip('/').rpartition('/')[2]}"

    @property
    def path(self) -> str:
        return f"/api/v1/{self.name}"

    def page(self, filters: Any, cursor: str, limit: int) -> tuple[list[Schema], str]:
        """So many documents behind `cursor` ("": from the start), and the cursor of the next page, "" at the end."""
        rows = self.filtered(self.rows(), filters).order_by(*self.order)
        if cursor:
            rows = rows.filter(self._behind(cursor))
        found = list(rows[: limit + 1])
        following = self._cursor(found[limit - 1]) if len(found) > limit else ""
        return self.documents(found[:limit]), following

    def all(self) -> Iterator[Schema]:
        cursor = ""
        while True:
            documents, cursor = self.page(self.filters(), cursor, BATCH)
            yield from documents
            if not cursor:
                return

    def _cursor(self, row: Model) -> str:
        values = [reduce(getattr, name.removeprefix("-").split("__"), row) for name in self.order]
        return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")

    def _behind(self, cursor: str) -> Q:
        try:
            typed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            values = TypeAdapter(self.place).validate_json(typed)
        except (ValueError, ValidationError) as error:
            raise BadCursor("The cursor is wrong: take the address under “next” as it is.") from error
        behind, same = Q(), Q()
        for name, value in zip(self.order, values, strict=True):
            field = name.removeprefix("-")
            behind |= same & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
            same &= Q(**{field: value})
        return behind


@cache
def resources() -> tuple[Resource, ...]:
    return tuple(each for module in settings.RESOURCES for each in import_module(module).resources())
