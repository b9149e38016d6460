"""The scores of all texts as rows: a module of settings.DERIVED that stands on the entries of the catalogue."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, models, transaction
from slugify import slugify

from boards.models import Benchmark, MeasuredModel, Measurement
from timeline import markdown
from timeline.models import Content, Entry, Item, Named
from timeline.scores import LANGUAGE
from timeline.search_index import is_migrated
from timeline.sections import sections

Row = TypeVar("Row", bound=Named)


def update(*rows: Content) -> None:
    """What an issue says of itself changes no score; its items come by themselves when they change."""
    write([row for row in rows if isinstance(row, Item) and row.issue_id])
    for row in rows:
        if isinstance(row, Benchmark | MeasuredModel):
            write(list(items_of(row)))  # without a spelling, what a text calls so may be another one


def items_of(row: Benchmark | MeasuredModel) -> Iterator[Item]:
    """The items that tell of it now."""
    uuids = set(row.measurements.values_list("entry__object_uuid", flat=True))
    for kind in sections():
        yield from kind.model._default_manager.filter(uuid__in=uuids)


def rebuild() -> Iterator[Item]:
    for kind in sections():
        for item in kind.model._default_manager.filter(issue__isnull=False).iterator(chunk_size=100):
            with transaction.atomic():
                write([item])
            yield item


def indexes() -> dict[str, models.QuerySet[Any]]:
    return {"benchmarks": Benchmark.objects.published()}


def fill(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """After every migrate: a site that comes from a version without boards gets them."""
    if using != DEFAULT_DB_ALIAS or not is_migrated(using) or Measurement.objects.exists():
        return
    if any(kind.model._default_manager.filter(body__contains=LANGUAGE).exists() for kind in sections()):
        for _ in rebuild():
            pass


def write(items: Sequence[Item]) -> None:
    """The measurements that the texts of `items` tell; with its entry, one on the shelf has lost those that it had."""
    if items:
        Measurement.objects.filter(entry__object_uuid__in=[item.uuid for item in items]).delete()
    for item in items:
        write_scores(item)


def write_scores(item: Item) -> None:
    rows = [(block, score) for block in markdown.scores(item.body) for score in block.rows]
    entry = Entry.objects.filter(object_uuid=item.uuid).first() if rows else None
    if entry is None:
        return
    benchmarks = {block.benchmark: found_or_made(Benchmark, block.benchmark) for block, _ in rows}
    for typed, benchmark in benchmarks.items():
        if (slug := slugify(typed)) != benchmark.slug:  # the text links to the name that it has
            benchmark.leave_redirect(slug)
    contestants = {score.model: found_or_made(MeasuredModel, score.model) for _, score in rows}
    Measurement.objects.bulk_create(
        Measurement(
            entry=entry,
            position=position,
            benchmark=benchmarks[block.benchmark],
            model=contestants[score.model],
            metric=block.metric,
            unit=block.unit,
            lower_is_better=block.lower_is_better,
            setting=block.setting,
            value=score.value,
            typed=score.typed,
            error=score.error,
            is_own=score.is_own,
            source=block.source,
            source_url=block.source_url,
        )
        for position, (block, score) in enumerate(rows)
    )


def found_or_made(model: type[Row], name: str) -> Row:
    known: Any = model._default_manager
    return known.named(name).first() or known.create(name=name)
