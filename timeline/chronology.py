"""The timeline: everything published on the day it came out, newest first, and the ways to parts of it."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from itertools import chain, groupby, pairwise
from typing import Any, NamedTuple

from django.db import models
from django.utils import timezone

from timeline.models import Entry, Filing, Issue, address
from timeline.models.catalogue import ISSUES, Card, Counted, in_order, keys_under, years
from timeline.models.prepared import prepared
from timeline.sections import sections

PAGE_SIZE = 50  # entries
MOST_TICKS = 14  # a longer silence is shortened, and says so
MOST_MARKS = 12  # of a month on the map of the year
NARROWING = ("topic", "organisation")  # facets
CHOICES = 40  # topics and organisations that are offered


Row = tuple[int, date | None, str]  # primary key, date and kind of an entry


@dataclass(frozen=True)
class Place:
    """A part of the timeline, and its address. Without a year, a topic or an organisation shows every year."""

    year: str = ""
    kind: str = ""
    topic: str = ""
    organisation: str = ""

    def path(self, page: int = 1) -> str:
        given = {name: value for name, value in vars(self).items() if value}
        return address("timeline", **given, **({"page": page} if page > 1 else {}))


class Way(NamedTuple):
    """A link to another part of the timeline."""

    label: str
    number: int  # of what is there
    path: str
    is_here: bool


class Stop(NamedTuple):
    what: Any  # a Card, an Issue
    days: int  # since the next newer one, as far as the month goes

    @property
    def ticks(self) -> int:
        return min(self.days, MOST_TICKS)


class Month(NamedTuple):
    first: date
    stops: tuple[Stop, ...] = ()
    days: int = 0  # from its last stop back to its first day, where an older month follows
    silence: int = 0  # whole months without anything between a newer month of the same year and this one

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


class Line:
    """What is at a place of the timeline, and the ways from there. Two or three queries, and one or two for cards()."""

    def __init__(self, place: Place) -> None:
        self.place = place
        narrowed = {name: value for name in NARROWING if (value := getattr(place, name))}
        of_kind = narrowed | ({"kind": place.kind} if place.kind else {})
        self.rows: list[Row] = []  # of a year, newest first
        if narrowed and not place.year:
            self.year = ""
            told = counts(of_kind, "kind", "year", *NARROWING)
            kinds = counts(narrowed, "kind") if place.kind else told
            of_years, of_kinds = number_of("year", told), number_of("kind", kinds)
        else:
            of_years = (
                years(*chain.from_iterable(of_kind.items()))
                if len(of_kind) < 2
                else number_of("year", counts(of_kind, "year"))
            )
            self.year = place.year or max(of_years, default="")
            if self.year:
                narrowed, of_kind = narrowed | {"year": self.year}, of_kind | {"year": self.year}
            every_kind = _rows(tuple(narrowed), list(narrowed.values()))
            self.rows = [row for row in every_kind if place.kind in ("", row[2])]
            of_kinds = Counter(kind for _, _, kind in every_kind)
            told = counts(of_kind, *NARROWING)
        self.facets = of_kind
        everything = sum(of_kinds.values())
        self.number = of_kinds.get(place.kind, 0) if place.kind else everything
        self.kinds = tuple(
            Way(label, count, replace(place, year=self.year, kind=kind).path(), kind == place.kind)
            for kind, label in {"": "Everything", **kind_titles()}.items()
            if (count := of_kinds.get(kind, 0) if kind else everything) or not kind
        )
        self.years = tuple(
            Way(year, of_years[year], replace(place, year=year).path(), year == self.year)
            for year in sorted(of_years, reverse=True)
        )
        self.choices: dict[str, list[Way]] = {name: [] for name in NARROWING}
        for name, value, label, count in told:
            ways = self.choices.get(name)
            # Addresses are dear: only for what is offered, and what is chosen.
            if ways is not None and (len(ways) < CHOICES or getattr(place, name) == value):
                ways.append(self.way(label, count, **{name: value}))

    def way(self, label: str, count: int, **part: str) -> Way:
        """To this place with another topic or organisation; from the one that is chosen the way leads back."""
        ((name, value),) = part.items()
        is_here = getattr(self.place, name) == value
        there = replace(self.place, **{name: ""} if is_here else part)
        return Way(label, count, there.path(), is_here)

    @property
    def topics(self) -> tuple[Way, ...]:
        return tuple(self.choices["topic"][:CHOICES])

    @property
    def organisations(self) -> tuple[Way, ...]:
        return tuple(self.choices["organisation"][:CHOICES])

    @property
    def chosen(self) -> list[Way]:
        return [way for name in NARROWING for way in self.choices[name] if way.is_here]

    @property
    def name(self) -> str:
        """What tells this place from others: "Reasoning, Research Papers, 2023"; "" for all of it."""
        kind = kind_titles().get(self.place.kind, "")
        return ", ".join(filter(None, [*(way.label for way in self.chosen), kind, self.place.year]))

    def cards(self, start: int, stop: int) -> list[Card]:
        """These of what is here, counted from 0, newest first."""
        if self.year:
            return in_order([key for key, _, _ in self.rows[start:stop]])
        facets, values = tuple(self.facets), list(self.facets.values())
        if len(facets) == 1:
            return in_order(keys_under.between(start, stop, self.number, *facets, *values))
        return in_order([key for key, _, _ in _rows.between(start, stop, self.number, facets, values)])

    @property
    def map(self) -> list[Mapped]:
        """Each month of the one year that is shown, from the newest to the oldest of which something is here."""
        kinds: dict[date, list[str]] = {}
        pages: dict[date, int] = {}
        for index, (_, day, kind) in enumerate(self.rows if self.year else []):
            assert day is not None
            month = day.replace(day=1)
            kinds.setdefault(month, []).append(kind)
            pages.setdefault(month, index // PAGE_SIZE + 1)
        if not kinds:
            return []
        newest, oldest = max(kinds), min(kinds)
        return [
            Mapped(
                month,
                f"{self.place.path(pages[month])}#{Month(month).anchor}" if month in pages else "",
                kinds.get(month, [])[:MOST_MARKS],
                max(0, len(kinds.get(month, [])) - MOST_MARKS),
            )
            for number in range(newest.month, oldest.month - 1, -1)
            if (month := newest.replace(month=number))
        ]


def kind_titles() -> dict[str, str]:
    return {**{section.kind: section.title for section in sections()}, ISSUES: "Issues"}


def number_of(name: str, told: Iterable[Counted]) -> dict[str, int]:
    """How many have each value of this facet."""
    return {value: number for own, value, _, number in told if own == name}


def counts(narrowed: dict[str, str], *names: str) -> list[Counted]:
    """(name, value, label, how many) of these facets, of published entries with those in `narrowed`. One query."""
    found = _counts(names, tuple(narrowed), list(narrowed.values()))
    return sorted(found, key=lambda counted: (-counted[3], counted[1]))


@prepared(None, None, models.CharField())
def _counts(names: tuple[str, ...], facets: tuple[str, ...], values: list[str]) -> models.QuerySet[Filing, Counted]:
    return Filing.objects.published().named(*names, beside=dict(zip(facets, values, strict=False))).counted()


@prepared(None, models.CharField())
def _rows(facets: tuple[str, ...], values: list[str]) -> models.QuerySet[Entry, Row]:
    entries = Entry.objects.published().filter(date__isnull=False)
    return entries.having(dict(zip(facets, values, strict=False))).values_list("pk", "date", "kind")


def by_month(cards: Iterable[Card]) -> list[tuple[int, tuple[Month, ...]]]:
    """The years of cards that stand newest first, and the months of each, with the days between."""
    years: list[tuple[int, list[Month]]] = []
    above: date | None = None  # the last stop of the month above
    dated = [(card.date, card) for card in cards if card.date]
    for (year, number), own in groupby(dated, key=lambda each: (each[0].year, each[0].month)):
        first, stops, silence = date(year, number, 1), [], 0
        newer = date(year, number, monthrange(year, number)[1]) if above else None
        for day, card in own:
            stops.append(Stop(card, (newer - day).days if newer else 0))
            newer = day
        if above:
            months = years[-1][1]
            months[-1] = months[-1]._replace(days=above.day - 1)
            silence = above.month - number - 1 if above.year == year else 0
        if not years or years[-1][0] != year:
            years.append((year, []))
        years[-1][1].append(Month(first, tuple(stops), silence=silence))
        above = newer
    return [(year, tuple(months)) for year, months in years]


def stops_between(issues: Sequence[Issue], zone: tzinfo) -> list[Stop]:
    """All but the first of published `issues`, newest first, with the days since the next newer one."""
    days = [timezone.localdate(issue.published_at, zone) for issue in issues]
    return [Stop(issue, (above - day).days) for issue, (above, day) in zip(issues[1:], pairwise(days), strict=True)]
