"""The history: every save of content leaves a Version, in one JSON form for all models.

Values stand by field name and related rows by uuid, so that a version means the same in every database
and after a row was made anew. Whatever changes content calls record() in the same transaction: what is
derived from content follows it there. timeline.restoring goes the way back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from timeline import derived, links
from timeline.models import Content, Issue, User, Version
from timeline.sections import across, sections

UNTOLD = {"updated_at", "key"}  # fields that follow the others: no change of its own


def stored_forms(rows: Sequence[Content]) -> list[dict[str, Any]]:
    """Of each row its fields by name; related rows by uuid: in their order, those without one sorted.

    An issue also has "items": the uuids of its items by kind, which is their order and membership. Rows that
    belong to this one alone and have no uuid (the spellings of an author) stand as their text.
    """
    told: dict[Content, dict[str, Any]] = {row: {} for row in rows}
    for row, data in told.items():
        for field in row._meta.concrete_fields:
            if field.primary_key or field.name in row.DERIVED:
                continue
            value = getattr(row, field.name)
            if isinstance(field, models.ForeignKey):
                data[field.name] = value and value.uuid
            elif isinstance(field, models.FileField):
                data[field.name] = value.name
            else:
                data[field.name] = value
        if hasattr(row, "spellings"):
            data["spellings"] = list(row.spellings.values_list("name", flat=True))
    for model in {type(row) for row in rows}:
        own = {row.pk: data for row, data in told.items() if type(row) is model}
        for relation in model._meta.many_to_many:
            through: Any = relation.remote_field.through
            key, other = relation.m2m_field_name(), f"{relation.m2m_reverse_field_name()}__uuid"
            places = through._default_manager.filter(**{f"{key}__in": own}).order_by(
                *(through._meta.ordering or [other])
            )
            for data in own.values():
                data[relation.name] = []
            for pk, uuid in places.values_list(key, other):
                own[pk][relation.name].append(uuid)
    if issues := {row.pk: data for row, data in told.items() if isinstance(row, Issue)}:
        for data in issues.values():
            data["items"] = {part.kind: [] for part in sections()}
        for kind, _, _, issue, uuid in across(models.Q(issue__in=issues), "issue", "uuid"):
            issues[issue]["items"][kind].append(uuid)
    return list(told.values())


def current(row: Content) -> dict[str, Any]:
    """What the `data` of a Version of `row` would be now."""
    return _plain(stored_forms([row])[0])


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(data, cls=DjangoJSONEncoder))


def record(row: Content, action: str, editor: User | None = None) -> Version:
    """Keep what `row` is now. Call it last in the transaction, when its related rows are saved too."""
    return record_all({row: action}, editor)[0]


def record_all(changes: Mapping[Any, str], editor: User | None = None) -> list[Version]:
    """record() of many rows, each with its action, in a few queries for all of them."""
    derived.update(*changes)
    for row in changes:
        links.plan(row)
    return Version.objects.bulk_create(
        Version(
            model=row._meta.label_lower, object_uuid=row.uuid, data=_plain(data), action=changes[row], editor=editor
        )
        for row, data in zip(changes, stored_forms(list(changes)), strict=True)
    )


def versions(row: Content) -> models.QuerySet[Version]:
    """The versions of `row`, newest first; they stay when it is deleted."""
    return Version.objects.filter(model=row._meta.label_lower, object_uuid=row.uuid)


def changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The names of the fields in which two `data` of one row differ.

    Line ends, which browsers change, do not count, nor what forms strip, nor how it is told that there is nothing.
    """

    def plain(value: Any) -> Any:
        if value in ("", []):
            return None
        return value.replace("\r\n", "\n").rstrip() if isinstance(value, str) else value

    names = [name for name in {**old, **new} if name not in UNTOLD]
    return [name for name in names if plain(old.get(name)) != plain(new.get(name))]


def last_known(
    model: type[Content], uuids: Iterable[str], until: models.QuerySet[Version] | None = None
) -> dict[str, Version]:
    """The newest version (of those in `until`) of each of these rows, by uuid; none of those that have none."""
    found = (Version.objects.all() if until is None else until).filter(model=model._meta.label_lower)
    newest = found.filter(object_uuid=models.OuterRef("object_uuid")).values("pk")[:1]
    wanted = found.filter(object_uuid__in=list(uuids), pk=models.Subquery(newest))
    return {str(version.object_uuid): version for version in wanted}


def name_of(version: Version) -> str:
    """How its row was called then."""
    model = apps.get_model(version.model)
    names = {each.name for each in model._meta.concrete_fields if not each.is_relation}
    return str(model(**{name: value for name, value in version.data.items() if name in names}))
