"""The desk of an issue: its form, in which the items are a field like the others, with their order and their places."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from timeline import markdown
from timeline.arranging import Arrangement, by_hand
from timeline.models import Issue, Item, User
from timeline.sections import Section, across, find_related, section, sections

Typed = dict[str, tuple[str, str]]  # by "kind-uuid": the place, and the uuid of the issue; that is "" for the shelf
COLUMNS = ("uuid", "issue_id", "emoji", "title", "short_title", "body")
SHELF = ""
SHELVED = 50  # of each kind are shown, the newest: a form has at most a thousand fields


def may(editor: User, verb: str, kind: Section) -> bool:
    return editor.has_perm(f"{kind.model._meta.app_label}.{verb}_{kind.model._meta.model_name}")


def admin_url(kind: Section, page: str, *args: Any) -> str:
    return reverse(f"admin:{kind.model._meta.app_label}_{kind.model._meta.model_name}_{page}", args=args)


def placed(wanted: Q) -> dict[Section, list[Item]]:
    """The items of all kinds that are `wanted`, in order, each with what COLUMNS has of it. One query."""
    items: dict[Section, list[Item]] = {kind: [] for kind in sections()}
    for name, position, pk, *values in across(wanted, *COLUMNS):
        told = {"pk": pk, "position": position, **dict(zip(COLUMNS, values, strict=True))}
        items[section(name)].append(section(name).model(**told))
    return items


@dataclass
class Row:
    """An item as the desk shows it."""

    kind: Section
    item: Item  # with what COLUMNS has of it
    place: str  # as typed, or where it stands
    target: str  # the uuid of the issue where it goes or stays

    @property
    def key(self) -> str:
        return f"{self.kind.kind}-{self.item.uuid}"

    @property
    def url(self) -> str:
        return admin_url(self.kind, "change", self.item.pk)

    @property
    def words(self) -> int:
        return markdown.word_count(self.item.body)


@dataclass
class Part:
    """The items of one kind: those of the issue in their order, those that leave it, those on the shelf."""

    kind: Section
    here: list[Row]
    away: list[Row]
    may_change: bool
    add_url: str
    is_cut: bool  # whether the shelf has more than `away` shows

    @property
    def words(self) -> int:
        return sum(row.words for row in self.here)


class ItemsWidget(forms.Widget):
    """For each item a place and a choice of issue: a form without script, a list to drag in with one."""

    template_name = "admin/timeline/issue/items.html"
    issue: Issue
    editor: User

    @cached_property
    def targets(self) -> dict[str, Issue]:
        """To which issues an item can move, by uuid: from one that readers see it goes to the shelf first."""
        if self.issue.is_public:
            return {}
        others = Issue.objects.hidden().exclude(pk=self.issue.pk)
        return {str(issue.uuid): issue for issue in others}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Typed:
        start, end = f"{name}-", "-position"
        keys = [key[len(start) : -len(end)] for key in data if key.startswith(start) and key.endswith(end)]
        return {key: (data[f"{start}{key}{end}"], data.get(f"{start}{key}-issue", SHELF)) for key in keys}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str) -> str:
        return ""

    def get_context(self, name: str, value: Typed | None, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        own = str(self.issue.uuid)
        context["widget"] |= {"parts": list(self.parts(value or {})), "own": own, "targets": self.targets}
        return context

    def parts(self, typed: Typed) -> Iterable[Part]:
        """With what was typed where there is something. Two queries, whatever there is."""
        own = str(self.issue.uuid)
        known = placed(Q(issue=self.issue) | Q(issue=None)).items()
        items = {kind: found for kind, found in known if may(self.editor, "view", kind)}
        find_related(items)
        for kind, found in items.items():
            inside = [item for item in found if item.issue_id]
            shelved = sorted((item for item in found if not item.issue_id), key=lambda item: -item.pk)
            rows = [Row(kind, item, str(place), own) for place, item in enumerate(inside, 1)]
            rows += [Row(kind, item, "", SHELF) for item in shelved[:SHELVED]]
            for row in rows:
                row.place, row.target = typed.get(row.key, (row.place, row.target))
            here = [row for row in rows if row.target == own]
            here.sort(key=lambda row: int(row.place) if row.place.isdecimal() else float("inf"))
            yield Part(
                kind,
                here,
                [row for row in rows if row.target != own],
                may(self.editor, "change", kind),
                f"{admin_url(kind, 'add')}?issue={self.issue.pk}" if may(self.editor, "add", kind) else "",
                len(shelved) > SHELVED,
            )


class ItemsField(forms.Field):
    """Its value is an Arrangement, which needs the issue: IssueForm makes it."""

    widget = ItemsWidget


class IssueForm(forms.ModelForm):
    """Of an issue that is there also its items: their order, and which of them it has."""

    editor: User

    items = ItemsField(required=False)

    is_rearranged = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["items"]
            return
        widget = self.fields["items"].widget
        widget.issue, widget.editor = self.instance, self.editor

    @cached_property
    def changed_data(self) -> list[str]:
        names = [name for name in super().changed_data if name != "items"]
        return [*names, "items"] if self.is_rearranged else names

    def validate_unique(self) -> None:
        if "number" in self.changed_data:  # nobody else can have the one that this issue has
            super().validate_unique()

    def clean_items(self) -> Arrangement:
        typed: Typed = self.cleaned_data["items"]
        own = str(self.instance.uuid)
        wanted = [key.partition("-")[2] for key, (_, target) in typed.items() if target == own]
        items: dict[str, list[Item]] = {}
        leaving: dict[Item, Issue | None] = {}
        for kind, found in placed(Q(issue=self.instance) | Q(uuid__in=wanted)).items():
            told = typed if may(self.editor, "change", kind) else {}
            items[kind.kind] = self.arranged(kind, found, told, leaving)
        arrangement = Arrangement(items, leaving)
        self.is_rearranged = arrangement.changes(self.instance)
        return arrangement

    def arranged(self, kind: Section, found: list[Item], typed: Typed, leaving: dict[Item, Issue | None]) -> list[Item]:
        """Those of `found` that the issue shall have, in order; what it has and shall not keep goes into `leaving`."""
        own = str(self.instance.uuid)
        inside = [item for item in found if item.issue_id == self.instance.pk]
        had = {item: place for place, item in enumerate(inside, 1)}
        told = {item: (str(place), own) for item, place in had.items()}
        told |= {item: typed[key] for item in found if (key := f"{kind.kind}-{item.uuid}") in typed}
        moving = [item.pk for item, (_, target) in told.items() if (target == own) != (item in had)]
        whole: dict[int, Item] = kind.model._base_manager.select_related("lead_image", "issue").in_bulk(moving)
        numbered: list[tuple[Item, int | None, int | None]] = []
        for item, (place, target) in told.items():
            row = whole.get(item.pk, item)  # what moves leaves a version
            if target == own:
                if item not in had and row.issue:
                    raise forms.ValidationError(f"“{item}” is in issue {row.issue.number} now: leave it there.")
                numbered.append((row, number(place), had.get(item)))
            elif target == SHELF:
                leaving[row] = None
            elif issue := self.fields["items"].widget.targets.get(target):
                leaving[row] = issue
            else:
                raise forms.ValidationError(f"Choose for “{item}” an issue from the list.")
        return by_hand(numbered)


def number(place: str) -> int | None:
    if not place.strip():
        return None
    if not (place.strip().isdecimal() and len(place) < 6):
        raise forms.ValidationError("Give each place as a whole number, or none for the end.")
    return int(place)
