"""Benchmarks, the models that were measured on them, and every score that a published text tells of."""

from datetime import date
from typing import NamedTuple

from django.db import models

from timeline.fields import MarkdownField, WebField
from timeline.models import AbstractSpelling, Entry, Named, NamedQuerySet, address
from timeline.models.catalogue import LONG
from timeline.scores import shown


class BenchmarkQuerySet(NamedQuerySet):
    def published(self) -> "BenchmarkQuerySet":
        """Those with a score that readers may see."""
        return self.filter(models.Exists(Measurement.objects.published().filter(benchmark=models.OuterRef("pk"))))


class Benchmark(Named):
    description = MarkdownField(blank=True, help_text="What it asks of a model, in a few sentences.")
    link = WebField(help_text="Where the benchmark itself is.")

    objects = BenchmarkQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        return address("benchmark", self.slug)


class BenchmarkSpelling(AbstractSpelling):
    benchmark = models.ForeignKey(Benchmark, models.CASCADE, related_name="spellings")

    class Meta(AbstractSpelling.Meta):
        constraints = [models.UniqueConstraint(fields=["benchmark", "name"], name="benchmark_spelling_unique")]


class MeasuredModel(Named):
    objects: models.Manager["MeasuredModel"] = NamedQuerySet.as_manager()

    class Meta(Named.Meta):
        verbose_name = "model"


class ModelSpelling(AbstractSpelling):
    model = models.ForeignKey(MeasuredModel, models.CASCADE, related_name="spellings")

    class Meta(AbstractSpelling.Meta):
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="model_spelling_unique")]


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def published(self) -> "MeasurementQuerySet":
        return self.exclude(entry__in=Entry.objects.hidden().order_by())

    def told(self) -> "MeasurementQuerySet":
        """With all that is told of a score, beside its benchmark."""
        rows = self.select_related("model", "entry")
        return rows.defer(*(f"entry__{name}" for name in LONG))


class ScoreCard(NamedTuple):
    """What a page shows of a measurement, and nothing in it can change; see Card."""

    model: str
    shown: str
    is_own: bool
    is_claim: bool
    source: str
    source_url: str
    path: str  # of what tells of it
    emoji: str
    label: str
    date: date | None
    issue: int  # its number


class Measurement(models.Model):
    """One line of one block of scores. Derived: boards.standings writes it."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="measurements")
    position = models.PositiveIntegerField()  # in the text
    benchmark = models.ForeignKey(Benchmark, models.CASCADE, related_name="measurements")
    model = models.ForeignKey(MeasuredModel, models.CASCADE, related_name="measurements")
    metric = models.CharField(max_length=100)
    unit = models.CharField(max_length=20)
    lower_is_better = models.BooleanField()
    setting = models.CharField(max_length=200)
    value = models.FloatField()
    typed = models.CharField(max_length=20)  # the value as it stands in the text: it says how exact it is
    error = models.CharField(max_length=20)
    is_own = models.BooleanField()  # of the paper that the text is about
    source = models.CharField(max_length=200)  # who measured; "" for the authors of that paper
    source_url = models.CharField(max_length=500)

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        ordering = ["entry", "position"]
        default_permissions = ()  # nobody edits what is derived

    def __str__(self) -> str:
        return f"{self.benchmark}: {self.model} {self.shown}"

    @property
    def shown(self) -> str:
        return shown(self.typed, self.error, self.unit)

    @property
    def card(self) -> ScoreCard:
        told = self.entry
        score = (self.model.name, self.shown, self.is_own, self.is_claim, self.source, self.source_url)
        return ScoreCard(*score, told.path, told.emoji, told.label, told.date, told.issue_number)

    @property
    def is_claim(self) -> bool:
        """Whether the authors of a model measured it themselves; those of another paper are others."""
        return self.is_own and not self.source

    @property
    def by(self) -> tuple[str, str, bool]:
        """What was measured: metric, unit, and which way is better."""
        return self.metric.casefold(), self.unit.casefold(), self.lower_is_better

    @property
    def compared(self) -> tuple[tuple[str, str, bool], str]:
        """Measurements are compared only where this is the same."""
        return self.by, self.setting.casefold()
