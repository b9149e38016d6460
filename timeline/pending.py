"""Draft over live: what readers see changes when a Publisher updates it, all at once (timeline.publishing.update).

Until then a change of a published issue, or of an item in one, waits: editors go on with its newest Version, which is
marked as pending, and the tables keep what readers see. Order and membership are the issue's: an item that is to come
into it waits on the shelf.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from timeline import markdown
from timeline.arranging import Changes
from timeline.history import UNTOLD, changed, current, record
from timeline.models import Content, Issue, Item, PendingChange, User, Version
from timeline.rewriting import PLACE, fill, row_of, write

Data = dict[str, Any]


@contextmanager
def rehearsal() -> Iterator[None]:
    """A transaction of which nothing stays: what is written inside can be looked at, and is rolled back."""
    with markdown.rehearsed(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def issue_of(row: Content) -> Issue | None:
    """The issue with which readers see `row`; None where it is none and in none."""
    return row if isinstance(row, Issue) else row.issue if isinstance(row, Item) else None


def change_of(row: Content) -> PendingChange | None:
    """What waits for `row`, with its version; without a query where nothing of its model ever waits."""
    if not isinstance(row, Issue | Item):
        return None
    waiting = PendingChange.objects.select_related("version")
    return waiting.filter(model=row._meta.label_lower, object_uuid=row.uuid).first()


def changes_of(issue: Issue) -> list[PendingChange]:
    """All that waits for the next update of `issue`, its own change last."""
    found = issue.pending_changes.select_related("version__editor").order_by("pk")
    return sorted(found, key=lambda change: change.object_uuid == issue.uuid)


def rows_of(changes: Iterable[PendingChange]) -> list[Any]:
    """The rows of these changes that are there, locked until the transaction ends."""
    rows = [row_of(change.version) for change in changes]
    return [row for row in rows if not row._state.adding]


def is_held(row: Content) -> bool:
    """Whether a save of `row` has to wait: readers see it, or an earlier change of it waits already."""
    issue = issue_of(row)
    return issue is not None and (issue.is_public or change_of(row) is not None)


def working(row: Content) -> Data:
    """What editors go on with, in the form of a Version: what waits, or what `row` is."""
    change = change_of(row)
    return change.version.data if change else current(row)


def _settled(row: Content) -> set[str]:
    """The fields that never wait: they have doors of their own, or follow the others."""
    return {*row.STATE, *UNTOLD, *(PLACE if isinstance(row, Item) else ())}


def differing(row: Content, now: Data, then: Data) -> list[str]:
    """The names of the fields that an update would change if `row` is `now`, and `then` waits."""
    return [name for name in changed(now, then) if name not in _settled(row)]


def hold(row: Content, data: Data, editor: User | None = None, action: str = "saved") -> PendingChange | None:
    """Let `data` wait for the next update; None where it is what readers see anyway.

    `row` is as the database has it. Call it in a transaction, under the lock of `row`.
    """
    issue = issue_of(row)
    assert issue is not None
    now = current(row)
    version = Version.objects.create(
        model=row._meta.label_lower,
        object_uuid=row.uuid,
        data=data | {name: now[name] for name in _settled(row) & now.keys()},
        action=action,
        editor=editor,
        is_pending=True,
    )
    change = PendingChange.objects.filter(model=version.model, object_uuid=row.uuid).first()
    if not differing(row, now, version.data):
        if change:
            change.delete()
        return None
    change = change or PendingChange(model=version.model, object_uuid=row.uuid)
    change.issue, change.version = issue, version
    change.save()
    return change


def add(issue: Issue, item: Item, editor: User | None = None) -> None:
    """Let `item`, from the shelf, wait to become the last of its section in a published issue."""
    data = working(issue)
    items = {**data.get("items", {})}
    own = [uuid for uuid in items.get(item.kind, []) if uuid != str(item.uuid)]
    items[item.kind] = [*own, str(item.uuid)]
    hold(issue, data | {"items": items}, editor, "items changed")


@transaction.atomic
def discard(change: PendingChange, editor: User | None = None) -> None:
    """Go back to what readers see. The history keeps what waited."""
    row = row_of(change.version)
    change.delete()
    if not row._state.adding:
        record(row, "discarded", editor)


def forget(row: Content) -> None:
    """`row` is to be deleted: nothing of it waits any more."""
    PendingChange.objects.filter(model=row._meta.label_lower, object_uuid=row.uuid).delete()


def apply(changes: Iterable[PendingChange]) -> tuple[Changes, list[str]]:
    """Write what waits over what readers see, items first: what has to be recorded, and sentences about what could
    not be as it was meant. ValidationError where the rules forbid it.
    """
    touched: Changes = {}
    notes: list[str] = []
    for change in changes:
        row = row_of(change.version)
        if row._state.adding:
            notes.append("Something that was changed has been deleted since.")
            continue
        write(row, change.version, notes, without=PLACE)
        if isinstance(row, Issue):
            touched = fill(row, change.version.data, notes) | touched
        touched[row] = "updated"
    for row in touched:
        if isinstance(row, Item):
            row.refresh_from_db(fields=["issue", "position"])
    return touched, notes


@contextmanager
def shown(changes: Iterable[PendingChange]) -> Iterator[None]:
    """Within it the tables are as they will be after an update with these changes."""
    with rehearsal():
        apply(changes)
        yield
