"""The registry: every kind of content is a Section, and what shows several kinds goes through sections().

A new kind is a folder with a subclass of Item and one of Section, three templates
(`<kind>/section.html`, `.email.html`, `.txt`) and two lines in the settings.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from timeline.models import Image, Issue, Item, ItemQuerySet, Publication, reading_minutes

MEDIA = ("html", "email.html", "txt")


class Section:
    """How one kind of item takes part in issues, pages and mail."""

    model: type[Item]
    title: str
    headings: tuple[str, ...] = ()  # other names under which a document that is imported may know it

    @property
    def kind(self) -> str:
        return self.model.kind

    def related(self, items: ItemQuerySet) -> ItemQuerySet:
        """`items` with all that templates touch, prefetched."""
        related = ["topics", "bylines__author"] if self.has_authors else ["topics"]
        return items.select_related("issue", "lead_image").prefetch_related(*related)

    def items(self, issue: Issue) -> ItemQuerySet:
        """The items of one issue, in order, whether readers may see them or not."""
        return self.model._default_manager.filter(issue=issue).order_by("position", "pk")

    def published(self) -> ItemQuerySet:
        """Everything of this kind that readers may see, newest issue first."""
        return self.related(self.model._default_manager.published())

    @property
    def bylines(self) -> models.QuerySet:
        """The places of authors: rows of `item`, `author` and `position`."""
        return cast(Any, self.model).bylines.rel.related_model._default_manager.all()

    def template(self, medium: str) -> str:
        return f"{self.kind}/section.{medium}"

    @property
    def has_authors(self) -> bool:
        return hasattr(self.model, "bylines")

    def renumber(self, issue: Issue, ordered: list[int] | None = None) -> None:
        """Give the items of `issue` the positions 1, 2, 3 …, in the order of the primary keys `ordered`.

        Items that `ordered` does not name keep their order and follow. The lock on the issue makes two
        editors wait for each other: positions are not unique in the database.
        """
        with transaction.atomic():
            Issue.objects.select_for_update().get(pk=issue.pk)
            rank = {pk: index for index, pk in enumerate(ordered or [])}
            items = self.model._base_manager.filter(issue=issue).order_by("position", "pk").only("pk", "position")
            changed = []
            for position, item in enumerate(sorted(items, key=lambda item: rank.get(item.pk, len(rank))), 1):
                if item.position != position:
                    item.position = position
                    changed.append(item)
            self.model._base_manager.bulk_update(changed, ["position"])


@cache
def sections() -> tuple[Section, ...]:
    """The sections of settings.SECTIONS, in reading order."""
    found = tuple(import_string(name)() for name in settings.SECTIONS)
    kinds = [section.kind for section in found]
    if len(set(kinds)) < len(kinds) or not all(kinds):
        raise ImproperlyConfigured(f"Each section needs a kind of its own, SECTIONS has {kinds}.")
    return found


def section(kind: str) -> Section:
    """The section of that kind; LookupError where there is none."""
    for candidate in sections():
        if candidate.kind == kind:
            return candidate
    raise LookupError(f"No section of the kind “{kind}”.")


@dataclass(frozen=True)
class Filled:
    """A section of one issue together with its items: what templates see."""

    section: Section
    items: list[Item]
    medium: str = "html"

    @property
    def template(self) -> str:
        return self.section.template(self.medium)

    @property
    def kind(self) -> str:
        return self.section.kind

    @property
    def title(self) -> str:
        return self.section.title


def contents(issue: Issue) -> list[Filled]:
    """The sections of `issue` that have items, in reading order: its table of contents."""
    filled = (Filled(section, list(section.items(issue))) for section in sections())
    return [part for part in filled if part.items]


def item_context(
    items: list[Item], medium: str, *, texts: tuple[str, ...] = (), cover: Image | None = None
) -> dict[str, Any]:
    """What `<kind>/section.<medium>` needs besides `items` and `level`: how Markdown is rendered."""
    base_url = "" if medium == "html" else settings.SITE_URL
    bodies = [item.body for item in items]
    images = [image for image in [cover, *(item.lead_image for item in items)] if image]
    return {
        "medium": medium,
        "base_url": base_url,
        "markdown_context": Image.objects.markdown_context([*bodies, *texts], known=images, base_url=base_url),
    }


def render_issue(issue: Issue, medium: str) -> SafeString:
    """The whole issue as "html" (for the page), "email.html" or "txt" (for the letter).

    It has no side effect and holds no primary key, so a preview inside a transaction equals what is published.
    """
    if medium not in MEDIA:
        raise ValueError(f"No medium “{medium}”: choose one of {', '.join(MEDIA)}.")
    publication = Publication.objects.current()
    parts = [
        Filled(section, items, medium)
        for section in sections()
        if (items := list(section.related(section.items(issue))))
    ]
    items = [item for part in parts for item in part.items]
    closing = issue.closing or publication.closing
    context = {
        "issue": issue,
        "publication": publication,
        "closing": closing,
        "parts": parts,
        "level": 3,
        "minutes": reading_minutes(issue.introduction, *(item.body for item in items)),
        **item_context(items, medium, texts=(issue.introduction, closing), cover=issue.cover),
    }
    with timezone.override(publication.zone):
        return render_to_string(f"timeline/issue.{medium}", context)
