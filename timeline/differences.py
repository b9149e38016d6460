"""What differs between two versions of one row, field by field, as people read it: related rows by their names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath
from typing import Any

from django.db import models
from django.utils.formats import localize
from django.utils.text import capfirst

from timeline.comparing import Change, compare, compare_lists
from timeline.history import changed, last_known, name_of
from timeline.models import Content, Image
from timeline.references import FILMS
from timeline.sections import sections

Data = dict[str, Any]
SHOWN_AROUND = 1  # unchanged paragraphs before and behind a changed one


@dataclass(frozen=True)
class Stretch:
    """Rows of a comparison that follow each other; `is_folded` where nothing changed and nobody needs to see it."""

    changes: list[Change]
    is_folded: bool


@dataclass(frozen=True)
class Difference:
    """One field: its label, its rows, and the addresses of the pictures that it showed and shows."""

    label: str
    changes: list[Change]
    old_picture: str = ""
    new_picture: str = ""

    @property
    def stretches(self) -> Iterator[Stretch]:
        """All rows in order; what did not change and stands far from what did is folded."""
        near = {
            index + step
            for index, change in enumerate(self.changes)
            if change.kind != "same"
            for step in range(-SHOWN_AROUND, SHOWN_AROUND + 1)
        }
        for is_near, rows in groupby(enumerate(self.changes), key=lambda row: row[0] in near):
            yield Stretch([change for _, change in rows], not is_near)


def in_order(model: type[models.Model], names: Iterable[str]) -> list[str]:
    """Names of fields in the order of `model`: PostgreSQL keeps none in JSON. Those that are no fields come last."""
    known = [each.name for each in [*model._meta.concrete_fields, *model._meta.many_to_many]]
    return sorted(names, key=lambda name: known.index(name) if name in known else len(known))


def labels(model: type[models.Model], names: Iterable[str]) -> list[str]:
    """The fields of these names as people call them, also those that `model` has no more."""
    known = {each.name: str(each.verbose_name) for each in [*model._meta.concrete_fields, *model._meta.many_to_many]}
    return [known.get(name, name.replace("_", " ")) for name in in_order(model, names)]


def differences(model: type[Content], old: Data, new: Data) -> list[Difference]:
    """Of every field that differs, in order. Two queries at most for each model to which they relate."""
    names = [name for name in in_order(model, changed(old, new)) if name != "moves"]  # `items` tells what leaves
    fields = {each.name: each for each in [*model._meta.concrete_fields, *model._meta.many_to_many]}
    known = _Known()
    found: list[Difference] = []
    for name, label in zip(names, map(capfirst, labels(model, names)), strict=True):
        before, after = old.get(name), new.get(name)
        related = fields[name].related_model if name in fields else None
        if name == "items":
            for kind in sections():
                sides = [(side or {}).get(kind.kind, []) for side in (before, after)]
                if sides[0] != sides[1]:
                    found.append(known.rows(kind.title, kind.model, *sides))
        elif related:
            found.append(known.rows(label, related, _listed(before), _listed(after)))
        else:
            found.append(_values(label, fields.get(name), before, after))
    return found


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


class _Known:
    """Names and pictures of related rows, those that are gone among them."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}  # (name, address of the picture) by uuid

    def rows(self, label: str, model: Any, old: list[str], new: list[str]) -> Difference:
        wanted = {*old, *new} - self.found.keys()
        for row in model._base_manager.filter(uuid__in=wanted):
            self.found[str(row.uuid)] = str(row), thumbnail(row) if isinstance(row, Image) else ""
        gone = wanted - self.found.keys()
        for uuid, version in last_known(model, gone).items() if gone else []:
            self.found[uuid] = f"{name_of(version)} (deleted)", ""
        old_picture, new_picture = (
            self.found.get(side[0], ("", ""))[1] if model is Image and side else "" for side in (old, new)
        )
        return Difference(label, [self._named(change) for change in compare_lists(old, new)], old_picture, new_picture)

    def _named(self, change: Change) -> Change:
        old, new = (
            uuid and self.found.get(uuid, ("Nobody knows what this was", ""))[0] for uuid in (change.old, change.new)
        )
        return Change(old, new)


def _values(label: str, field: models.Field | None, old: Any, new: Any) -> Difference:
    """Of a field of one value, or a list of texts."""
    if isinstance(field, models.FileField):
        return Difference(label, [Change(old or None, new or None)], _picture(field, old), _picture(field, new))
    if isinstance(old, list) or isinstance(new, list):
        return Difference(label, compare_lists(old or [], new or []))
    if isinstance(field, models.TextField):
        return Difference(label, compare(old or "", new or ""))
    return Difference(label, [Change(_told(field, old), _told(field, new))])


def _told(field: models.Field | None, value: Any) -> str | None:
    if value is None or value == "":
        return None
    return str(localize(field.to_python(value) if field else value))


def thumbnail(image: Image) -> str:
    """The address of a small still of it; "" where it has no file."""
    figure = image.figure
    return figure.variants[0].src if figure.variants else figure.poster or figure.src


def _picture(field: models.FileField, name: str | None) -> str:
    """The address of a stored picture; "" if there is none of that name, or it is a film or subtitles."""
    is_picture = name and PurePath(name).suffix not in {*FILMS, ".vtt"} and field.storage.exists(name)
    return field.storage.url(name) if is_picture else ""
