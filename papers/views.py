from collections.abc import Iterable
from dataclasses import dataclass
from heapq import nsmallest

from django.conf import settings
from django.db import models
from django.db.models import Count, QuerySet
from django.db.models.functions import Cast, Substr
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from papers.models import Author
from timeline.feeds import ItemFeed, newest
from timeline.metadata import list_head, twin
from timeline.models import Facet, Filing, address
from timeline.models.catalogue import Counted
from timeline.models.prepared import prepared
from timeline.sections import Filled, sections
from timeline.twins import list_document, markdown_response
from timeline.views import find, having, paged_rows, published_parts, render_page

Named = tuple[str, str]  # slug and name
PAGE_SIZE = 200  # authors
COAUTHORS = 60  # that are named, those with most in common first
TOPICS = 12


@require_safe
def author_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    shown = paged_rows(page, sum(number_published()), published, size=PAGE_SIZE)
    head = list_head(reverse("authors"), "Authors", lambda name: f"The authors of everything in {name}.", page=page)
    return render_page(request, "papers/author_list.html", head, page=shown, names=with_addresses(shown))


@prepared()
def number_published() -> QuerySet[Facet, int]:
    facets = Filing.objects.published().facets("author").order_by().values("name")
    return facets.annotate(number=Count("value", distinct=True)).values_list("number", flat=True)


@prepared()
def published() -> QuerySet[Author, Named]:
    return Author.objects.published().values_list("slug", "name")


def with_addresses(authors: Iterable[Named]) -> tuple[Named, ...]:
    """The path of the page of each, and the name."""
    return tuple((address("author", slug), name) for slug, name in authors)


def author_parts(author: Author) -> list[Filled]:
    """What readers may see of `author`."""
    return published_parts((section for section in sections() if section.has_authors), authors=author)


@require_safe
def author(request: HttpRequest, slug: str, page: int = 1) -> HttpResponse:
    known = published_author(slug)
    found = known[0] if known else find(Author.objects.published(), slug)
    if isinstance(found, HttpResponse):
        return found
    shown = having("author", found.slug, page)
    coauthors, topics = most_beside(found.slug)
    person = {
        "@type": "Person",
        "name": found.name,
        "url": settings.SITE_URL + found.get_absolute_url(),
        "sameAs": [address for _, address in author_links(found)],
    }
    head = list_head(
        found.get_absolute_url(),
        found.name,
        lambda name: f"What {name} has explained of {found.name}’s work.",
        page=page,
        feed=True,
        type="profile",
        json_ld={"@type": "ProfilePage", "mainEntity": {key: value for key, value in person.items() if value}},
        has_twin=page == 1,
    )
    return render_page(
        request,
        "papers/author.html",
        head,
        author=found,
        page=shown,
        topics=topics_over_time(found.slug, topics) if shown.paginator.count > 1 else None,
        coauthors=with_addresses(coauthors),
    )


@prepared(models.SlugField())
def published_author(slug: str) -> QuerySet[Author]:
    return Author.objects.published().filter(slug=slug)


def most_beside(author: str) -> tuple[list[Named], list[Named]]:
    """Other authors and topics that what is by this author (a slug) has, the most frequent first. One query."""
    found = [counted for counted in _beside(author) if counted[:2] != ("author", author)]

    def most(name: str, number: int) -> list[Named]:
        own = ((-count, label, slug) for each, slug, label, count in found if each == name)
        return [(slug, label) for _, label, slug in nsmallest(number, own)]

    return most("author", COAUTHORS), most("topic", TOPICS)


@prepared(models.CharField())
def _beside(author: str) -> QuerySet[Filing, Counted]:
    return Filing.objects.published().named("author", "topic", beside={"author": author}).counted()


@dataclass(frozen=True)
class TopicsOverTime:
    """How many items were on a topic, in every year in which there is something on one of these."""

    years: list[int]
    rows: list[tuple[str, str, list[tuple[int, int]]]]  # slug, name, a (year, count) for each year


def topics_over_time(author: str, topics: list[Named]) -> TopicsOverTime:
    """These topics of what is by this author (a slug), as far as it has a date. One query."""
    counts = {(topic, int(year)): count for topic, year, count in _by_year(author, [slug for slug, _ in topics])}
    years = sorted({year for _, year in counts})
    rows = [(slug, name, [(year, counts.get((slug, year), 0)) for year in years]) for slug, name in topics]
    return TopicsOverTime(years, rows if years else [])


@prepared(models.CharField(), models.CharField())
def _by_year(author: str, topics: list[str]) -> QuerySet[Filing, tuple[str, str, int]]:
    # Both databases write a date with its year first: to extract it SQLite would call Python for each row.
    year = Substr(Cast("date", models.CharField()), 1, 4)
    filings = Filing.objects.published().named("topic", beside={"author": author})
    dated = filings.filter(facet__value__in=topics, date__isnull=False).annotate(year=year)
    return dated.values_list("facet__value", "year").annotate(count=Count("*"))


def author_links(author: Author) -> list[tuple[str, str]]:
    """(label, address) of where else the author is."""
    orcid = [(f"ORCID {author.orcid}", f"https://orcid.org/{author.orcid}")] if author.orcid else []
    return orcid + author.link_list


@require_safe
@conditional_page
def author_feed(request: HttpRequest, slug: str, ending: str) -> HttpResponse:
    found = find(Author.objects.published(), slug, address=lambda path: f"{path}feed.{ending}")
    if isinstance(found, HttpResponse):
        return found
    parts = [newest(section, authors=found) for section in sections() if section.has_authors]
    return ItemFeed(ending, found.get_absolute_url(), found.name, parts)(request)


@require_safe
def author_twin(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Author.objects.published(), slug, address=twin)
    if isinstance(found, HttpResponse):
        return found
    text = list_document(found.name, found.get_absolute_url(), author_parts(found), author_links(found))
    return markdown_response(text)
