"""The glossary: all terms from A to Z, and a page for each with everything in which it stands."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from timeline.metadata import list_head
from timeline.models import Entry, Facet, Filing, Term
from timeline.views import find, having, paged, render_page

FEW = 3  # items that the list names for each term


@require_safe
def glossary(request: HttpRequest, page: int = 1) -> HttpResponse:
    shown = paged(Term.objects.all(), page)
    terms = list(shown.object_list)
    places = newest_places(terms)
    head = list_head(
        reverse("glossary"),
        "Glossary",
        lambda name: f"The terms that {name} uses, in plain words.",
        page=page,
        json_ld={"@type": "DefinedTermSet", "hasDefinedTerm": [defined(term) for term in terms]},
        has_twin=page == 1,
    )
    letters = [
        (letter, [TermCard.of(term, *places.get(str(term.uuid), (0, []))) for term in own])
        for letter, own in groupby(terms, key=attrgetter("letter"))
    ]
    return render_page(request, "timeline/glossary.html", head, page=shown, letters=letters)


Place = tuple[str, str, str]  # path, emoji and title of an item


class TermCard(NamedTuple):
    """What the glossary shows of a term, and nothing in it can change; see Card."""

    name: str
    path: str
    expansion: str
    explanation: str
    total: int  # of the items in which it stands
    places: tuple[Place, ...]

    @classmethod
    def of(cls, term: Term, total: int, places: Iterable[Place]) -> "TermCard":
        return cls(term.name, term.get_absolute_url(), term.expansion, term.explanation, total, tuple(places))


def newest_places(terms: Sequence[Term]) -> dict[str, tuple[int, list[Place]]]:
    """For each uuid of a term in how many published items it stands, and the newest FEW of them. Four queries."""
    facets = Facet.objects.filter(name="term", value__in=[str(term.uuid) for term in terms])
    values = dict(facets.values_list("pk", "value"))
    filings = Filing.objects.published()
    totals = dict(filings.filter(facet__in=list(values)).values_list("facet").annotate(count=Count("*")))
    near = facets.filter(filings__date__gte=filings.since(FEW)).annotate(entry=F("filings__entry"))
    order = Window(RowNumber(), partition_by=F("pk"), order_by=["-filings__date", "filings__rank"])
    public = near.exclude(entry__in=Entry.objects.hidden().order_by())
    newest = public.annotate(place=order).filter(place__lte=FEW).order_by("pk", "place")
    places = list(newest.values_list("pk", "entry"))
    shown = Entry.objects.filter(pk__in={entry for _, entry in places}).order_by()
    entries = {pk: place for pk, *place in shown.values_list("pk", "path", "emoji", "title")}
    found: dict[str, tuple[int, list[Place]]] = {}
    for facet, entry in places:
        path, emoji, title = entries[entry]
        found.setdefault(values[facet], (totals[facet], []))[1].append((path, emoji, title))
    return found


@require_safe
def term(request: HttpRequest, slug: str, page: int = 1) -> HttpResponse:
    found = find(Term.objects.all(), slug)
    if isinstance(found, HttpResponse):
        return found
    shown = having("term", str(found.uuid), page)
    head = list_head(
        found.get_absolute_url(),
        found.name,
        lambda name: found.explanation,
        page=page,
        json_ld={**defined(found), "inDefinedTermSet": settings.SITE_URL + reverse("glossary")},
        has_twin=page == 1,
    )
    return render_page(request, "timeline/term.html", head, term=found, page=shown)


def defined(term: Term) -> dict[str, Any]:
    """In the words of schema.org."""
    told = {
        "@type": "DefinedTerm",
        "name": term.name,
        "alternateName": term.expansion,
        "description": term.explanation,
        "url": settings.SITE_URL + term.get_absolute_url(),
    }
    return {key: value for key, value in told.items() if value}
