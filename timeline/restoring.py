"""The way back: a row, or a whole issue, becomes what a Version says it was.

What a row was then is written over what it is now, and is itself a Version, "restored": nothing is lost by it. What
cannot come back as it was is told in a sentence; what the rules of today forbid is a ValidationError, and nothing is
done. Whether readers see an issue is not touched: it is published and withdrawn, never restored.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction

from timeline.arranging import Changes
from timeline.history import changed, current, last_known, record_all
from timeline.models import Issue, Item, User, Version
from timeline.pending import add, hold, is_held, rehearsal
from timeline.rewriting import PLACE, fill, put, row_model, row_of, write
from timeline.sections import sections


class NotRecorded(Exception):
    """There is no Version from that time or before."""


@dataclass
class Restored:
    """The row that came back, sentences about what could not come back as it was, whether it waits for an update."""

    row: Any
    notes: list[str] = field(default_factory=list)
    waits: bool = False


@transaction.atomic
def restore(version: Version, editor: User | None = None, action: str = "restored") -> Restored:
    """Write what `version` says over its row, or make that row anew under its old uuid if it was deleted.

    An issue gets its items of then in their order: those that it did not have go to the shelf. An item goes back to
    its issue and its place. Where readers see it, all that waits for an update.
    """
    notes: list[str] = []
    row = row_of(version)
    if not row._state.adding and is_held(row):
        with rehearsal():
            _rewrite(row, version, notes)
            data = current(row)
        row = row_of(version)
        return Restored(row, notes, waits=hold(row, data, editor, action) is not None)
    issue = _public_place(row, version)
    changes = _rewrite(row, version, notes, without=PLACE if issue else frozenset())
    record_all(changes | {row: action}, editor)
    if issue:
        add(issue, row, editor)
        notes.append(f"“{row}” waits on the shelf until issue {issue.number} is updated.")
    return Restored(row, notes)


def _public_place(row: Any, version: Version) -> Issue | None:
    """The issue that `version` would put `row` into, if readers would see it there at once."""
    if not isinstance(row, Item) or not version.data.get("issue"):
        return None
    issue = Issue.objects.filter(uuid=version.data["issue"]).first()
    return issue if issue and issue.is_public and issue != row.issue else None


def _rewrite(row: Any, version: Version, notes: list[str], without: Set[str] = frozenset()) -> Changes:
    """What restore() writes. Gives what has to be recorded besides `row`."""
    place = (row.issue, row.position) if isinstance(row, Item) else None
    write(row, version, notes, without=without)
    if isinstance(row, Issue):
        return fill(row, version.data, notes)
    if place and place != (row.issue, row.position):
        issues = [issue for issue in {place[0], row.issue} if issue]
        for issue in issues:
            put(row, issue)
        row.refresh_from_db(fields=["position"])
        return dict.fromkeys(issues, "items changed")
    return {}


def as_it_stood(issue: Issue, at: Version) -> list[Version]:
    """At the time of `at`: the Version of `issue`, then those of its items of then. NotRecorded if there is none."""
    before = models.Q(created_at__lt=at.created_at) | models.Q(created_at=at.created_at, pk__lte=at.pk)
    until = Version.objects.filter(before, is_pending=False)
    own = until.filter(model=issue._meta.label_lower, object_uuid=issue.uuid).first()
    if own is None:
        raise NotRecorded(f"Nobody had saved {issue} by then.")
    inside = [uuid for kind in sections() for uuid in own.data.get("items", {}).get(kind.kind, [])]
    items = [version for kind in sections() for version in last_known(kind.model, inside, until).values()]
    return [own, *sorted(items, key=lambda version: inside.index(str(version.object_uuid)))]


@transaction.atomic
def restore_whole(issue: Issue, at: Version, editor: User | None = None) -> Restored:
    """Make `issue` and its items what they were at the time of `at`; items that were deleted since are made anew.

    Where readers see it, that waits for an update. NotRecorded if there is no version of that time.
    """
    notes: list[str] = []
    if not is_held(issue):
        changes = rewrite_whole(issue, at, notes)
        record_all(changes, editor)
        return Restored(list(changes)[-1], notes)
    with rehearsal():
        changes = rewrite_whole(issue, at, notes)
        stood = [(type(row), row.uuid, current(row)) for row, what in changes.items() if what == "restored"]
    for model, uuid, data in stood:
        row = model._base_manager.filter(uuid=uuid).first()
        if row:
            hold(row, data, editor, "restored")
        else:  # deleted since: the issue, which comes last, has it among its items
            on_shelf = data | {"issue": None}
            version = Version(model=model._meta.label_lower, object_uuid=uuid, data=on_shelf, created_at=at.created_at)
            restore(version, editor)
    return Restored(row, notes, waits=True)


def rewrite_whole(issue: Issue, at: Version, notes: list[str]) -> Changes:
    """Write the issue and its items as they stood. Gives what has to be recorded, the issue last."""
    own, *items = as_it_stood(issue, at)
    row = row_of(own)
    write(row, own, notes)
    written: list[Item] = []
    for version in items:
        item = row_of(version)
        if item._state.adding or set(would_change(version, current(item))) - PLACE:
            write(item, version, notes, without=PLACE)
            written.append(item)
    changes = fill(row, own.data, notes)
    for item in written:
        item.refresh_from_db()  # its place
    return changes | dict.fromkeys(written, "restored") | {row: "restored"}


def would_change(version: Version, now: dict[str, Any]) -> list[str]:
    """The names of the fields that restore() would change of a row that is `now`, as history.current() tells it."""
    return [name for name in changed(now, version.data) if name not in row_model(version).STATE]
