"""The way back: a row, or a whole issue, becomes what a Version says it was.

What a row was then is written over what it is now, and is itself a Version, "restored": nothing is lost by it. What
cannot come back as it was is told in a sentence; what the rules of today forbid is a ValidationError, and nothing is
done. Whether readers see an issue is not touched: it is published and withdrawn, never restored.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any, cast

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from timeline.history import changed, current, last_known, name_of, record
from timeline.models import Content, FormerSlug, Image, Issue, Item, Slugged, User, Version
from timeline.sections import section, sections

PLACE = frozenset({"issue", "position"})  # fields of an item that its issue tells, too


class NotRecorded(Exception):
    """There is no Version from that time or before."""


@dataclass
class Restored:
    """The row that came back, and sentences about what could not come back as it was."""

    row: Any
    notes: list[str] = field(default_factory=list)


@transaction.atomic
def restore(version: Version, editor: User | None = None, action: str = "restored") -> Restored:
    """Write what `version` says over its row, or make that row anew under its old uuid if it was deleted.

    An issue gets its items of then in their order: those that it did not have go to the shelf. An item goes back to
    its issue and its place.
    """
    notes: list[str] = []
    row = row_of(version)
    place = (row.issue, row.position) if isinstance(row, Item) else None
    _write(row, version, notes)
    if isinstance(row, Issue):
        for item in _fill(row, version.data.get("items", {}), notes, editor):
            record(item, "moved" if item.issue_id else "shelved", editor)
    elif place and place != (row.issue, row.position):
        issues = [issue for issue in {place[0], row.issue} if issue]
        for issue in issues:
            _put(row, issue)
        row.refresh_from_db(fields=["position"])
        for issue in issues:
            record(issue, "items changed", editor)
    record(row, action, editor)
    return Restored(row, notes)


def as_it_stood(issue: Issue, at: Version) -> list[Version]:
    """At the time of `at`: the Version of `issue`, then those of its items of then. NotRecorded if there is none."""
    before = models.Q(created_at__lt=at.created_at) | models.Q(created_at=at.created_at, pk__lte=at.pk)
    until = Version.objects.filter(before)
    own = until.filter(model=issue._meta.label_lower, object_uuid=issue.uuid).first()
    if own is None:
        raise NotRecorded(f"Nobody had saved {issue} by then.")
    inside = [uuid for kind in sections() for uuid in own.data.get("items", {}).get(kind.kind, [])]
    items = [version for kind in sections() for version in last_known(kind.model, inside, until).values()]
    return [own, *sorted(items, key=lambda version: inside.index(str(version.object_uuid)))]


@transaction.atomic
def restore_whole(issue: Issue, at: Version, editor: User | None = None) -> Restored:
    """Make `issue` and its items what they were at the time of `at`; items that were deleted since are made anew.

    NotRecorded if there is no version of that time.
    """
    notes: list[str] = []
    own, *items = as_it_stood(issue, at)
    row = row_of(own)
    _write(row, own, notes)
    written: dict[Any, Item] = {}
    for version in items:
        item = row_of(version)
        if item._state.adding or set(would_change(version, current(item))) - PLACE:
            _write(item, version, notes, without=PLACE)
            written[item.uuid] = item
    moved = {item.uuid: item for item in _fill(row, own.data.get("items", {}), notes, editor)}
    for item in (moved | written).values():
        item.refresh_from_db()
        record(item, "restored" if item.uuid in written else "moved" if item.issue_id else "shelved", editor)
    record(row, "restored", editor)
    return Restored(row, notes)


def would_change(version: Version, now: dict[str, Any]) -> list[str]:
    """The names of the fields that restore() would change of a row that is `now`, as history.current() tells it."""
    return [name for name in changed(now, version.data) if name not in row_model(version).STATE]


def row_model(version: Version) -> type[Content]:
    return cast(type[Content], apps.get_model(version.model))


def row_of(version: Version) -> Any:
    """The row of `version`, locked until the transaction ends; a new one, not saved, if it was deleted."""
    model = row_model(version)
    rows = model._base_manager.select_for_update().filter(uuid=version.object_uuid)
    return rows.order_by("pk").first() or model(uuid=version.object_uuid)


def _write(row: Any, version: Version, notes: list[str], *, without: Set[str] = frozenset()) -> None:
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
            value = next(iter(_related(each.related_model, [value], notes)), None) if value else None
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
            _relate(row, each, _related(each.related_model, version.data[each.name], notes))
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


def _related(model: Any, uuids: list[str], notes: list[str]) -> list[Any]:
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


def _relate(row: Content, relation: Any, others: list[Any]) -> None:
    through = relation.remote_field.through
    if through._meta.auto_created:
        getattr(row, relation.name).set(others)
        return
    own, other = relation.m2m_field_name(), relation.m2m_reverse_field_name()
    places = through._default_manager.filter(**{own: row})
    if list(places.order_by("position").values_list(f"{other}_id", flat=True)) == [each.pk for each in others]:
        return
    places.delete()
    through._default_manager.bulk_create(
        through(**{own: row, other: each}, position=position) for position, each in enumerate(others, 1)
    )


def _put(item: Item, issue: Issue) -> None:
    """Put `item` in its place among those of `issue`, its own or one that it has left."""
    kind = section(item.kind)
    order = [pk for pk in kind.items(issue).values_list("pk", flat=True) if pk != item.pk]
    if issue == item.issue:
        order.insert(max(0, item.position - 1), item.pk)
    kind.renumber(issue, order)


def _fill(issue: Issue, wanted: dict[str, list[str]], notes: list[str], editor: User | None) -> list[Item]:
    """Let `issue` have the items of these uuids by kind, in this order, and no others; gives those that moved."""
    moved: list[Item] = []
    for kind in sections():
        if kind.kind not in wanted:  # it came later
            continue
        found = _related(kind.model, wanted[kind.kind], notes)
        others = [item for item in kind.items(issue) if item not in found]
        left = {item.issue for item in found} - {None, issue}
        for item in [each for each in found if each.issue_id != issue.pk] + others:
            if item in found and item.issue:
                notes.append(f"“{item}” was in issue {item.issue.number} and is here again.")
            item.issue = issue if item in found else None
            item.save()
            moved.append(item)
        kind.renumber(issue, [item.pk for item in found])
        for other in left:
            kind.renumber(other)
            record(other, "items changed", editor)
    for item in moved:
        item.refresh_from_db(fields=["position"])
    return moved
