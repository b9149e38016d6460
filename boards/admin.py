from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from boards.merging import merge
from boards.models import Benchmark, BenchmarkSpelling, MeasuredModel, ModelSpelling
from timeline.merge_action import NamedAdmin, SpellingInline
from timeline.models import User


class MeasuredAdmin(NamedAdmin):
    """Rows come with the texts that name them; here they are renamed, explained and merged."""

    list_display = ["name", "slug", "scores"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(score_count=Count("measurements"))

    @admin.display(ordering="score_count")
    def scores(self, row: Benchmark | MeasuredModel) -> int:
        return row.score_count

    def merge(self, kept: Benchmark, double: Benchmark, editor: User) -> Benchmark:
        return merge(kept, double, editor=editor)

    def has_delete_permission(self, request: HttpRequest, obj: Benchmark | MeasuredModel | None = None) -> bool:
        """One with scores would come again with the next change of a text: merge it instead."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.measurements.exists())


class BenchmarkSpellingInline(SpellingInline):
    model = BenchmarkSpelling


class ModelSpellingInline(SpellingInline):
    model = ModelSpelling


@admin.register(Benchmark)
class BenchmarkAdmin(MeasuredAdmin):
    fields = ["name", "slug", "description", "link"]
    inlines = [BenchmarkSpellingInline]


@admin.register(MeasuredModel)
class MeasuredModelAdmin(MeasuredAdmin):
    fields = ["name", "slug"]
    inlines = [ModelSpellingInline]
