"""The history: every save of content leaves a Version, in one JSON form for all models.

Values stand by field name and related rows by uuid, so that a version means the same in every database
and after a row was made anew. Whatever changes content calls record() in the same transaction: what is
derived from content follows it there.
"""

from typing import Any

from django.db import models

from timeline import derived, links
from timeline.models import Content, Issue, User, Version
from timeline.sections import sections


def stored_form(row: Content) -> dict[str, Any]:
    """The fields of `row` by name; related rows by uuid, in order where they have one.

    An issue also has "items": the uuids of its items by kind, which is their order and membership. Rows that
    belong to this one alone and have no uuid (the spellings of an author) stand as their text.
    """
    data: dict[str, Any] = {}
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
    for field in row._meta.many_to_many:
        through: Any = field.remote_field.through
        places = through._default_manager.filter(**{field.m2m_field_name(): row}).order_by(
            *(through._meta.ordering or [field.m2m_reverse_field_name()])
        )
        data[field.name] = list(places.values_list(f"{field.m2m_reverse_field_name()}__uuid", flat=True))
    if isinstance(row, Issue):
        data["items"] = {
            section.kind: list(
                section.model._base_manager.filter(issue=row).order_by("position", "pk").values_list("uuid", flat=True)
            )
            for section in sections()
        }
    elif hasattr(row, "spellings"):
        data["spellings"] = list(row.spellings.values_list("name", flat=True))
    return data


def record(row: Content, action: str, editor: User | None = None) -> Version:
    """Keep what `row` is now. Call it last in the transaction, when its related rows are saved too."""
    derived.update(row)
    links.plan(row)
    return Version.objects.create(
        model=row._meta.label_lower, object_uuid=row.uuid, data=stored_form(row), action=action, editor=editor
    )


def versions(row: Content) -> models.QuerySet[Version]:
    """The versions of `row`, newest first; they stay when it is deleted."""
    return Version.objects.filter(model=row._meta.label_lower, object_uuid=row.uuid)
