"""A row becomes what a Version says: the counterpart of history.stored_form().

Related rows are found by their uuid; what cannot be as it was is told in a sentence, in `notes`; what the rules of
today forbid is a ValidationError. Nobody here makes a Version: who calls does, when all is written.
"""

from collections.abc import Iterable, Set
from typing import Any, cast

from django.apps import apps
from django.db import models
from django.utils import timezone

from timeline.arranging import Arrangement, Changes, arrange
from timeline.history import last_known, name_of
from timeline.models import Content, FormerSlug, Image, Issue, Item, Slugged, Version
from timeline.sections import section, sections

PLACE = frozenset({"issue", "position"})  # fields of an item that its issue tells, too


def row_model(version: Version) -> type[Content]:
    return cast(type[Content], apps.get_model(version.model))


def row_of(version: Version) -> Any:
    """The row of `version`, locked until the transaction ends; a new one, not saved, if it was deleted."""
    model = row_model(version)
    rows = model._base_manager.select_for_update().filter(uuid=version.object_uuid)
    return rows.order_by("pk").first() or model(uuid=version.object_uuid)


def write(row: Any, version: Version, notes: list[str], *, without: Set[str] = frozenset()) -> None:
    """Give `row` the values of `version`, but for the fields `without`, and save it."""
    is_new = row._state.adding
    file = row.file.name if isinstance(row, Image) else None
    for each in row._meta.concrete_fields:
        if each.name not in version.data or each.name in row.DERIVED or getattr(each, "auto_now", False):
            continue
        if each.name in without or (each.name in row.STATE and not is_new):
            continue
        value = version.data[each.name]
        if isinstance(each, models.ForeignKey):
            value = next(iter(related(each.related_model, [value], notes)), None) if value else None
        elif isinstance(each, models.FileField):
            if value and not each.storage.exists(value):
                notes.append(f"The {each.verbose_name} of {version.data['name']} is gone: upload it again.")
                value = ""
        else:
            value = each.to_python(value)
        setattr(row, each.name, value)
    if isinstance(row, Issue) and is_new:
        _hide(row, version, notes)
    if isinstance(row, Image) and row.file.name != file:
        row.variants = {}
        if not row.file:
            row.width = row.height = None
    if isinstance(row, Slugged) and row.slug in row.taken_slugs(row.slug):
        notes.append(f"The address “{row.slug}” is taken, so this is “{row.free_slug(row.slug)}” now.")
        row.slug = row.free_slug(row.slug)
    row.full_clean()
    row.save()
    for each in row._meta.many_to_many:
        if each.name in version.data:
            others = related(each.related_model, version.data[each.name], notes)
            if each.remote_field.through._meta.auto_created:
                getattr(row, each.name).set(others)
            else:
                relate(row, each.remote_field.through, others)
    if "spellings" in version.data:
        names = version.data["spellings"]
        row.spellings.exclude(name__in=names).delete()
        for name in names:
            row.spellings.get_or_create(name=name)


def _hide(issue: Issue, version: Version, notes: list[str]) -> None:
    """One that was deleted comes back unseen: who may restore it may not always publish it."""
    if issue.published_at is None or issue.withdrawn_at:
        return
    if issue.published_at <= version.created_at:
        issue.withdrawn_at = timezone.now()
    else:
        issue.published_at = None
    notes.append("Readers do not see it: publish it again.")


def related(model: Any, uuids: list[str], notes: list[str]) -> list[Any]:
    """The rows of these uuids, in that order; for one that was merged, the one that it is now."""
    rows = {str(row.uuid): row for row in model._base_manager.filter(uuid__in=uuids)}
    gone = last_known(model, [uuid for uuid in uuids if uuid not in rows])
    found: dict[Any, Any] = {}
    for uuid in uuids:
        row = rows.get(uuid)
        if row is None:
            last = gone.get(uuid)
            slug = last.data.get("slug", "") if last else ""
            former = FormerSlug.objects.filter(model=model._meta.label_lower, slug=slug)
            row = model._base_manager.filter(uuid__in=former.values("target")).order_by("pk").first()
            name = f"The {model._meta.verbose_name} “{name_of(last) if last else uuid}”"
            notes.append(f"{name} is “{row}” now." if row else f"{name} is gone and was left out.")
        if row is not None:
            found.setdefault(row.pk, row)
    return list(found.values())


def relate(row: Content, through: Any, others: list[Any], places: Iterable[Any] | None = None) -> None:
    """Let the rows of `through`, a relation of `row` in an order, be those of `others`; those that were there stay.

    `places` are its rows, where somebody has asked already.
    """
    relation: Any = next(each for each in row._meta.many_to_many if each.remote_field.through is through)
    own, other = relation.m2m_field_name(), relation.m2m_reverse_field_name()
    if places is None:
        places = through._default_manager.filter(**{own: row})
    there = {getattr(place, f"{other}_id"): place for place in places}
    if gone := there.keys() - {each.pk for each in others}:
        through._default_manager.filter(**{own: row, f"{other}__in": gone}).delete()
    new, moved = [], []
    for position, each in enumerate(others, 1):
        place = there.get(each.pk)
        if place is None:
            new.append(through(**{own: row, other: each}, position=position))
        elif place.position != position:
            place.position = position
            moved.append(place)
    through._default_manager.bulk_create(new)
    through._default_manager.bulk_update(moved, ["position"])


def put(item: Item, issue: Issue) -> None:
    """Put `item` in its place among those of `issue`, its own or one that it has left."""
    kind = section(item.kind)
    order = [pk for pk in kind.items(issue).values_list("pk", flat=True) if pk != item.pk]
    if issue == item.issue:
        order.insert(max(0, item.position - 1), item.pk)
    kind.renumber(issue, order)


def fill(issue: Issue, data: dict[str, Any], notes: list[str]) -> Changes:
    """Let `issue` have the items that the `data` of a version names, in that order, and no others.

    Gives what has to be recorded besides `issue`.
    """
    items: dict[str, list[Item]] = {}
    leaving: dict[Item, Issue | None] = {}
    moves = data.get("moves", {})  # only a draft has them
    targets = {str(target.uuid): target for target in Issue.objects.filter(uuid__in=moves.values())} if moves else {}
    for kind in sections():
        if kind.kind not in data.get("items", {}):  # it came later
            continue
        items[kind.kind] = found = related(kind.model, data["items"][kind.kind], notes)
        for item in found:
            if item.issue_id not in (None, issue.pk):
                notes.append(f"“{item}” was in issue {item.issue.number} and is here again.")
        leaving |= {item: targets.get(moves.get(str(item.uuid))) for item in kind.items(issue) if item not in found}
    return arrange(issue, Arrangement(items, leaving))
