"""What lists, the timeline and search know of everything: one row for each issue and item, whatever its kind.

All of it is derived: timeline.catalogue writes it, `manage.py rebuild` makes it anew.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.models.functions import Cast, Coalesce, Concat
from django.db.models.query import BaseIterable, ValuesListIterable

from timeline.models.base import Content
from timeline.models.content import Issue
from timeline.models.images import Image
from timeline.models.prepared import prepared

ISSUES = "issues"  # the kind of an issue's own entry
Counted = tuple[str, str, str, int]  # name, value and label of a facet, and how many have it
MOST_RELATED = 3  # items that an item's page names under "Previously"
NEAR = 100  # entries before an issue under each of its topics and authors, among which what is related is sought
# Fields that no list shows.
LONG = ("title_terms", "name_terms", "text_terms", "text", "issue__introduction", "issue__closing")


# Apart are the ranks of two issues.
ISSUE_RANK = 1_000_000
# The newest issue first. Its number stands in the rank, so an index has it; as a literal, for which databases look.
NEWEST_ISSUE = models.Func(
    models.F("rank"), template=f"(%(expressions)s / -{ISSUE_RANK})", output_field=models.BigIntegerField()
)


class Number(models.Subquery):
    """How many rows a queryset has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = models.IntegerField()


class EntryQuerySet(models.QuerySet["Entry"]):
    def published(self) -> "EntryQuerySet":
        # By what is hidden, of which there is little: so an index in the wanted order is read only as far as needed.
        return self.exclude(issue__in=Issue.objects.hidden().order_by())

    def hidden(self) -> "EntryQuerySet":
        """Those that readers may not see."""
        return self.filter(issue__in=Issue.objects.hidden().order_by())

    def items(self) -> "EntryQuerySet":
        return self.exclude(kind=ISSUES)

    def by_issue(self) -> "EntryQuerySet":
        """The newest issue first, each in the order of reading."""
        return self.order_by(NEWEST_ISSUE, "rank")

    def cards(self, *beside: str) -> "models.QuerySet[Entry, Any]":
        """A Card each; where fields are named, tuples of a Card and their values."""
        rows: Any = self.values_list(*_CARD, *beside)
        rows._iterable_class = _Cards
        return rows

    def having(self, facets: Mapping[str, str]) -> "EntryQuerySet":
        """Those with all of these facets (name: value)."""
        found, others = self, {name: value for name, value in facets.items() if name != "kind"}
        if "kind" in facets:  # a column, too: most are of one kind, and databases know it of columns only
            found = found.filter(kind=facets["kind"])
        return found.filter(pk__in=Filing.objects.entries(others)) if others else found


class Card(NamedTuple):
    """What lists show of an entry, and nothing in it can change: what was rendered of it serves the next list, too."""

    kind: str
    path: str
    emoji: str
    title: str
    byline: tuple[str, ...]
    date: date | None
    is_dated: bool
    minutes: int
    issue: int  # its number
    issue_tagline: str


_CARD = (*Card._fields[:-2], "issue__number", "issue__tagline")


class _Cards(ValuesListIterable):
    """Of EntryQuerySet.cards(): no row becomes an Entry first."""

    def __iter__(self) -> Iterator[Any]:
        for kind, path, emoji, title, byline, *others in super().__iter__():
            told, beside = others[: len(_CARD) - 5], others[len(_CARD) - 5 :]
            card = Card(kind, path, emoji, title, tuple(byline), *told)
            yield (card, *beside) if beside else card


class Entry(models.Model):
    """An issue, or an item that is in one, as lists show it. Small columns first: long texts lie apart in the file."""

    object_uuid = models.UUIDField(unique=True)
    kind = models.CharField(max_length=50)
    issue = models.ForeignKey(Issue, models.CASCADE, related_name="entries")
    rank = models.BigIntegerField(db_index=True)  # order of reading, through all issues
    date = models.DateField(null=True)  # of the paper or the event; where there is none, of the issue
    is_dated = models.BooleanField()  # whether the date is its own
    minutes = models.PositiveSmallIntegerField()
    emoji = models.CharField(max_length=16)
    label = models.CharField(max_length=300)  # for tables of contents
    title = models.CharField(max_length=300)
    path = models.CharField(max_length=200)
    byline = models.JSONField(default=list)  # names of the authors, in order
    image = models.ForeignKey(Image, models.SET_NULL, null=True, related_name="+")  # its own, else the first it shows

    # What search reads: timeline.terms says of what words each consists. `text` is what is shown of it.
    title_terms = models.TextField()
    name_terms = models.TextField()
    text_terms = models.TextField()
    text = models.TextField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-date", "rank"]
        verbose_name_plural = "entries"
        default_permissions = ()  # nobody edits what is derived
        indexes = [
            models.Index(fields=["-date", "rank"], name="entry_in_time"),
            models.Index("kind", NEWEST_ISSUE, "rank", "issue", name="entry_by_issue"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return self.path

    @property
    def issue_number(self) -> int:
        """Nobody need read the issue for it."""
        return self.rank // ISSUE_RANK

    @property
    def slug(self) -> str:
        return self.path.strip("/").rpartition("/")[2]

    @property
    def anchor(self) -> str:
        """The id of the item on the page of its issue: `papers-orca-2` of /papers/orca-2/."""
        return self.path.strip("/").replace("/", "-")


class Facet(models.Model):
    """One thing by which entries are found: a kind, a year, an issue, a topic, an author, an organisation.

    One under which nothing is filed any more stays, and no reader sees it.
    """

    name = models.CharField(max_length=20)
    value = models.CharField(max_length=120)  # as addresses have it
    label = models.CharField(max_length=300)  # as people read it

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["name", "value", "label"], name="facet_unique")]

    def __str__(self) -> str:
        return f"{self.name}: {self.label}"


class FilingQuerySet(models.QuerySet["Filing"]):
    def published(self) -> "FilingQuerySet":
        """Those of entries that readers may see. No entry is read for it."""
        return self.exclude(entry__in=Entry.objects.hidden().order_by())

    def under(self, name: str, value: str) -> "FilingQuerySet":
        """Those of this facet, whatever its label."""
        return self.filter(facet__in=Facet.objects.filter(name=name, value=value))

    def named(self, *names: str, beside: Mapping[str, str] | None = None) -> "FilingQuerySet":
        """Those of facets with these names, of entries that also have each facet (name: value) of `beside`."""
        if not beside:  # by facets: the index has them in order
            return self.filter(facet__in=Facet.objects.filter(name__in=names))
        return self.filter(name__in=names, entry__in=Filing.objects.entries(beside))

    def entries(self, facets: Mapping[str, str]) -> "models.QuerySet[Filing, Any]":
        """The `entry` of all that have each of these facets (name: value), of which no entry has one twice.

        They are counted, not joined. How much is under a facet PostgreSQL does not know before it has asked: it takes
        all for equally rare, and compares the thousands under one with the thousands under the next.
        """
        wanted = reduce(or_, (models.Q(name=name, value=value) for name, value in facets.items()))
        found = self.filter(facet__in=Facet.objects.filter(wanted)).order_by().values("entry")
        if len(facets) == 1:
            return found
        return found.annotate(facets=models.Count("*")).filter(facets=len(facets)).values("entry")

    def facets(self, name: str) -> models.QuerySet[Facet]:
        """Those with that name under which any of these is.

        One of each is looked for: PostgreSQL would read all filings of all facets for a plain EXISTS.
        """
        first = self.filter(facet=models.OuterRef("pk")).order_by().values("entry")[:1]
        return Facet.objects.filter(name=name).annotate(first=models.Subquery(first)).filter(first__isnull=False)

    def at_slug(self, name: str) -> models.Exists:
        """Whether any of these has the facet `name` with the slug of the row that is asked: an author, a topic."""
        return models.Exists(self.facets(name).filter(value=models.OuterRef("slug")))

    def since(self, number: int) -> Coalesce:
        """The date of that one of these, counted from 1, the newest first, under the facet whose row is asked.

        Where there are fewer, the first of all days. So the newest under a facet are read, and no other.
        """
        newest = self.filter(facet=models.OuterRef("pk")).order_by("-date").values("date")
        return Coalesce(models.Subquery(newest[number - 1 : number]), models.Value(date.min, models.DateField()))

    def counted(self) -> "models.QuerySet[Filing, Counted]":
        """(name, value, label, how many) of their facets. One query."""
        grouped: Any = self.order_by().values(key=models.F("facet")).annotate(count=models.Count("*"))
        grouped._iterable_class = _Labelled
        return grouped


class _Labelled(BaseIterable):
    """Of sums by facet. Labels are joined to what is counted: to group by them takes longer."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        queryset: Any = self.queryset
        try:
            sql, params = queryset.query.get_compiler(queryset.db).as_sql()
        except EmptyResultSet:  # of no entry
            return
        with connections[queryset.db].cursor() as cursor:
            cursor.execute(
                f"SELECT facet.name, facet.value, facet.label, counted.count FROM ({sql}) counted "
                f"JOIN {Facet._meta.db_table} facet ON facet.id = counted.key",
                params,
            )
            yield from cursor.fetchall()


class Filing(models.Model):
    """That an entry has a facet. Whatever counts facets, or lists one, reads its indexes and nothing else."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="filings", db_index=False)
    facet = models.ForeignKey(Facet, models.CASCADE, related_name="filings", db_index=False)
    name = models.CharField(max_length=20)  # of the facet: so an entry's topics are read without its terms
    # Those of the entry: so entries under a facet lie in their order. While a new version of the site is put in
    # place, the one before it may still write, which knows nothing of them.
    date = models.DateField(null=True)
    rank = models.BigIntegerField(db_default=0)

    objects = FilingQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["entry", "name", "facet"], name="filing_unique")]
        indexes = [models.Index(fields=["facet", "-date", "rank", "entry", "name"], name="filing_in_time")]

    def __str__(self) -> str:
        return f"{self.entry}: {self.facet}"


class Word(models.Model):
    """A word that stands somewhere: what a search that finds nothing may have meant."""

    word = models.CharField(max_length=64, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.word


def in_order(keys: list[int], *beside: str) -> list[Any]:
    """The cards of these primary keys, in that order, as EntryQuerySet.cards() gives them. One query, or none.

    To sort a long list by its keys and then read a page of it is much faster than to sort whole entries.
    """
    rows = _cards(("pk", *beside), keys) if keys else []
    found = {key: (card, *others) if others else card for card, key, *others in rows}
    return [found[key] for key in keys if key in found]


@prepared(None, [models.BigAutoField()])
def _cards(beside: tuple[str, ...], keys: list[int]) -> models.QuerySet[Entry, Any]:
    return Entry.objects.filter(pk__among=keys).cards(*beside)


@prepared(models.CharField(), models.CharField())
def keys_under(name: str, value: str) -> models.QuerySet[Filing, int]:
    """The primary keys of what readers may see with this facet, newest first."""
    filings = Filing.objects.published().under(name, value).order_by("-date", "rank")
    return filings.values_list("entry", flat=True)


@prepared(models.CharField())
def keys_by_issue(kind: str) -> models.QuerySet[Entry, int]:
    """The primary keys of what readers may see of a kind, the newest issue first."""
    return Entry.objects.published().filter(kind=kind).by_issue().values_list("pk", flat=True)


def number_under(name: str, value: str) -> int:
    """How many entries that readers may see have this facet: none of them is read for it. One query."""
    return sum(_numbers_under(name, value))


@prepared(models.CharField(), models.CharField())
def _numbers_under(name: str, value: str) -> models.QuerySet[Facet, int]:
    """One for each label of the facet."""
    number = _number_published(name, exact=models.OuterRef("pk"))
    return Facet.objects.filter(name=name, value=value).values_list(number, flat=True)


def years(name: str = "", value: str = "", /) -> dict[str, int]:
    """How many entries of each year readers may see, with this facet if one is named. One query.

    The days of what is under a facet lie in an index in their order, so no entry is asked for its year.
    """
    return {year: number for year, number in _years(name, value) if number}


@prepared(None, models.CharField())
def _years(name: str, value: str) -> models.QuerySet[Facet, tuple[str, int]]:
    if not name:
        number = _number_published("year", exact=models.OuterRef("pk"))
    else:
        days = [Concat(models.OuterRef("value"), models.Value(day)) for day in ("-01-01", "-12-31")]
        within = {"date__range": [Cast(day, models.DateField()) for day in days]}
        number = _number_published(name, within, **{"in": Facet.objects.filter(name=name, value=value).values("pk")})
    return Facet.objects.filter(name="year").values_list("value", number)


def _number_published(name: Any, where: Mapping[str, Any] | None = None, **facet: Any) -> Any:
    """How many filings of this name, and `where`, are under a `facet` (lookup: value), of what readers may see.

    All are counted, and then those that are hidden: they are few, and to count the rows of an index takes a third of
    the time that it takes to ask whether each is hidden. With “+” no database begins with the facet to find them.
    """

    def under(filings: models.QuerySet[Filing, Any], field: str) -> models.QuerySet[Filing, Any]:
        return filings.filter(**{f"{field}__{lookup}": value for lookup, value in facet.items()})

    filings = Filing.objects.filter(**where or {}).order_by().values("entry")
    own = models.Func(models.F("facet"), template="+%(expressions)s", output_field=models.BigIntegerField())
    hidden = filings.filter(name=name, entry__pk__among=Entry.objects.hidden().values("pk").order_by())
    return Number(under(filings, "facet")) - Number(under(hidden.alias(own=own), "own"))


def related(issue: Issue, *, topics: list[str], authors: list[str]) -> list[int]:
    """The public entries before `issue` that share most of these topics and authors (slugs).

    Of each topic and author the NEAR last ones are looked at, so it takes no longer when the archive grows. At most
    MOST_RELATED primary keys, the closest first. One query.
    """
    return _related(issue.uuid, topics, authors)


@prepared(models.UUIDField(), models.CharField(), models.CharField())
def _related(issue: UUID, topics: list[str], authors: list[str]) -> models.QuerySet[Facet, int]:
    shared = models.Q(name="author", value__in=authors) | models.Q(name="topic", value__in=topics)
    own = Entry.objects.filter(object_uuid=issue).order_by()
    own_rank, own_date = (models.Subquery(own.values(column)[:1]) for column in ("rank", "date"))
    last = models.Value(date.max, models.DateField())  # of an issue that has no date yet
    before = {"rank__lt": own_rank, "date__lte": Coalesce(own_date, last)}
    near = before | {"date__gte": Filing.objects.filter(**before).since(NEAR)}
    # From the facets, so that how far back to look is asked once for each of them.
    found = Facet.objects.filter(shared, **{f"filings__{name}": bound for name, bound in near.items()})
    found = found.annotate(entry=models.F("filings__entry"))
    public = found.exclude(entry__in=Entry.objects.hidden().order_by()).values("entry")
    closest = public.annotate(
        weight=models.Sum(models.Case(models.When(name="author", then=3), default=1)),
        day=models.Max("filings__date"),
        place=models.Max("filings__rank"),
    )
    return closest.order_by("-weight", "-day", "place").values_list("entry", flat=True)[:MOST_RELATED]


def beside(item: Content, earlier: list[int]) -> tuple[Card | None, Card | None, list[Card]]:
    """The public items that readers come to before and after `item`, in the order of reading, and `earlier`. One query.

    `earlier` are primary keys of items that come before it.
    """
    found = _beside(item.uuid, earlier)
    before = {rank: card for card, _, rank, is_after in found if is_after is False}
    cards = {key: card for card, key, *_ in found}
    return (
        before[max(before)] if before else None,
        next((card for card, *_, is_after in found if is_after), None),
        [cards[key] for key in earlier if key in cards],
    )


@prepared(models.UUIDField(), models.BigAutoField())
def _beside(item: UUID, earlier: list[int]) -> models.QuerySet[Any, Any]:
    own = models.Subquery(Entry.objects.filter(object_uuid=item).values("rank")[:1])
    items = Entry.objects.published().items()
    before = items.filter(rank__lt=own).order_by("-rank").values("pk")[:1]
    after = items.filter(rank__gt=own).order_by("rank").values("pk")[:1]
    here = models.Q(pk=models.Subquery(before)) | models.Q(pk=models.Subquery(after)) | models.Q(pk__in=earlier)
    return Entry.objects.filter(here).annotate(is_after=models.Q(rank__gt=own)).cards("pk", "rank", "is_after")
