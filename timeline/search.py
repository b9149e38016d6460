"""Full text of everything published: one function, search(), in front of both databases.

The index says which entries match and how well; what is shown of them (snippets, marks) is worked out here from their
texts, so it is the same on every database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.paginator import Page, Paginator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from timeline import search_index
from timeline.models import Entry, Filing, Word
from timeline.models.catalogue import Card, Counted, in_order
from timeline.models.prepared import prepared
from timeline.terms import MAX_TERM, Query, Words, parse

MOST = 1_000  # results that are ranked and counted; of more, those with all words in the title, then the newest
PAGE_SIZE = 20
SNIPPET = 36  # words
BEGINNING = 1_000  # characters of a text that are looked at first
FACETS = ("kind", "topic", "author", "year", "issue")
FACET_SIZE = 8  # values of a facet that are offered

Segments = list[tuple[bool, str]]  # (whether it is a hit, text)


class Found(NamedTuple):
    """A clause of a query in a text: its first and its last word, and which one it is, counted from 0."""

    first: int
    last: int
    clause: int


@dataclass(frozen=True)
class Choice:
    """A value of a facet that results have."""

    name: str
    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Hit:
    card: Card
    text: str
    query: Query

    @cached_property
    def title(self) -> Segments:
        return marked(self.card.title, self.query)

    @cached_property
    def snippet(self) -> Segments:
        return snippet(self.text, self.query)

    @cached_property
    def names(self) -> Segments:
        """The authors that were sought; empty where none was."""
        found = [name for name in self.card.byline if any(hit for hit, _ in marked(name, self.query))]
        return marked(", ".join(found), self.query)


@dataclass(frozen=True)
class Results:
    text: str  # as typed
    query: Query
    keys: list[int]  # of the entries, best first
    is_cut: bool  # there are more than MOST

    @cached_property
    def choices(self) -> dict[str, list[Choice]]:
        """What the results can be narrowed to, by facet; the most frequent first. One query."""
        found: dict[str, list[Choice]] = {name: [] for name in FACETS}
        if not self.keys:
            return found
        counted = _facets(self.keys)
        for name, choices in found.items():
            own = (facet for facet in counted if facet[0] == name)
            choices += [Choice(*facet) for facet in nlargest(FACET_SIZE, own, key=itemgetter(3, 1))]
        # A list of things of which each is there once narrows nothing.
        return {name: choices if choices and choices[0].count > 1 else [] for name, choices in found.items()}

    def page(self, number: int) -> Page:
        """Page `number` (from 1) of Hits; EmptyPage past the end. One query."""
        page = Paginator(self.keys, PAGE_SIZE).page(number)
        keys = list(page.object_list)
        hits: list[Any] = [Hit(card, text, self.query) for card, text in in_order(keys, "text")]
        page.object_list = hits
        return page


@prepared([models.BigAutoField()])
def _facets(entries: list[int]) -> models.QuerySet[Filing, Counted]:
    return Filing.objects.filter(name__in=FACETS, entry__pk__among=entries).counted()


def search(text: str, filters: Mapping[str, str] | None = None) -> Results:
    """What readers may see and `text` asks for (timeline.terms.parse), with these values of facets; best first."""
    query, filters = parse(text), filters or {}
    keys = _matching(filters, query, MOST + 1)
    is_cut = len(keys) > MOST
    if is_cut:
        keys = list(dict.fromkeys(_matching(filters, query, MOST + 1, in_title=True) + keys))[:MOST]
    place = {key: index for index, key in enumerate(keys)}
    rank = search_index.ranks(query, keys) if len(keys) > 1 else {}
    return Results(text, query, sorted(keys, key=lambda key: (-rank.get(key, 0), place[key])), is_cut)


def _matching(filters: Mapping[str, str], query: Query, most: int, *, in_title: bool = False) -> list[int]:
    """The `most` newest that match; none where nothing is asked for."""
    if not query.clauses:
        return []
    wanted = search_index.expression(query, in_title=in_title)
    return _newest(most, in_title, query.has_phrase, tuple(filters), list(filters.values()), wanted)


@prepared(None, None, None, None, models.CharField(), models.TextField())
def _newest(
    most: int, in_title: bool, has_phrase: bool, facets: tuple[str, ...], values: list[str], wanted: str
) -> models.QuerySet[Entry, int]:
    filters = dict(zip(facets, values, strict=False))
    kind = {"kind": filters.pop("kind")} if "kind" in filters else {}
    among = Filing.objects.entries(filters) if filters else None
    matching = search_index.matching(wanted, among, in_title=in_title, has_phrase=has_phrase)
    found = Entry.objects.published().having(kind).filter(matching)
    return found.order_by("-date", "rank").values_list("pk", flat=True)[:most]


def suggestion(text: str, filters: Mapping[str, str] | None = None) -> str:
    """`text` with the words that stand nowhere replaced by the nearest that do, if search() finds that; else ""."""
    words = Words(text)
    typed = [(term, place) for term, place in zip(words.terms, words.spans, strict=True) if len(term) > 3]
    known = set(Word.objects.filter(word__in={term for term, _ in typed}).values_list("word", flat=True))
    found, changed = text, False
    for term, (start, end) in reversed([one for one in typed if one[0] not in known][:3]):
        if near := _nearest(term):
            found, changed = found[:start] + near + found[end:], True
    return found if changed and _matching(filters or {}, parse(found), 1) else ""


def _nearest(term: str) -> str:
    """The word with the fewest changes of letters, up to two, that begins with one of the first two; else ""."""
    from rapidfuzz.distance import OSA  # 4 MB that few processes need
    from rapidfuzz.process import extract

    most = 1 if len(term) < 6 else 2
    # Ranges, because SQLite would look at all words for those that start with a letter.
    first, second = (Q(word__range=(letter, letter + "z" * MAX_TERM)) for letter in term[:2])
    words = (
        Word.objects.annotate(length=Length("word"))
        .filter(length__gte=len(term) - most, length__lte=len(term) + most)
        .filter(first | second)
    )
    near = extract(term, list(words.values_list("word", flat=True)), scorer=OSA.distance, score_cutoff=most, limit=8)
    # Of equals the one that begins alike and is as long.
    best = min(near, key=lambda row: (row[1], row[0][0] != term[0], abs(len(row[0]) - len(term)), row[0]), default=None)
    return best[0] if best else ""


def marked(text: str, query: Query) -> Segments:
    """`text` in pieces: what was sought, and what is between."""
    words = Words(text)
    return _segments(text, 0, len(text), words, _hits(words, query))


def snippet(text: str, query: Query) -> Segments:
    """About SNIPPET words of `text` where most of what was sought stands close together; its beginning otherwise."""
    clauses = query.clauses
    end_of_beginning = text.find(" ", BEGINNING)
    words = Words(text[:end_of_beginning] if end_of_beginning > 0 else text)
    hits = _hits(words, query)
    best, first = _closest(hits, len(clauses))
    # Where all stands close together in the beginning, no later place is better: most of the text need not be read.
    longest = max((len(clause.words) for clause in clauses), default=0)
    if best < len(clauses) or first + SNIPPET + longest >= len(words.terms):
        words = Words(text)
        hits = _hits(words, query)
        best, first = _closest(hits, len(clauses))
    if not words.terms:
        return []
    last = min(first + SNIPPET, len(words.terms)) - 1
    begin = words.spans[first][0] if first else 0
    end = words.spans[last][1] if last < len(words.terms) - 1 else len(text)
    pieces = _segments(text, begin, end, words, hits)
    return [(False, "… ")] * (begin > 0) + pieces + [(False, " …")] * (end < len(text))


def _closest(hits: Sequence[Found], clauses: int) -> tuple[int, int]:
    """How many clauses stand within SNIPPET words, at most, and from which word on it is best to begin."""
    best = first = 0
    for index, (at, _, _) in enumerate(hits):
        within = set()
        for place, _, clause in islice(hits, index, None):
            if place >= at + SNIPPET:
                break
            within.add(clause)
        if len(within) > best:
            best, first = len(within), max(0, at - 8)
        if best == clauses:
            break
    return best, first


def _hits(words: Words, query: Query) -> list[Found]:
    """What was sought, in order and apart from each other."""
    hits: list[Found] = []
    terms, begins, free = words.terms, query.begins, 0  # from which word on
    letters = begins.letters
    for at in [at for at, term in enumerate(terms) if term[0] in letters and begins[term]]:
        if at < free:
            continue
        lengths = {clause: query.clauses[clause].length_at(words, at) for clause in begins[terms[at]]}
        clause = max(lengths, key=lengths.__getitem__)  # of equals the first
        if longest := lengths[clause]:
            free = at + longest
            hits.append(Found(at, free - 1, clause))
    return hits


def _segments(text: str, begin: int, end: int, words: Words, hits: Sequence[Found]) -> Segments:
    pieces: Segments = []
    at = begin
    for found in hits:
        start, stop = words.spans[found.first][0], words.spans[found.last][1]
        if start < at or stop > end:
            continue
        pieces += [(False, text[at:start]), (True, text[start:stop])]
        at = stop
    pieces.append((False, text[at:end]))
    return [(is_hit, piece.replace("\n", " · ")) for is_hit, piece in pieces if piece]
