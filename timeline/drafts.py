"""What editors type is kept before it is saved, and a save that comes too late is merged: nothing is lost.

A revision is the newest Version of a row. A form carries the one that it showed; if there is a newer one when it is
saved, both are merged with what they started from, and what contradicts is for the editor to settle.

A draft belongs to a sheet: the form on one page, as it was shown once. So no form ever writes over what another holds,
be it of the same editor; and a form that was filled from a draft replaces it, unless that was written on since.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone

from timeline.comparing import Merged, merge, merge_lists, merge_sets, paragraphs
from timeline.history import UNTOLD, versions
from timeline.models import AbstractSpelling, Content, Draft, Presence, User, Version
from timeline.pending import working
from timeline.restoring import Restored, restore

PRESENT = timedelta(seconds=45)  # since an editor's browser last said that the form is open

Data = dict[str, Any]


def revision(row: Content) -> int:
    """Of what `row` is now; 0 where no save of it was ever recorded."""
    return versions(row).values_list("pk", flat=True).first() or 0


@dataclass(frozen=True)
class Stamp:
    """A sheet, and how often it had been changed."""

    sheet: UUID
    turn: int


def drafts_of(model: str, uuid: UUID, editor: User) -> models.QuerySet[Draft]:
    """What `editor` has typed into forms of a row and not saved, newest first."""
    return Draft.objects.filter(model=model, object_uuid=uuid, editor=editor)


@transaction.atomic
def keep(model: str, uuid: UUID, editor: User, stamp: Stamp, replaced: Stamp | None, **values: Any) -> Draft:
    """Keep what `editor` has typed into a sheet of a row; `values` are the other fields of the draft.

    Requests overtake each other: what comes late is not put over what was typed after it.
    """
    if replaced:
        drop(model, uuid, editor, replaced)
    values["turn"] = stamp.turn
    draft, is_new = Draft.objects.select_for_update().get_or_create(
        model=model, object_uuid=uuid, editor=editor, sheet=stamp.sheet, defaults=values
    )
    if not is_new and draft.turn <= stamp.turn:
        for name, value in values.items():
            setattr(draft, name, value)
        draft.save()
    return draft


def drop(model: str, uuid: UUID, editor: User, stamp: Stamp) -> None:
    """Take a draft away, unless more was typed than the stamp knows."""
    drafts_of(model, uuid, editor).filter(sheet=stamp.sheet, turn__lte=stamp.turn).delete()


def see(model: str, uuid: Any, editor: User) -> list[str]:
    """Note that `editor` has the row open; gives the names of the others who have."""
    now = timezone.now()
    Presence.objects.update_or_create(model=model, object_uuid=uuid, editor=editor, defaults={"seen_at": now})
    Presence.objects.filter(seen_at__lt=now - PRESENT).delete()
    others = Presence.objects.filter(model=model, object_uuid=uuid).exclude(editor=editor).select_related("editor")
    return sorted(str(other.editor) for other in others)


def form_data(form: Any, formsets: Any) -> Data:
    """What pending.working() would be once these forms, after is_valid(), are saved."""
    row = form.instance
    data = working(type(row)._base_manager.get(pk=row.pk)) if row.pk else {}
    fields = {each.name: each for each in [*row._meta.concrete_fields, *row._meta.many_to_many]}
    for name in form.fields:
        field = fields.get(name)
        if name == "items" and name in form.cleaned_data:  # of an issue
            data |= form.cleaned_data[name].data
        if field is None or isinstance(field, models.FileField):  # a file is a row already, or chosen again
            continue
        if name not in form.cleaned_data:
            data[name] = form.data.get(form.add_prefix(name), "")
            continue
        value = form.cleaned_data[name]
        if isinstance(field, models.ManyToManyField):
            value = sorted(str(other.uuid) for other in value)
        elif isinstance(field, models.ForeignKey):
            value = value and value.uuid
        data[name] = json.loads(json.dumps(value, cls=DjangoJSONEncoder))
    for formset in formsets:
        _formset_data(row, formset, data)
    return data


def _formset_data(row: Content, formset: Any, data: Data) -> None:
    kept = [
        form for form in formset.forms if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE")
    ]
    if any("position" in form.fields for form in kept):
        kept.sort(key=lambda form: form.cleaned_data.get("position") or float("inf"))
    if issubclass(formset.model, AbstractSpelling):
        data["spellings"] = sorted(form.cleaned_data["name"] for form in kept if form.cleaned_data.get("name"))
    else:
        for field in row._meta.many_to_many:
            if field.remote_field.through is formset.model:
                others = [form.cleaned_data.get(field.m2m_reverse_field_name()) for form in kept]
                data[field.name] = list(dict.fromkeys(str(other.uuid) for other in others if other))


@dataclass(frozen=True)
class Field:
    """A field that two editors changed, each in another way; `merged` if it is a text."""

    name: str
    mine: Any
    theirs: Any
    merged: Merged | None

    @property
    def both(self) -> str:
        """The text with all of it, and no paragraph more often than on one side: mine before theirs."""
        assert self.merged
        left = Counter(paragraphs(self.mine or "")) | Counter(paragraphs(self.theirs or ""))
        found = []
        for part in self.merged.parts:
            for text in paragraphs(part if isinstance(part, str) else part.both):
                if left[text]:
                    left[text] -= 1
                    found.append(text)
        return "\n\n".join(found) + "\n"


@dataclass(frozen=True)
class Meeting:
    """What became of one row in two hands: what is settled, and the fields that are not."""

    data: Data
    conflicts: list[Field]


def meet(model: type[Content], base: Data, mine: Data, theirs: Data) -> Meeting:
    """What both sides made of `base`: a field that one changed is taken, texts are merged by paragraph."""
    texts = {each.name for each in model._meta.concrete_fields if isinstance(each, models.TextField)}
    data, conflicts = dict(theirs), []
    for name, own in mine.items():
        was, other = _plain(base.get(name)), _plain(theirs.get(name))
        if name in UNTOLD or _plain(own) in (was, other):
            continue
        if other == was:
            data[name] = own
            continue
        merged = merge(was or "", _plain(own), other or "") if name in texts else None
        together = merged.text if merged and not merged.conflicts else _together(model, name, was, own, other)
        if together is None:
            conflicts.append(Field(name, own, theirs.get(name), merged))
        else:
            data[name] = together
    return Meeting(data, conflicts)


def _together(model: type[Content], name: str, was: Any, mine: Any, theirs: Any) -> Any:
    """What both made of a list, or of an issue's items by kind; None where they contradict, and of other values."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        sides = [was or {}, mine, theirs]
        items = {kind: merge_lists(*(side.get(kind, []) for side in sides)) for kind in mine | theirs}
        return None if None in items.values() else items
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return None
    through = next((each.remote_field.through for each in model._meta.many_to_many if each.name == name), None)
    return (merge_lists if through and through._meta.ordering else merge_sets)(was or [], mine, theirs)


def _plain(value: Any) -> Any:
    """Browsers write other ends of lines."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def meeting(draft: Draft, row: Content) -> Meeting:
    """Of a draft with what editors go on with now."""
    base = versions(row).filter(pk=draft.base).first()
    return meet(type(row), base.data if base else {}, draft.data, working(row))


@transaction.atomic
def save_merged(draft: Draft, row: Content, data: Data, editor: User) -> Restored:
    """Write `data`, what became of the draft and of its row. ValidationError if that cannot be."""
    merged = Version(model=draft.model, object_uuid=draft.object_uuid, data=data, created_at=timezone.now())
    restored = restore(merged, editor, action="merged")
    draft.delete()
    return restored
