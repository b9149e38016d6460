"""The newest issues, and the newest items of a kind, a topic or an author, as Atom, RSS and JSON Feed."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TextIO
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed, Rss201rev2Feed, SyndicationFeed, rfc3339_date
from django.utils.xmlutils import SimplerXMLGenerator
from django.views.decorators.http import conditional_page, require_safe

from timeline.metadata import FEED_TYPES
from timeline.models import Content, Issue, Publication, Topic
from timeline.sections import Filled, Section, filled, item_context, render_entries, section, sections
from timeline.views import find

SIZE = 20  # entries of a feed
# What XML cannot hold, however it is written; a faulty import may have left some in a title.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Generator(SyndicationFeed):
    """What the three formats share."""

    def latest_post_date(self) -> datetime:
        # Django's answer for an empty feed is the present, so that it would never be unchanged.
        return super().latest_post_date() if self.items else datetime(1970, 1, 1, tzinfo=UTC)


class Atom(Generator, Atom1Feed):
    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        for name in self.feed["authors"]:
            handler.startElement("author", AttributesImpl({}))
            handler.addQuickElement("name", name)
            handler.endElement("author")
        if self.feed["hub"]:
            handler.addQuickElement("link", None, {"rel": "hub", "href": self.feed["hub"]})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


class Rss(Generator, Rss201rev2Feed):
    def rss_attributes(self) -> dict[str, str]:
        return {
            **super().rss_attributes(),
            "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
            "xmlns:dc": "http://purl.org/dc/elements/1.1/",
        }

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        if self.feed["hub"]:
            handler.addQuickElement("atom:link", None, {"rel": "hub", "href": self.feed["hub"]})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in self.feed["authors"]:
            handler.addQuickElement("dc:creator", name)
        handler.addQuickElement("atom:updated", rfc3339_date(item["updateddate"]))  # RSS has no word for it
        handler.addQuickElement("content:encoded", item["content"])


class JsonFeed(Generator):
    """https://www.jsonfeed.org/version/1.1/"""

    content_type = f"{FEED_TYPES['json']}; charset=utf-8"

    def write(self, outfile: TextIO, encoding: str) -> None:
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": self.feed["title"],
            "home_page_url": self.feed["link"],
            "feed_url": self.feed["feed_url"],
            "description": self.feed["description"],
            "language": self.feed["language"],
            "authors": [{"name": name} for name in self.feed["authors"]],
            **({"hubs": [{"type": "WebSub", "url": self.feed["hub"]}]} if self.feed["hub"] else {}),
            "items": [
                {
                    "id": item["unique_id"],
                    "url": item["link"],
                    "title": item["title"],
                    "content_html": item["content"],
                    "date_published": rfc3339_date(item["pubdate"]),
                    "date_modified": rfc3339_date(item["updateddate"]),
                    "tags": list(item["categories"]),
                }
                for item in self.items
            ],
        }
        json.dump(feed, outfile, ensure_ascii=False)


GENERATORS: dict[str, type[SyndicationFeed]] = {"atom": Atom, "rss": Rss, "json": JsonFeed}


@dataclass(frozen=True)
class FeedItem:
    """An issue or an item as feeds have it."""

    row: Content
    title: str
    path: str
    content: str  # HTML with whole addresses
    published: datetime
    updated: datetime
    topics: Sequence[str] = ()


class TimelineFeed(Feed):
    """A feed in the format `ending`, of the page at `path`; addresses are those of SITE_URL, whoever asks."""

    language = settings.LANGUAGE_CODE
    item_description = None  # type: ignore[assignment]  # the content says it all
    item_guid_is_permalink = False

    def __init__(self, ending: str, path: str, title: str = "") -> None:
        self.feed_type = GENERATORS[ending]
        self.publication = Publication.objects.current()
        self.title = clean(f"{title} | {self.publication.name}" if title else self.publication.name)
        self.description = clean(self.publication.tagline)
        self.link = settings.SITE_URL + path
        self.feed_url = f"{self.link}feed.{ending}"

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = super().__call__(request, *args, **kwargs)
        if settings.WEBSUB_HUB:
            answer["Link"] = f'<{settings.WEBSUB_HUB}>; rel="hub", <{self.feed_url}>; rel="self"'
        return answer

    def feed_extra_kwargs(self, obj: None) -> dict[str, Any]:
        """Who wrote all that is in the feed (whose papers it is about stands in the content), and who tells of news."""
        authors = [clean(name) for name in self.publication.editor_names or [self.publication.name]]
        return {"authors": authors, "hub": settings.WEBSUB_HUB}

    def item_title(self, entry: FeedItem) -> str:
        return clean(entry.title)

    def item_link(self, entry: FeedItem) -> str:
        return settings.SITE_URL + entry.path

    def item_guid(self, entry: FeedItem) -> str:
        """The same for ever, also when the address changes."""
        return entry.row.uuid.urn

    def item_pubdate(self, entry: FeedItem) -> datetime:
        return entry.published

    def item_updateddate(self, entry: FeedItem) -> datetime:
        return entry.updated

    def item_categories(self, entry: FeedItem) -> list[str]:
        return [clean(topic) for topic in entry.topics]

    def item_extra_kwargs(self, entry: FeedItem) -> dict[str, str]:
        return {"content": clean(entry.content)}


class IssueFeed(TimelineFeed):
    def items(self) -> list[FeedItem]:
        issues = list(Issue.objects.published().select_related("cover").order_by("-published_at", "-number")[:SIZE])
        parts = filled(issues, "email.html")
        return [
            FeedItem(
                issue,
                f"#{issue.number}: {issue.title}",
                issue.get_absolute_url(),
                content,
                public_since(issue),
                max(
                    public_since(issue),
                    issue.updated_at,
                    *(item.updated_at for part in own for item in part.items),
                ),
            )
            for (issue, own), content in zip(parts.items(), render_entries(parts, self.publication), strict=True)
        ]


class ItemFeed(TimelineFeed):
    """The newest of what is in `parts`."""

    def __init__(self, ending: str, path: str, title: str, parts: Iterable[Filled]) -> None:
        super().__init__(ending, path, title)
        self.parts = parts

    def items(self) -> list[FeedItem]:
        found = [(part.section, item) for part in self.parts for item in part.items]
        found.sort(key=lambda pair: public_since(pair[1].issue), reverse=True)
        del found[SIZE:]
        shared = {"level": 1, **item_context([item for _, item in found], "email.html", self.publication)}
        with timezone.override(self.publication.zone):
            return [
                FeedItem(
                    item,
                    str(item.title),
                    item.get_absolute_url(),
                    render_to_string(kind.template("email.html"), {"items": [item], **shared}),
                    public_since(item.issue),
                    max(public_since(item.issue), item.updated_at),
                    [topic.name for topic in item.topic_list],
                )
                for kind, item in found
            ]


def clean(text: str) -> str:
    return NOT_XML.sub("", text)


def newest(kind: Section, **where: Any) -> Filled:
    items = kind.published().filter(**where).order_by("-issue__published_at", "-issue__number", "position", "pk")
    return Filled(kind, list(items[:SIZE]))


def public_since(issue: Issue | None) -> datetime:
    """The publication time of a published issue, that of the items in it too."""
    assert issue and issue.published_at
    return issue.published_at


@require_safe
@conditional_page
def issue_feed(request: HttpRequest, ending: str) -> HttpResponse:
    return IssueFeed(ending, reverse("home"))(request)


@require_safe
@conditional_page
def kind_feed(request: HttpRequest, kind: str, ending: str) -> HttpResponse:
    shown = section(kind)
    return ItemFeed(ending, reverse("items", args=[kind]), shown.title, [newest(shown)])(request)


@require_safe
@conditional_page
def topic_feed(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    found = find(Topic.objects.all(), slug, address=lambda path: f"{path}feed.{ending}")
    if isinstance(found, HttpResponse):
        return found
    parts = [newest(kind, topics=found) for kind in sections()]
    if not any(part.items for part in parts):
        raise Http404
    return ItemFeed(ending, found.get_absolute_url(), found.name, parts)(request)
