"""What the API and the dumps tell of issues, of their items whatever the kind, of topics and of terms."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Annotated, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.module_loading import import_string
from ninja import Schema
from pydantic import UUID4, AfterValidator, AwareDatetime, BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from timeline import markdown
from timeline.metadata import absolute
from timeline.models import Entry, Image, Issue, Term, Topic
from timeline.models.catalogue import ISSUES, LONG
from timeline.resources import Name, Number, Rank, Resource, Slug
from timeline.sections import Section, published_topics, sections
from timeline.twins import with_pictures
from timeline.views import find


def as_written(moment: object) -> object:
    """Or a number would be read as seconds since 1970, of which the OpenAPI document knows nothing."""
    if isinstance(moment, str) and not re.match(r"\d{4}-", moment):
        raise PydanticCustomError("moment", "Write a date and a time with its offset, such as 2026-11-28T03:00:00Z.")
    return moment


def in_utc(moment: datetime) -> datetime:
    """The moment as both databases can read it: PostgreSQL refuses offsets of 16 hours and more, which ISO 8601 has."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # of the first and the last day that there is
        raise PydanticCustomError("moment", "In UTC this is before the year 1 or after the year 9999.") from error


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(as_written),
    AfterValidator(in_utc),
    Field(description="Such as 2026-11-28T03:00:00Z."),
]
Year = Annotated[int, Field(ge=1, le=9999)]


class Text(Schema):
    """The same text as it was typed, pictures at whole addresses, and as the site shows it."""

    markdown: str
    html: str


class Link(Schema):
    label: str
    url: str


class Reference(Schema):
    """Something that has a page of its own and a document of its own."""

    name: str
    slug: str
    url: str


class Picture(Schema):
    url: str
    width: int | None
    height: int | None
    alt: str
    caption: str
    credit: str
    rights: str


class IssueReference(Schema):
    number: int
    title: str
    url: str


class Line(Schema):
    """A line of the contents of an issue."""

    kind: str
    slug: str
    title: str
    url: str


class IssueDocument(Schema):
    id: UUID4
    number: int
    title: str
    tagline: str
    url: str
    published_at: datetime
    updated_at: datetime
    minutes: int = Field(description="of reading, all of it")
    cover: Picture | None
    introduction: Text
    closing: Text
    contents: list[Line]


class ItemDocument(Schema):
    """What all kinds share; each kind adds its own."""

    id: UUID4
    kind: str
    slug: str
    url: str
    issue: IssueReference
    emoji: str
    title: str
    short_title: str
    date: date | None
    published_at: datetime
    updated_at: datetime
    minutes: int
    authors: list[Reference]
    topics: list[Reference]
    links: list[Link]
    image: Picture | None
    text: Text


class IssueFilters(Schema):
    year: Year | None = Field(None, description="The year of publication, in UTC.")
    updated_since: Moment | None = Field(None, description="Published or changed since then.")


class ItemFilters(Schema):
    issue: Number | None = Field(None, description="The number of an issue.")
    topic: Slug | None = Field(None, description="The slug of a topic.")
    author: Slug | None = Field(None, description="The slug of an author.")
    organisation: Slug | None = Field(None, description="The name of an organisation, with hyphens: stability-ai.")
    year: Year | None = Field(None, description="The year of the paper or event; of the issue where it has no date.")
    updated_since: Moment | None = Field(None, description="Published or changed since then.")


class TermDocument(Schema):
    id: UUID4
    slug: str
    url: str
    name: str
    expansion: str
    explanation: str
    spellings: list[str]


class TermFilters(Schema):
    name: Name | None = Field(None, description="As it is written anywhere: case, dots and accents do not count.")


class TopicDocument(Schema):
    id: UUID4
    slug: str
    url: str
    name: str


def reference(row: Any) -> Reference:
    return Reference(name=row.name, slug=row.slug, url=absolute(row.get_absolute_url()))


def picture(image: Image | None) -> Picture | None:
    if image is None or not image.file:
        return None
    known = {name: getattr(image, name) for name in ("width", "height", "alt", "caption", "credit", "rights")}
    return Picture(url=absolute(image.file.url), **known)


def text(typed: str, context: markdown.Context, prefix: str) -> Text:
    html = markdown.to_html(typed, level=2, prefix=prefix, context=context)
    return Text(markdown=with_pictures(typed, context.figures), html=html)


class Issues(Resource):
    name, title = ISSUES, "Issues"
    about = "The numbered issues, newest first: what frames them, and what is in them."
    schema = IssueDocument
    filters = IssueFilters
    order, place, key = ("-number",), tuple[Number], Number

    def rows(self) -> QuerySet[Issue]:
        return Issue.objects.published().select_related("cover")

    def find(self, key: int) -> Issue:
        return get_object_or_404(self.rows(), number=key)

    def filtered(self, rows: QuerySet[Issue], filters: IssueFilters) -> QuerySet[Issue]:
        if filters.year:
            rows = rows.filter(published_at__year=filters.year)
        if filters.updated_since:
            since = filters.updated_since
            rows = rows.filter(Q(published_at__gte=since) | Q(updated_at__gte=since))
        return rows

    def documents(self, rows: Sequence[Issue]) -> list[Schema]:
        entries = list(Entry.objects.filter(issue__in=rows).order_by("rank").defer(*LONG))
        texts = [text for issue in rows for text in (issue.introduction, issue.closing)]
        context = Image.objects.markdown_context(texts, base_url=settings.SITE_URL)
        return [
            self.document(issue, [each for each in entries if each.issue_id == issue.pk], context) for issue in rows
        ]

    def document(self, issue: Issue, entries: list[Entry], context: markdown.Context) -> IssueDocument:
        assert issue.published_at
        return IssueDocument(
            id=issue.uuid,
            number=issue.number,
            title=issue.title,
            tagline=issue.tagline,
            url=absolute(issue.get_absolute_url()),
            published_at=issue.published_at,
            updated_at=max(issue.published_at, issue.updated_at),
            minutes=next((entry.minutes for entry in entries if entry.kind == ISSUES), 1),
            cover=picture(issue.cover),
            introduction=text(issue.introduction, context, "introduction"),
            closing=text(issue.closing, context, "closing"),
            contents=[
                Line(kind=each.kind, slug=each.slug, title=each.title, url=absolute(each.path))
                for each in entries
                if each.kind != ISSUES
            ],
        )


class Items(Resource):
    """The items of one kind, by the catalogue: it has them in one order and by all that they are found by."""

    filters = ItemFilters
    order, place = ("-rank",), tuple[Rank]

    def __init__(self, section: Section) -> None:
        self.section = section
        self.name, self.title = section.kind, section.title
        self.about = f"The section “{section.title}” of all issues, the newest first, with whole texts."

    @cached_property
    def own(self) -> type[Schema] | None:
        return import_string(self.section.data) if self.section.data else None

    @cached_property
    def schema(self) -> Any:
        name = f"{self.section.model.__name__}Document"
        return create_model(name, __base__=(self.own, ItemDocument)) if self.own else ItemDocument

    def rows(self) -> QuerySet[Entry]:
        return Entry.objects.published().filter(kind=self.section.kind).only("object_uuid", "rank")

    def find(self, key: str) -> Any:
        item = find(self.section.model._default_manager.published(), key, address=self.moved)
        return item if isinstance(item, HttpResponse) else get_object_or_404(self.rows(), object_uuid=item.uuid)

    def filtered(self, rows: Any, filters: ItemFilters) -> QuerySet[Entry]:
        wanted = {name: getattr(filters, name) for name in ("issue", "topic", "author", "organisation", "year")}
        rows = rows.having({name: str(value) for name, value in wanted.items() if value})
        if filters.updated_since:
            since = filters.updated_since
            changed = self.section.model._default_manager.filter(updated_at__gte=since)
            rows = rows.filter(Q(issue__published_at__gte=since) | Q(object_uuid__in=changed.values("uuid")))
        return rows

    def documents(self, rows: Sequence[Entry]) -> list[Schema]:
        uuids = [row.object_uuid for row in rows]
        found = self.section.related(self.section.model._default_manager.filter(uuid__in=uuids))
        items = {item.uuid: item for item in found}
        images = [item.lead_image for item in items.values() if item.lead_image]
        bodies = [item.body for item in items.values()]
        context = Image.objects.markdown_context(bodies, known=images, base_url=settings.SITE_URL)
        return [self.document(items[uuid], context) for uuid in uuids]

    def document(self, item: Any, context: markdown.Context) -> Schema:
        issue: Issue = item.issue
        assert issue.published_at
        return self.schema(
            id=item.uuid,
            kind=item.kind,
            slug=item.slug,
            url=absolute(item.get_absolute_url()),
            issue=IssueReference(number=issue.number, title=issue.title, url=absolute(issue.get_absolute_url())),
            emoji=item.emoji,
            title=item.title,
            short_title=item.short_title,
            date=getattr(item, "date", None),
            published_at=issue.published_at,
            updated_at=max(issue.published_at, item.updated_at),
            minutes=item.minutes,
            authors=[reference(author) for author in item.byline],
            topics=[reference(topic) for topic in item.topic_list],
            links=[Link(label=label, url=url) for label, url in getattr(item, "links", [])],
            image=picture(item.lead_image),
            text=text(item.body, context, item.anchor),
            **(self.own.from_orm(item).model_dump() if self.own else {}),
        )


class Topics(Resource):
    name, title = "topics", "Topics"
    about = "What items are about. Ask the lists of items for a topic by its slug."
    schema = TopicDocument

    def rows(self) -> QuerySet[Topic]:
        return published_topics()

    def documents(self, rows: Sequence[Topic]) -> list[Schema]:
        return [
            TopicDocument(id=row.uuid, slug=row.slug, url=absolute(row.get_absolute_url()), name=row.name)
            for row in rows
        ]


class Terms(Resource):
    name, title = "terms", "Terms"
    about = "The glossary: words that readers may not know, in plain words."
    schema = TermDocument
    filters = TermFilters

    def rows(self) -> QuerySet[Term]:
        return Term.objects.prefetch_related("spellings")

    def filtered(self, rows: Any, filters: TermFilters) -> QuerySet[Term]:
        return rows.filter(pk__in=Term.objects.named(filters.name).values("pk")) if filters.name else rows

    def documents(self, rows: Sequence[Term]) -> list[Schema]:
        return [
            TermDocument(
                id=row.uuid,
                slug=row.slug,
                url=absolute(row.get_absolute_url()),
                name=row.name,
                expansion=row.expansion,
                explanation=row.explanation,
                spellings=[spelling.name for spelling in row.spellings.all()],
            )
            for row in rows
        ]


def resources() -> list[Resource]:
    return [Issues(), *(Items(section) for section in sections()), Topics(), Terms()]
