"""The timeline: everything published on the day it came out, newest first."""

from calendar import monthrange
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from timeline.metadata import list_head
from timeline.models import Entry, EntryQuerySet, Facet
from timeline.models.catalogue import ISSUES
from timeline.sections import sections
from timeline.views import render_page

PAGE_SIZE = 100  # entries
MOST_TICKS = 14  # a longer silence is shortened, and says so
MOST_MARKS = 12  # of a month on the map of the year
NARROWING = ("topic", "organisation")  # facets
CHOICES = 40  # topics and organisations that are offered


@dataclass(frozen=True)
class Place:
    """A part of the timeline, and its address. Without a year, a topic or an organisation shows every year."""

    year: str = ""
    kind: str = ""
    topic: str = ""
    organisation: str = ""

    def path(self, page: int = 1) -> str:
        given = {name: value for name, value in vars(self).items() if value}
        return reverse("timeline", kwargs=given | ({"page": page} if page > 1 else {}))


@dataclass(frozen=True)
class Way:
    """A link to another part of the timeline."""

    label: str
    count: int
    path: str
    is_here: bool


@dataclass(frozen=True)
class Stop:
    entry: Entry
    days: int  # since the next newer one, as far as the month goes

    @property
    def ticks(self) -> int:
        return min(self.days, MOST_TICKS)


@dataclass
class Month:
    first: date
    stops: list[Stop]
    days: int = 0  # from the newer stop above back to the end of its month
    silence: int = 0  # whole months without anything between it and this one

    @property
    def ticks(self) -> int:
        return min(self.days, MOST_TICKS)

    @property
    def anchor(self) -> str:
        return f"m{self.first:%Y-%m}"


@dataclass(frozen=True)
class Mapped:
    """A month on the map of a year."""

    first: date
    path: str  # "" where there is nothing
    kinds: list[str]
    more: int


Row = tuple[int, date, str]  # primary key, date and kind of an entry


@require_safe
def timeline(
    request: HttpRequest, year: str = "", kind: str = "", topic: str = "", organisation: str = "", page: str = "1"
) -> HttpResponse:
    place = Place(year, kind, topic, organisation)
    entries = Entry.objects.published().filter(date__isnull=False)
    for name in NARROWING:
        if value := getattr(place, name):
            entries = entries.having(name, value)
    years = sorted(counts(entries, "year"), reverse=True)
    shown_year = year or ("" if topic or organisation else max((year for _, year, _, _ in years), default=""))
    if shown_year:
        entries = entries.having("year", shown_year)
    rows: list[Row] = list(entries.values_list("pk", "date", "kind"))  # type: ignore[arg-type]  # no date is None
    shown = [row for row in rows if kind in ("", row[2])]
    paginator = Paginator(shown, PAGE_SIZE)
    if int(page) not in paginator.page_range or (place != Place() and not shown):
        raise Http404
    current = paginator.page(int(page))
    keys = [key for key, _, _ in current.object_list]
    found = Entry.objects.cards().in_bulk(keys)
    ways = narrowing_ways(place, entries)
    chosen = [way for name in NARROWING for way in ways[name] if way.is_here]
    named = ", ".join([*(way.label for way in chosen), *([kind_titles()[kind]] if kind else []), *filter(None, [year])])
    head = list_head(
        place.path(),
        f"Timeline: {named}" if named else "Timeline",
        lambda name: f"Everything in {name} on the day it came out{': ' + named if named else ''}.",
        page=current.number,
    )
    return render_page(
        request,
        "timeline/timeline.html",
        head,
        year=shown_year,
        total=len(shown),
        chosen=chosen,
        kinds=kind_ways(place, rows),
        years=[Way(year, n, replace(place, year=year).path(), year == shown_year) for _, year, _, n in years],
        topics=ways["topic"][:CHOICES],
        organisations=ways["organisation"][:CHOICES],
        months=months([found[key] for key in keys if key in found]),
        map=year_map(place, shown) if shown_year else [],
        page=current,
        first=place.path(),
    )


def counts(entries: EntryQuerySet, *names: str) -> list[tuple[str, str, str, int]]:
    """(name, value, label, how many of `entries` have it) of these facets. One query."""
    facets = Facet.objects.filter(name__in=names, entry__in=entries).values_list("name", "value", "label")
    return list(facets.annotate(count=Count("pk")).order_by("-count", "value"))


def narrowing_ways(place: Place, entries: EntryQuerySet) -> dict[str, list[Way]]:
    """The topics and organisations of `entries`; from one that is chosen the way leads back."""
    ways: dict[str, list[Way]] = {name: [] for name in NARROWING}
    for name, value, label, count in counts(entries, *NARROWING):
        is_here = getattr(place, name) == value
        ways[name].append(Way(label, count, replace(place, **{name: "" if is_here else value}).path(), is_here))
    return ways


def kind_titles() -> dict[str, str]:
    return {**{section.kind: section.title for section in sections()}, ISSUES: "Issues"}


def kind_ways(place: Place, rows: Sequence[Row]) -> list[Way]:
    counts = Counter(kind for _, _, kind in rows)
    return [Way("Everything", len(rows), replace(place, kind="").path(), not place.kind)] + [
        Way(title, counts[kind], replace(place, kind=kind).path(), place.kind == kind)
        for kind, title in kind_titles().items()
        if counts[kind]
    ]


def months(entries: Sequence[Entry]) -> list[Month]:
    """The entries, newest first, by month, with the days between them. Their dates are set."""
    found: list[Month] = []
    above: date | None = None
    for entry in entries:
        day = entry.date
        assert day is not None
        days = 0
        if above is None or (above.year, above.month) != (day.year, day.month):
            month = Month(day.replace(day=1), [])
            if above is not None:
                month.days = above.day - 1
                month.silence = (above.year - day.year) * 12 + above.month - day.month - 1
                days = monthrange(day.year, day.month)[1] - day.day
            found.append(month)
        else:
            days = (above - day).days
        found[-1].stops.append(Stop(entry, days))
        above = day
    return found


def year_map(place: Place, rows: Sequence[Row]) -> list[Mapped]:
    """Each month from the newest to the oldest with what is in it."""
    kinds: dict[date, list[str]] = {}
    pages: dict[date, int] = {}
    for index, (_, day, kind) in enumerate(rows):
        month = day.replace(day=1)
        kinds.setdefault(month, []).append(kind)
        pages.setdefault(month, index // PAGE_SIZE + 1)
    if not kinds:
        return []
    newest, oldest = max(kinds), min(kinds)
    return [
        Mapped(
            month,
            f"{place.path(pages[month])}#{Month(month, []).anchor}" if month in pages else "",
            kinds.get(month, [])[:MOST_MARKS],
            max(0, len(kinds.get(month, [])) - MOST_MARKS),
        )
        for number in range(newest.month, oldest.month - 1, -1)
        if (month := newest.replace(month=number))
    ]
