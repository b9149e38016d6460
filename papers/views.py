from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from papers.models import Author
from timeline.sections import Filled, sections
from timeline.views import PAGE_SIZE, find, paged


def published_authors() -> QuerySet[Author]:
    """Authors of something, of whatever kind, that readers may see."""
    places = Q()
    for section in sections():
        if section.has_authors:
            published = section.model._default_manager.published()
            places |= Q(pk__in=section.bylines.filter(item__in=published).values("author"))
    return Author.objects.filter(places)


@require_safe
def author_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    return render(request, "papers/author_list.html", {"page": paged(published_authors(), page, size=200)})


@require_safe
def author(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(published_authors(), slug)
    if isinstance(found, HttpResponse):
        return found
    with_authors = [section for section in sections() if section.has_authors]
    parts = [Filled(section, list(section.published().filter(authors=found)[:PAGE_SIZE])) for section in with_authors]
    parts = [part for part in parts if part.items]
    coauthors = {person for part in parts for item in part.items for person in item.byline} - {found}
    return render(
        request,
        "papers/author.html",
        {"author": found, "parts": parts, "coauthors": sorted(coauthors, key=lambda person: person.name)},
    )
