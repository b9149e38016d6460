"""The issue and everything that hangs on it whatever its kind: settings, items, topics, history."""

import zoneinfo
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property

from timeline import markdown
from timeline.fields import LinksField, MarkdownField, WebField, parse_links, validate_zone
from timeline.models.base import Content, Slugged, address
from timeline.models.glossary import Term
from timeline.models.images import Image
from timeline.models.prepared import prepared, present
from timeline.models.users import User

WORDS_PER_MINUTE = 230  # a common figure for silent reading of non-fiction in English


def reading_minutes(*texts: str) -> int:
    """Whole minutes, at least 1, that a reader needs for these Markdown texts."""
    return max(1, round(sum(markdown.word_count(text) for text in texts) / WORDS_PER_MINUTE))


class PublicationManager(models.Manager["Publication"]):
    def current(self) -> "Publication":
        """The one row, or its defaults where nobody has saved it yet; from it every page learns of new terms."""
        return next(iter(_publication()), None) or Publication()


class Publication(Content):
    """Settings of the whole site: one row."""

    term_seals = 0  # what Term.objects.glossary() takes

    name = models.CharField(max_length=100, default="The AI Timeline")
    tagline = models.CharField(max_length=200, default="Latest AI Research Explained Simply")
    editors = models.TextField(
        default="bycloud", blank=True, help_text="Names that sign editor's notes, one a line: “::: note bycloud”."
    )
    support_link = WebField(help_text="Where readers can support the publication.")
    support_text = models.CharField(max_length=100, blank=True, default="Support us")
    sponsor_contact = models.EmailField(blank=True, help_text="For sponsors. Harvesters of addresses do not see it.")
    reply_address = models.EmailField(
        blank=True, help_text="For answers of readers. Harvesters of addresses do not see it."
    )
    closing = MarkdownField("closing text", blank=True, default="That is all for this issue. Thank you for reading!")
    social_links = LinksField()
    licence = models.TextField(
        blank=True,
        max_length=1000,
        help_text="What others may do with texts and data, for example “CC BY 4.0” with its address. "
        "It stands in the API and beside the dumps.",
    )
    time_zone = models.CharField(
        max_length=50, default="UTC", validators=[validate_zone], help_text="Dates are shown in it, e.g. Europe/Berlin."
    )

    # The pages of these names, linked in the footer; one that is empty is not there.
    PAGES = ("about", "privacy", "imprint", "support")
    about = MarkdownField(blank=True, help_text="The page “About”; there is none while this is empty.")
    privacy = MarkdownField(blank=True, help_text="The page “Privacy”.")
    imprint = MarkdownField(blank=True, help_text="The page “Imprint”.")
    support = MarkdownField(blank=True, help_text="The page “Support”.")

    objects = PublicationManager()

    class Meta:
        verbose_name_plural = "publication"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="publication_one_row")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @property
    def licence_text(self) -> str:
        return self.licence or f"No licence is given. Ask {self.name} before you publish any of it."

    @property
    def editor_names(self) -> tuple[str, ...]:
        return tuple(name for line in self.editors.splitlines() if (name := line.strip()))

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def pages(self) -> tuple[tuple[str, str], ...]:
        """(title, address) of each page that has a text."""
        return tuple((name.capitalize(), address("page", name)) for name in self.PAGES if getattr(self, name))

    @property
    def social(self) -> tuple[tuple[str, str], ...]:
        return tuple(parse_links(self.social_links))


@prepared()
def _publication() -> models.QuerySet[Publication]:
    return Publication.objects.annotate(**{"term_seals": Term.objects.all_seals()})


class Topic(Slugged):
    SLUG_SOURCE = "name"

    name = models.CharField(max_length=100, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("topic", self.slug)


EVER = datetime.min.replace(tzinfo=UTC)  # before anything was


class IssueQuerySet(models.QuerySet["Issue"]):
    def published(self) -> "IssueQuerySet":
        """What the public may see: the time has come and nobody has withdrawn it. Time decides, no cron."""
        # By what is hidden, as EntryQuerySet.published(): so the index of numbers is read only as far as needed.
        return self.exclude(pk__in=Issue.objects.hidden().order_by())

    def hidden(self) -> "IssueQuerySet":
        """Drafts, what is scheduled, and what was withdrawn: few, and each of the three is found in the index."""
        is_draft = models.Q(withdrawn_at=None, published_at=None)
        is_scheduled = models.Q(withdrawn_at=None, published_at__gt=present())
        is_withdrawn = models.Q(withdrawn_at__gt=EVER)  # SQLite has no use of an index for IS NOT NULL
        return self.filter(is_draft | is_scheduled | is_withdrawn)

    def next_publication(self) -> datetime | None:
        """When the next scheduled issue comes out."""
        scheduled = self.filter(published_at__gt=timezone.now(), withdrawn_at=None)
        return scheduled.aggregate(next=models.Min("published_at"))["next"]


def next_issue_number() -> int:
    return (Issue.objects.aggregate(highest=models.Max("number"))["highest"] or 0) + 1


class IssueCard(NamedTuple):
    """What lists show of an issue, and nothing in it can change; see Card."""

    number: int
    title: str
    tagline: str
    path: str
    date: date | None
    time: str  # ISO 8601

    @classmethod
    def of(cls, number: int, title: str, tagline: str, published_at: datetime | None) -> "IssueCard":
        """Its date and time are those of the time zone that is active."""
        local = published_at and timezone.localtime(published_at)
        day, time = (local.date(), local.isoformat()) if local else (None, "")
        return cls(number, title, tagline, address("issue", number), day, time)


class Issue(Content):
    class Status(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        PUBLISHED = "published"
        WITHDRAWN = "withdrawn"

    STATE = ("published_at", "withdrawn_at")

    number = models.PositiveIntegerField(unique=True, default=next_issue_number, validators=[MinValueValidator(1)])
    title = models.CharField(max_length=200)
    tagline = models.CharField(max_length=200, blank=True)
    introduction = MarkdownField(blank=True)
    closing = MarkdownField(blank=True, help_text="Instead of the closing text of the publication.")
    cover = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField("publication time", null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = IssueQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        permissions = [("publish_issue", "Can publish, schedule and withdraw issues")]
        constraints = [models.CheckConstraint(condition=models.Q(number__gt=0), name="issue_number_positive")]
        # What is hidden is asked for by nearly every page: so no issue is read for it.
        indexes = [models.Index(fields=["withdrawn_at", "published_at"], name="issue_state")]

    def __str__(self) -> str:
        return f"#{self.number} – {self.title}"

    def validate_constraints(self, exclude: Any = None) -> None:
        """The validator of the number has said the same, without a query."""

    def get_absolute_url(self) -> str:
        return address("issue", self.number)

    @property
    def card(self) -> IssueCard:
        return IssueCard.of(self.number, self.title, self.tagline, self.published_at)

    @property
    def status(self) -> Status:
        if self.withdrawn_at:
            return self.Status.WITHDRAWN
        if not self.published_at:
            return self.Status.DRAFT
        return self.Status.PUBLISHED if self.published_at <= present() else self.Status.SCHEDULED

    @property
    def is_public(self) -> bool:
        return self.status == self.Status.PUBLISHED

    def neighbours(self) -> tuple["Issue | None", "Issue | None"]:
        """The ones before and after it that readers may see. One query."""
        found = _neighbours(self.number)
        return (
            next((other for other in found if other.number < self.number), None),
            next((other for other in found if other.number > self.number), None),
        )


@prepared(models.PositiveIntegerField())
def _neighbours(number: int) -> IssueQuerySet:
    published = Issue.objects.published()
    before = published.filter(number__lt=number).order_by("-number").values("number")[:1]
    after = published.filter(number__gt=number).order_by("number").values("number")[:1]
    return published.filter(models.Q(number=models.Subquery(before)) | models.Q(number=models.Subquery(after)))


class ItemQuerySet(models.QuerySet):
    def published(self) -> "ItemQuerySet":
        """Those in a published issue. It is asked itself: lists of items are in its order, and join it anyway."""
        return self.filter(issue__published_at__lte=present(), issue__withdrawn_at=None)


class ItemCard(NamedTuple):
    """What an issue shows of an item beside its text, and nothing in it can change; see Card."""

    kind: str
    emoji: str
    title: str
    path: str
    anchor: str
    byline: tuple[tuple[str, str], ...]  # path and name of each author
    date: date | None
    links: tuple[tuple[str, str], ...]  # label and address
    topics: tuple[tuple[str, str], ...]  # path and name


class Item(Slugged):
    """One entry of an issue, or of the shelf while it has none. Each kind is a model of its own."""

    SLUG_SOURCE = "label"

    kind = ""  # of every subclass: the name of its section, the first part of its address

    issue = models.ForeignKey(
        Issue, models.SET_NULL, null=True, blank=True, related_name="%(class)s_set", help_text="None: on the shelf."
    )
    position = models.PositiveIntegerField(default=0, help_text="Order within its section of the issue.")
    emoji = models.CharField(max_length=16, blank=True)
    title = models.CharField(max_length=300)
    short_title = models.CharField(max_length=100, blank=True, help_text="For the table of contents.")
    body = MarkdownField(blank=True)
    lead_image = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="+")
    topics = models.ManyToManyField(Topic, blank=True, related_name="%(class)s_set")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-issue__number", "position", "pk"]

    def __str__(self) -> str:
        return f"{self.emoji} {self.label}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.issue_id and not self.position:
            last = type(self)._base_manager.filter(issue=self.issue_id).aggregate(last=models.Max("position"))["last"]
            self.position = (last or 0) + 1
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return address("item", self.kind, self.slug)

    @property
    def label(self) -> str:
        return self.short_title or self.title

    @property
    def title_parts(self) -> tuple[str, str]:
        """The name before a colon and what explains it: “Orca 2:” and “Teaching …”; all of it and "" without one."""
        name, colon, rest = self.title.partition(": ")
        return f"{name}{colon.strip()}", rest

    @property
    def anchor(self) -> str:
        """The id of the item on a page, and the prefix of every id within its body."""
        return f"{self.kind}-{self.slug}"

    @property
    def minutes(self) -> int:
        return reading_minutes(self.body)

    @property
    def card(self) -> ItemCard:
        return ItemCard(
            self.kind,
            self.emoji,
            self.title,
            self.get_absolute_url(),
            self.anchor,
            tuple((author.get_absolute_url(), author.name) for author in self.byline),
            getattr(self, "date", None),
            tuple(getattr(self, "links", ())),
            tuple((topic.get_absolute_url(), topic.name) for topic in self.topic_list),
        )

    @cached_property
    def byline(self) -> list[Any]:
        """The authors in their order; a kind with authors has a model for each place, related as "bylines"."""
        return [place.author for place in self.bylines.all()] if hasattr(self, "bylines") else []

    @cached_property
    def topic_list(self) -> list[Topic]:
        return list(self.topics.all())


class Version(models.Model):
    """A row of content as somebody saved it: timeline.history writes and reads it."""

    model = models.CharField(max_length=100)  # a label such as "timeline.issue"
    object_uuid = models.UUIDField()
    data = models.JSONField(encoder=DjangoJSONEncoder)  # values by field name, related rows by uuid
    action = models.CharField(max_length=50)
    editor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    is_pending = models.BooleanField(default=False)  # readers did not see this: it was to wait for an update

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["model", "object_uuid", "-created_at"], name="version_of_object")]

    def __str__(self) -> str:
        return f"{self.model} {self.object_uuid} {self.created_at:%Y-%m-%d %H:%M}"
