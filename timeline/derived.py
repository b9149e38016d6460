"""What is made of content and follows every change of it: the modules that settings.DERIVED names, in that order.

Each of them has update(*rows), which writes anew what it says of them and of whatever shows them; rebuild(), which
writes everything anew and gives what is done, one after the other; and indexes(), its public lists by the name of their
URL, with the rows that have a page. An entry of one may be what the next one stands on.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from timeline.models import Content


@cache
def modules() -> tuple[ModuleType, ...]:
    return tuple(import_module(name) for name in settings.DERIVED)


def update(*rows: Content) -> None:
    """Call it in the transaction of the change."""
    for module in modules():
        module.update(*rows)


def rebuild() -> Iterator[Any]:
    """Readers find what is there all the while. It may be stopped and begun again."""
    for module in modules():
        yield from module.rebuild()


def indexes() -> dict[str, QuerySet[Any]]:
    return {name: rows for module in modules() for name, rows in module.indexes().items()}
