"""Which items an issue has, and in which order."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import models
from django.utils import timezone

from timeline.models import Content, Issue, Item
from timeline.sections import section

Row = TypeVar("Row", bound=models.Model)
Changes = dict[Content, str]  # rows, each with the action as which history.record() shall keep it


@dataclass(frozen=True)
class Arrangement:
    """What an issue shall have, by kind and in order, and where that goes which it has and shall not keep."""

    items: Mapping[str, Sequence[Item]]
    leaving: Mapping[Item, Issue | None] = field(default_factory=dict)  # None: to the shelf

    @property
    def data(self) -> dict[str, object]:
        """What a Draft of the issue says of it: `items` as in a Version, and of what goes to another issue `moves`."""
        order = {kind: [str(item.uuid) for item in items] for kind, items in self.items.items()}
        moves = {str(item.uuid): str(issue.uuid) for item, issue in self.leaving.items() if issue}
        return {"items": order, "moves": moves} if moves else {"items": order}

    def changes(self, issue: Issue) -> bool:
        """Whether anything of it is new to `issue`."""
        places = [(item, place) for items in self.items.values() for place, item in enumerate(items, 1)]
        return bool(self.leaving) or any(item.issue_id != issue.pk or item.position != place for item, place in places)


def arrange(issue: Issue, wanted: Arrangement) -> Changes:
    """Put the items of `issue`, whose row is locked, in their places: a query or two for each kind.

    Gives what has to be recorded besides `issue`: the items that came or went, and other issues that it concerns.
    """
    written: dict[str, list[Item]] = defaultdict(list)
    changes: Changes = {}
    others: dict[Issue, set[str]] = defaultdict(set)  # that lost an item, and of which kinds
    for kind, items in wanted.items.items():
        for place, item in enumerate(items, 1):
            if item.issue_id != issue.pk:
                if item.issue:
                    others[item.issue].add(kind)
                item.issue = issue
                changes[item] = "moved"
            elif item.position == place:
                continue
            item.position = place
            written[kind].append(item)
    ends: dict[tuple[str, Issue], int] = {}
    for item, target in wanted.leaving.items():
        item.issue, item.position = target, 0
        changes[item] = "moved" if target else "shelved"
        written[item.kind].append(item)
        if target:
            # Its row is not locked: two who send items to and fro would wait for each other. At worst two items
            # have one place there, and the older one comes first.
            last = ends.get((item.kind, target)) or last_place(item.kind, target)
            ends[item.kind, target] = item.position = last + 1
            changes[target] = "items changed"
    now = timezone.now()
    for kind, rows in written.items():
        for item in rows:  # of one that only changed its place, what somebody may be writing just now is left alone
            item.updated_at = now if item in changes else models.F("updated_at")
        section(kind).model._base_manager.bulk_update(rows, ["issue", "position", "updated_at"])
    for other, kinds in others.items():
        changes[other] = "items changed"
        for kind in kinds:
            section(kind).renumber(other)
    return changes


def last_place(kind: str, issue: Issue) -> int:
    return section(kind).items(issue).aggregate(last=models.Max("position"))["last"] or 0


def by_hand(numbered: Iterable[tuple[Row, int | None, int | None]]) -> list[Row]:
    """Rows in the order in which somebody numbered them: each with the place that was typed and the one it had.

    Two may have one number: then the one that was moved goes where it was sent, before the other if it moved up and
    behind it if it moved down. One that is new goes before, and one without a number to the end.
    """

    def rank(row: tuple[Row, int | None, int | None]) -> float:
        _, typed, had = row
        if typed is None:
            return float("inf")
        return typed if typed == had else typed + 0.5 if had and typed > had else typed - 0.5

    return [row for row, _, _ in sorted(numbered, key=rank)]
