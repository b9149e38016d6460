from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import conditional_page, require_safe

from papers.models import Author
from timeline.feeds import ItemFeed, newest
from timeline.metadata import list_head, twin
from timeline.models import Facet, Filing
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
    together = Filing.objects.published().named("author", beside={"author": found.slug}).counted()
    coauthors = sorted((-count, name, slug) for _, slug, name, count in together if slug != found.slug)
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
        coauthors=[(slug, name) for _, name, slug in coauthors[:COAUTHORS]],
    )


@dataclass(frozen=True)
class TopicsOverTime:
    """How many items were on a topic, in every year in which there is something on one of these."""

    years: list[int]
    rows: list[tuple[str, str, list[tuple[int, int]]]]  # slug, name, a (year, count) for each year


def topics_over_time(author: str) -> TopicsOverTime:
    """The topics of what is by this author (a slug), the most frequent first. Two queries."""
    year = Filing.objects.filter(entry=OuterRef("entry"), name="year").values("facet")[:1]
    filings = Filing.objects.published().named("topic", beside={"author": author}).annotate(year=Subquery(year))
    counts: dict[int, dict[int, int]] = defaultdict(dict)  # of a topic, by year; both are primary keys of facets
    for topic, year, count in filings.values_list("facet", "year").annotate(count=Count("*")):
        if year:  # an entry that has no date yet is in none
            counts[topic][year] = count
    facets = Facet.objects.filter(pk__in={*counts, *(year for years in counts.values() for year in years)})
    named = {key: (value, label) for key, value, label in facets.values_list("pk", "value", "label")}
    topics = sorted(counts, key=lambda topic: (-sum(counts[topic].values()), named[topic][1]))[:TOPICS]
    years = sorted((int(named[year][0]), year) for year in {year for topic in topics for year in counts[topic]})
    return TopicsOverTime(
        [year for year, _ in years],
        [(*named[topic], [(year, counts[topic].get(key, 0)) for year, key in years]) for topic in topics],
    )


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
