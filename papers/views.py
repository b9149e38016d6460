from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest, nsmallest

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from papers.models import Author
from timeline.feeds import ItemFeed, newest
from timeline.metadata import list_head, twin
from timeline.models import Facet, Filing
from timeline.models.catalogue import Counted
from timeline.models.prepared import prepared
from timeline.sections import Filled, sections
from timeline.twins import list_document, markdown_response
from timeline.views import find, having, paged, published_parts, render_page

COAUTHORS = 60  # that are named, those with most in common first
TOPICS = 12


@require_safe
def author_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    shown = paged(Author.objects.published(), page, size=200)
    head = list_head(reverse("authors"), "Authors", lambda name: f"The authors of everything in {name}.", page=page)
    return render_page(request, "papers/author_list.html", head, page=shown)


def author_parts(author: Author) -> list[Filled]:
    """What readers may see of `author`."""
    return published_parts((section for section in sections() if section.has_authors), authors=author)


@require_safe
def author(request: HttpRequest, slug: str, page: int = 1) -> HttpResponse:
    found = find(Author.objects.published(), slug)
    if isinstance(found, HttpResponse):
        return found
    shown = having("author", found.slug, page)
    together = ((-count, name, slug) for _, slug, name, count in written_with(found.slug) if slug != found.slug)
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
        topics=topics_over_time(found.slug) if shown.paginator.count > 1 else None,
        coauthors=[(slug, name) for _, name, slug in nsmallest(COAUTHORS, together)],
    )


@prepared(models.CharField())
def written_with(author: str) -> QuerySet[Filing, Counted]:
    """Who wrote most with this author (a slug), who is one of them."""
    return Filing.objects.published().named("author", beside={"author": author}).counted(most=COAUTHORS + 1)


@dataclass(frozen=True)
class TopicsOverTime:
    """How many items were on a topic, in every year in which there is something on one of these."""

    years: list[int]
    rows: list[tuple[str, str, list[tuple[int, int]]]]  # slug, name, a (year, count) for each year


def topics_over_time(author: str) -> TopicsOverTime:
    """The topics of what is by this author (a slug), the most frequent first. Two queries."""
    counts: dict[int, dict[int, int]] = defaultdict(dict)  # of a topic, by year; both are primary keys of facets
    for topic, year, count in _by_year(author):
        if year:  # an entry that has no date yet is in none
            counts[topic][year] = count
    sums = {topic: sum(years.values()) for topic, years in counts.items()}
    least = min(nlargest(TOPICS, sums.values()), default=0)
    most = [topic for topic, number in sums.items() if number >= least]  # among equals the names decide
    facets = Facet.objects.filter(pk__in={*most, *(year for topic in most for year in counts[topic])})
    named = {key: (value, label) for key, value, label in facets.values_list("pk", "value", "label")}
    topics = sorted(most, key=lambda topic: (-sums[topic], named[topic][1]))[:TOPICS]
    years = sorted((int(named[year][0]), year) for year in {year for topic in topics for year in counts[topic]})
    return TopicsOverTime(
        [year for year, _ in years],
        [(*named[topic], [(year, counts[topic].get(key, 0)) for year, key in years]) for topic in topics],
    )


@prepared(models.CharField())
def _by_year(author: str) -> QuerySet[Filing, tuple[int, int | None, int]]:
    year = Filing.objects.filter(entry=OuterRef("entry"), name="year").values("facet")[:1]
    filings = Filing.objects.published().named("topic", beside={"author": author}).annotate(year=Subquery(year))
    return filings.values_list("facet", "year").annotate(count=Count("*"))


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
