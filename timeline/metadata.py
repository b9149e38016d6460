"""What machines read in the head of a page: its one address, Open Graph, JSON-LD, its feeds and its Markdown twin."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from timeline.markdown import Context
from timeline.models import Correction, Image, Issue, Item, Publication
from timeline.sections import Section
from timeline.share_images import HEIGHT, WIDTH, Card

FEED_TYPES = {"atom": "application/atom+xml", "rss": "application/rss+xml", "json": "application/feed+json"}


def absolute(address: str) -> str:
    """An address within this site, or already a whole one, with scheme and host."""
    return Context(base_url=settings.SITE_URL).address(address)


def twin(path: str) -> str:
    """The address of the Markdown twin of the page at `path`: /issues/2.md of /issues/2/."""
    return f"{path.rstrip('/')}.md"


@dataclass(frozen=True)
class Head:
    """The metadata of one page; templates/timeline/page.html shows them."""

    path: str  # of the page; for the first page of a list that of the list
    title: str = ""  # the home page has that of the publication
    description: str = ""
    type: str = "website"  # of Open Graph
    image: Image | None = None  # what the page shows first
    card: Card | None = None  # of its share image; a page without one has that of the publication
    json_ld: dict[str, Any] = field(default_factory=lambda: {"@type": "CollectionPage"})
    feed: tuple[str, str] | None = None  # title and path of the page whose feed it offers besides that of the site
    has_twin: bool = False
    publication: Publication = field(default_factory=Publication.objects.current)

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.path

    @property
    def twin(self) -> str:
        return settings.SITE_URL + twin(self.path) if self.has_twin else ""

    @property
    def full_title(self) -> str:
        name = self.publication.name
        return f"{self.title} | {name}" if self.title else f"{name}: {self.publication.tagline}"

    @property
    def share_image(self) -> dict[str, Any]:
        """`url`, `width`, `height` and `alt` of what a link to this page shows elsewhere."""
        card = self.card or _publication_card(self.publication)
        path = self.path if self.card else reverse("home")
        url = f"{settings.SITE_URL}{path}share-{card.digest}.png"
        return {"url": url, "width": WIDTH, "height": HEIGHT, "alt": card.alt}

    @property
    def picture(self) -> str:
        """The address of a picture of what the page is about, if there is one."""
        if self.image and self.image.file:
            return absolute(self.image.figure.still)
        return self.share_image["url"] if self.card else ""

    @property
    def feeds(self) -> list[tuple[str, str, str]]:
        """(title, media type, address) of each feed that a reader of this page may want."""
        name = self.publication.name
        pages = [(f"{self.feed[0]} | {name}", self.feed[1])] if self.feed else []
        return [
            (title, media_type, f"{settings.SITE_URL}{path}feed.{ending}")
            for title, path in [*pages, (name, reverse("home"))]
            for ending, media_type in FEED_TYPES.items()
        ]

    @property
    def script(self) -> SafeString:
        """The JSON-LD for a <script>. What could close the element or open a comment in it is written as \\uXXXX."""
        data = {"@context": "https://schema.org", "name": self.title or self.publication.name, "url": self.url}
        if self.description:
            data["description"] = self.description
        if self.picture:
            data["image"] = self.picture
        text = json.dumps(data | self.json_ld, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
        # As django.utils.html.json_script does, which writes type="application/json" only.
        return mark_safe(text.translate({ord(char): f"\\u{ord(char):04X}" for char in "<>&\u2028\u2029"}))


def _home() -> str:
    return settings.SITE_URL + reverse("home")


def _periodical(publication: Publication) -> dict[str, Any]:
    return {"@type": "Periodical", "name": publication.name, "url": _home()}


def _editors(publication: Publication) -> list[dict[str, Any]]:
    return [{"@type": "Person", "name": name, "url": _home()} for name in publication.editor_names]


def _issue(issue: Issue, publication: Publication) -> dict[str, Any]:
    return {
        "@type": "PublicationIssue",
        "name": issue.title,
        "url": settings.SITE_URL + issue.get_absolute_url(),
        "issueNumber": str(issue.number),
        "isPartOf": _periodical(publication),
    }


def _dates(published: datetime | None, changed: datetime) -> dict[str, Any]:
    """A page changes on the day it comes out, at the earliest: what was written before is no change."""
    if not published:  # a preview
        return {}
    return {"datePublished": published, "dateModified": max(published, changed)}


def _corrections(corrections: Iterable[Correction]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "CorrectionComment",
            "text": correction.note,
            "datePublished": correction.created_at,
            "url": settings.SITE_URL + correction.get_absolute_url(),
        }
        for correction in corrections
    ]


def _publication_card(publication: Publication) -> Card:
    return Card(publication.name, publication.name, publication.tagline)


def _volume(issue: Issue | None, publication: Publication) -> tuple[int | None, int | None]:
    """The number of `issue` and, as soon as it has a date, the year of its volume."""
    published = issue.published_at.astimezone(publication.zone) if issue and issue.published_at else None
    return issue.number if issue else None, published.year if published else None


def home_head() -> Head:
    publication = Publication.objects.current()
    return Head(
        reverse("home"),
        description=publication.tagline,
        card=_publication_card(publication),
        json_ld={"@type": "WebSite", "publisher": {"@type": "Organization", "name": publication.name, "url": _home()}},
        publication=publication,
    )


def issue_head(issue: Issue, corrections: Iterable[Correction] = ()) -> Head:
    publication = Publication.objects.current()
    corrected = _corrections(corrections)
    return Head(
        issue.get_absolute_url(),
        f"Issue {issue.number}: {issue.title}",
        issue.tagline or publication.tagline,
        "article",
        issue.cover,
        Card(
            publication.name,
            issue.title,
            issue.tagline or publication.tagline,
            f"Issue {issue.number}",
            *_volume(issue, publication),
        ),
        {
            **_issue(issue, publication),
            **_dates(issue.published_at, issue.updated_at),
            "author": _editors(publication),
            **({"correction": corrected} if corrected else {}),
        },
        has_twin=True,
        publication=publication,
    )


def item_head(section: Section, item: Item, corrections: Iterable[Correction] = ()) -> Head:
    publication = Publication.objects.current()
    issue = item.issue
    data = {
        "headline": item.title,
        **(_dates(issue.published_at, item.updated_at) if issue else {}),
        "author": _editors(publication),
        "publisher": {"@type": "Organization", "name": publication.name, "url": _home()},
        "keywords": [topic.name for topic in item.topic_list],
        "isPartOf": _issue(issue, publication) if issue else None,
        "correction": _corrections(corrections),
        **section.json_ld(item),
    }
    return Head(
        item.get_absolute_url(),
        item.title,
        f"{item.title}, explained simply by {publication.name}.",
        "article",
        item.lead_image,
        Card(
            publication.name,
            *item.title_parts,
            section.title,
            *_volume(issue, publication),
            is_item=True,
            is_square=section.is_square,
            emoji=item.emoji,
            authors=tuple(author.name for author in item.byline),
        ),
        {key: value for key, value in data.items() if value},
        feed=(section.title, reverse("items", args=[section.kind])),
        has_twin=True,
        publication=publication,
    )


def list_head(
    path: str, title: str, description: Callable[[str], str], *, page: int = 1, feed: bool = False, **more: Any
) -> Head:
    """Of page `page` of the list at `path`; `description` takes the name of the publication."""
    publication = Publication.objects.current()
    return Head(
        path if page == 1 else f"{path}page/{page}/",
        title if page == 1 else f"{title}, page {page}",
        description(publication.name),
        feed=(title, path) if feed else None,
        publication=publication,
        **more,
    )
