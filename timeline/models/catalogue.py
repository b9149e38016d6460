"""What lists, the timeline and search know of everything: one row for each issue and item, whatever its kind.

All of it is derived: timeline.catalogue writes it, `manage.py rebuild` makes it anew.
"""

from collections.abc import Iterable

from django.db import models

from timeline.models.base import Content
from timeline.models.content import Issue
from timeline.models.images import Image

ISSUES = "issues"  # the kind of an issue's own entry
LONG = ("title_terms", "name_terms", "text_terms", "text")  # fields that no list shows


class EntryQuerySet(models.QuerySet["Entry"]):
    def published(self) -> "EntryQuerySet":
        # Asked of each entry (not issue__in, where SQLite begins with the issues): so an index in the wanted order is
        # read only as far as needed.
        return self.filter(models.Exists(Issue.objects.published().filter(pk=models.OuterRef("issue"))))

    def items(self) -> "EntryQuerySet":
        return self.exclude(kind=ISSUES)

    def cards(self) -> "EntryQuerySet":
        """With all that a list shows of an entry, and without the long texts."""
        return self.select_related("issue").defer(*LONG)

    def in_order(self, keys: Iterable[int]) -> list["Entry"]:
        """The cards of these primary keys, in that order. One query.

        To sort a long list by its keys and then read a page of it is much faster than to sort whole entries.
        """
        keys = list(keys)
        found = self.cards().in_bulk(keys)
        return [found[key] for key in keys if key in found]

    def beside(self, item: Content) -> tuple["Entry | None", "Entry | None"]:
        """The items that readers come to before and after `item`, in the order of reading. One query."""
        own = models.Subquery(Entry.objects.filter(object_uuid=item.uuid).values("rank")[:1])
        items = self.items()
        before = items.filter(rank__lt=own).order_by("-rank").values("pk")[:1]
        after = items.filter(rank__gt=own).order_by("rank").values("pk")[:1]
        here = models.Q(pk=models.Subquery(before)) | models.Q(pk=models.Subquery(after))
        found = Entry.objects.filter(here).cards().annotate(is_after=models.Q(rank__gt=own))
        return (
            next((entry for entry in found if not entry.is_after), None),
            next((entry for entry in found if entry.is_after), None),
        )

    def related(self, issue: Issue, *, topics: Iterable[str], authors: Iterable[str]) -> "EntryQuerySet":
        """Items of earlier issues than `issue` that share these topics or authors (slugs), the closest first."""
        by_author = models.Q(facets__name="author", facets__value__in=list(authors))
        by_topic = models.Q(facets__name="topic", facets__value__in=list(topics))
        shared = models.Sum(models.Case(models.When(by_author, then=3), default=1))
        found = self.items().filter(by_author | by_topic, issue__number__lt=issue.number)
        return found.cards().annotate(shared=shared).order_by("-shared", "-date", "rank")

    def having(self, name: str, value: str) -> "EntryQuerySet":
        """Those with this facet."""
        if name == "kind":  # a column, too: most entries are of one kind, and databases know it of columns only
            return self.filter(kind=value)
        return self.filter(pk__in=Facet.objects.filter(name=name, value=value).values("entry"))


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
            models.Index(fields=["kind", "issue", "rank"], name="entry_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.emoji} {self.title}".strip()

    def get_absolute_url(self) -> str:
        return self.path

    @property
    def slug(self) -> str:
        return self.path.strip("/").rpartition("/")[2]

    @property
    def anchor(self) -> str:
        """The id of the item on the page of its issue: `papers-orca-2` of /papers/orca-2/."""
        return self.path.strip("/").replace("/", "-")


class Facet(models.Model):
    """One thing by which an entry is found: its kind, year or issue, a topic, an author, its organisation."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="facets")
    name = models.CharField(max_length=20)
    value = models.CharField(max_length=120)  # as addresses have it
    label = models.CharField(max_length=300)  # as people read it

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["name", "value", "entry"], name="facet_of_entries")]

    def __str__(self) -> str:
        return f"{self.name}: {self.label}"


class Word(models.Model):
    """A word that stands somewhere: what a search that finds nothing may have meant."""

    word = models.CharField(max_length=64, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.word
