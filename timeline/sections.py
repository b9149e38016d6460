"""The registry: every kind of content is a Section, and what shows several kinds goes through sections().

A new kind is a folder with a subclass of Item and one of Section, three templates
(`<kind>/section.html`, `.email.html`, `.txt`) and two lines in the settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from timeline import markdown
from timeline.citations import Work
from timeline.fields import WebField
from timeline.findings import Finding
from timeline.models import (
    Entry,
    Filing,
    Image,
    Issue,
    Item,
    ItemQuerySet,
    Publication,
    Slugged,
    Term,
    Topic,
    reading_minutes,
)
from timeline.models.prepared import prepared

MEDIA = ("html", "email.html", "txt")


class Section:
    """How one kind of item takes part in issues, pages and mail."""

    model: type[Item]
    title: str
    headings: tuple[str, ...] = ()  # other names under which a document that is imported may know it
    # Of a ninja.Schema: what the API tells of an item beyond what all kinds share, read from the item. By name, as
    # only who asks the API needs its libraries.
    data = ""
    is_square = False  # the node of its items on the line, in a picture; pages.css has the one on pages

    @property
    def kind(self) -> str:
        return self.model.kind

    def related(self, items: ItemQuerySet) -> ItemQuerySet:
        """`items` with all that templates touch, prefetched."""
        places = [models.Prefetch("bylines", self.bylines.select_related("author"))] if self.has_authors else []
        return items.select_related("issue", "lead_image").prefetch_related("topics", *places)

    def items(self, issue: Issue) -> ItemQuerySet:
        """The items of one issue, in order, whether readers may see them or not."""
        return self.model._default_manager.filter(issue=issue).order_by("position", "pk")

    def published(self) -> ItemQuerySet:
        """Everything of this kind that readers may see, newest issue first."""
        return self.related(self.model._default_manager.published())

    def facts(self, item: Any) -> list[tuple[str, Any]]:
        """(label, value) of what is known of `item` beyond what all kinds share; empty values are left out later."""
        return []

    def json_ld(self, item: Any) -> dict[str, Any]:
        """What JSON-LD says of `item` beyond what all kinds share, in the words of schema.org."""
        return {"@type": "Article"}

    def facets(self, item: Any) -> list[tuple[str, str, str]]:
        """(name, value, label) of what the catalogue shall know of `item` beyond what all kinds share."""
        return []

    def addresses(self, item: Any) -> list[tuple[str, str]]:
        """(name of the field, address) of all that `item` links beside its text."""
        names = [field.name for field in item._meta.concrete_fields if isinstance(field, WebField)]
        return [(name, url) for name in names if (url := markdown.safe_href(getattr(item, name)))]

    def findings(self, items: Sequence[Item]) -> list[Finding]:
        """What only this kind knows to be wrong with an issue of these `items`: they are of all kinds, with bylines.

        Without a query for each item.
        """
        return []

    def doubts(self, items: Sequence[Item]) -> list[Finding]:
        """The same, of soft findings that take long to find: whoever publishes does not wait for them."""
        return []

    def below(self, item: Any) -> str:
        """What stands below the text on the item's own page, as a template rendered it."""
        return ""

    def works(self, item: Any, publication: Publication) -> list[Work]:
        """What can be cited: our own text, and before it what it is about."""
        issue: Issue | None = item.issue
        published = issue and issue.published_at and timezone.localdate(issue.published_at, publication.zone)
        return [
            Work(
                "Our summary",
                "summary",
                item.title,
                publication.editor_names or (publication.name,),
                published or None,
                settings.SITE_URL + item.get_absolute_url(),
                container=publication.name,
                issue=issue.number if issue else None,
            )
        ]

    def indexes(self) -> dict[str, models.QuerySet[Any]]:
        """Public pages that come with this kind beside those of its items, by the name of the URL of their list."""
        return {}

    @property
    def author(self) -> type[Slugged]:
        return cast(Any, self.bylines.model._meta.get_field("author").related_model)

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


def across(wanted: models.Q, *columns: str) -> list[tuple[Any, ...]]:
    """(kind, position, pk, *columns) of each item, of whatever kind, that is `wanted`: in that order. One query."""
    order = {part.kind: place for place, part in enumerate(sections())}
    found = [
        part.model._base_manager.filter(wanted)
        .order_by()
        .annotate(own_kind=models.Value(part.kind, models.CharField()))
        .values_list("own_kind", "position", "pk", *columns)
        for part in sections()
    ]
    rows = found[0].union(*found[1:], all=True) if found else []
    return sorted(rows, key=lambda row: (order[row[0]], *row[1:3]))


def published_topics() -> models.QuerySet[Topic]:
    """Topics of something, of whatever kind, that readers may see."""
    return Topic.objects.filter(Filing.objects.published().at_slug("topic"))


class Line(NamedTuple):
    """What a table of contents says of an item or its entry, and nothing in it can change; see Card."""

    kind: str
    emoji: str
    anchor: str
    label: str
    minutes: int

    @classmethod
    def of(cls, row: Item | Entry) -> "Line":
        return cls(row.kind, row.emoji, row.anchor, row.label, row.minutes)


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

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(map(Line.of, self.items))


def contents(issue: Issue) -> list[Filled]:
    """The sections of `issue` that have items, in reading order: its table of contents."""
    filled = (Filled(section, list(section.items(issue))) for section in sections())
    return [part for part in filled if part.items]


def item_context(
    items: Sequence[Item],
    medium: str,
    publication: Publication,
    *,
    texts: Sequence[str] = (),
    images: Sequence[Image] = (),
) -> dict[str, Any]:
    """What `<kind>/section.<medium>` needs besides `items` and `level`: how Markdown is rendered."""
    base_url = "" if medium == "html" else settings.SITE_URL
    bodies = [item.body for item in items]
    known = [*images, *(item.lead_image for item in items if item.lead_image)]
    return {
        "medium": medium,
        "base_url": base_url,
        "markdown_context": Image.objects.markdown_context(
            [*bodies, *texts],
            known=known,
            base_url=base_url,
            glossary=Term.objects.glossary(publication.term_seals) if medium == "html" else None,
        ),
    }


@markdown.read_once()
def render_issue(
    issue: Issue, medium: str, publication: Publication | None = None, parts: Sequence[Filled] | None = None
) -> SafeString:
    """The whole issue as "html" (for the page), "email.html" or "txt" (for the letter).

    `parts` are what filled() gave for it, in any medium, where somebody has asked already.

    It has no side effect and holds no primary key, so a preview inside a transaction equals what is published.
    """
    if medium not in MEDIA:
        raise ValueError(f"No medium “{medium}”: choose one of {', '.join(MEDIA)}.")
    own = filled([issue], medium) if parts is None else {issue: [replace(part, medium=medium) for part in parts]}
    return _render(own, f"timeline/issue.{medium}", medium, publication)[0]


def render_entries(parts: dict[Issue, list[Filled]], publication: Publication) -> list[SafeString]:
    """Introduction and items of each issue as the letter has them, without its cover and closing: for feeds."""
    return _render(parts, "timeline/entries.email.html", "email.html", publication)


def filled(issues: Sequence[Issue], medium: str) -> dict[Issue, list[Filled]]:
    """The sections of each issue that have items, with all that templates touch.

    A query for each section and one for all of them, however many the issues.
    """
    items = {section: inside(section.model, [issue.pk for issue in issues]) for section in sections()}
    find_related(items)
    found: dict[Issue, list[Filled]] = {issue: [] for issue in issues}
    for issue in issues:
        for section, rows in items.items():
            if own := [item for item in rows if item.issue_id == issue.pk]:
                for item in own:
                    item.issue = issue
                found[issue].append(Filled(section, own, medium))
    return found


@prepared(None, models.BigAutoField())
def inside(model: type[Item], issues: list[int]) -> ItemQuerySet:
    """The items of that kind in issues with these primary keys."""
    found = model._default_manager.filter(issue__pk__in=issues)
    return found.select_related("lead_image").order_by("position", "pk")


def find_related(items: Mapping[Section, Sequence[Item]]) -> None:
    """Give items of whatever kinds their `topic_list` and `byline`, in one query: prefetching needs two a kind."""
    by_key = {(part.kind, item.pk): item for part, rows in items.items() for item in rows}
    for item in by_key.values():
        item.topic_list, item.byline = [], []
    asked: list[str] = []
    keys: list[int] = []
    found: dict[tuple[str, str], type[models.Model]] = {}  # what is found for a list of items of a kind
    for part, rows in items.items():
        if not rows:
            continue
        model: Any = part.model
        asked.append(_places(model.topics.through, model._meta.model_name, "topic", part.kind, "topic_list", len(rows)))
        keys += (item.pk for item in rows)
        found[part.kind, "topic_list"] = Topic
        if part.has_authors:
            found[part.kind, "byline"] = part.author
            asked.append(_places(part.bylines.model, "item", "author", part.kind, "byline", len(rows)))
            keys += (item.pk for item in rows)
    if not asked:
        return
    with connection.cursor() as cursor:  # as querysets it was an eighth of the work for a page
        cursor.execute(" UNION ALL ".join(asked), keys)
        places = sorted(cursor.fetchall())
    for _, _, _, into, kind, key, *row in places:
        there = found[kind, into].from_db(DEFAULT_DB_ALIAS, ["id", "slug", "name"], row)
        getattr(by_key[kind, key], into).append(there)


def _places(places: Any, item: str, other: str, kind: str, into: str, many: int) -> str:
    """The question for what stands at so many items: what sorts it, to which list of which item it belongs, who it is.

    `item` and `other` are fields of the model `places`. Who is there has an identity, a slug and a name.
    """
    own, others = places._meta.get_field(item).column, places._meta.get_field(other)
    table, there = places._meta.db_table, others.related_model._meta.db_table
    order = "0, there.name" if into == "topic_list" else "place.position, ''"
    return (
        f"SELECT {order}, place.id, '{into}', '{kind}', place.{own}, there.id, there.slug, there.name "
        f"FROM {table} place JOIN {there} there ON there.id = place.{others.column} "
        f"WHERE place.{own} IN ({', '.join(['%s'] * many)})"
    )


def _render(
    parts: dict[Issue, list[Filled]], template: str, medium: str, publication: Publication | None
) -> list[SafeString]:
    publication = publication or Publication.objects.current()
    closings = {issue: issue.closing or publication.closing for issue in parts}
    items_of = {issue: [item for part in own for item in part.items] for issue, own in parts.items()}
    shared = item_context(
        [item for items in items_of.values() for item in items],
        medium,
        publication,
        texts=[*(issue.introduction for issue in parts), *closings.values()],
        images=[issue.cover for issue in parts if issue.cover],
    )
    with timezone.override(publication.zone):
        return [
            render_to_string(
                template,
                {
                    "issue": issue,
                    "publication": publication,
                    "closing": closings[issue],
                    "parts": own,
                    "contents": tuple((part.title, part.lines) for part in own) if medium == "html" else (),
                    "level": 3,
                    "minutes": reading_minutes(issue.introduction, *(item.body for item in items_of[issue])),
                    **shared,
                },
            )
            for issue, own in parts.items()
        ]
