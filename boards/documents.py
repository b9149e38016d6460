"""What the API, the dumps and the downloads of a board tell of a score."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from django.conf import settings
from django.db.models import Q, QuerySet
from ninja import Schema
from pydantic import Field

from boards.models import Measurement
from timeline.resources import Number, Rank, Resource, Slug

Place = Annotated[int, Field(ge=0, lt=2**31)]


class ScoreDocument(Schema):
    benchmark: str
    metric: str
    setting: str
    unit: str
    better: Literal["higher", "lower"]
    model: str
    value: float
    error: float | None
    typed: str = Field(description="The value as it stands in the text: it says how exact it is.")
    own: bool = Field(description="Whether it is of the model that the paper is about.")
    measured_by: str = Field(description="Empty where the authors of the paper did it.")
    measured_at: str = Field(description="Where the result is published, if somebody else measured.")
    date: date | None
    item: str
    url: str
    issue: int


class ScoreFilters(Schema):
    benchmark: Slug | None = Field(None, description="The slug of a benchmark, as in the address of its board.")
    model: Slug | None = Field(None, description="The name of a model, with hyphens: orca-2-13b.")
    issue: Number | None = Field(None, description="The number of an issue.")


class Scores(Resource):
    name, title = "scores", "Scores"
    about = "Every score that an issue tells of, and who measured it: the newest issue first."
    schema = ScoreDocument
    filters = ScoreFilters
    order, place, key = ("-entry__rank", "position"), tuple[Rank, Place], None

    def rows(self) -> QuerySet[Measurement]:
        return Measurement.objects.published().told().select_related("benchmark")

    def filtered(self, rows: QuerySet[Measurement], filters: ScoreFilters) -> QuerySet[Measurement]:
        wanted = {
            "benchmark__slug": filters.benchmark,
            "model__slug": filters.model,
            "entry__issue__number": filters.issue,
        }
        return rows.filter(Q(**{name: value for name, value in wanted.items() if value}))

    def documents(self, rows: Sequence[Measurement]) -> list[Schema]:
        return [self.document(row) for row in rows]

    def document(self, row: Measurement) -> ScoreDocument:
        entry = row.entry
        return ScoreDocument(
            benchmark=row.benchmark.name,
            metric=row.metric,
            setting=row.setting,
            unit=row.unit,
            better="lower" if row.lower_is_better else "higher",
            model=row.model.name,
            value=row.value,
            error=float(row.error) if row.error else None,
            typed=row.typed,
            own=row.is_own,
            measured_by=row.source,
            measured_at=row.source_url,
            date=entry.date,
            item=entry.title,
            url=settings.SITE_URL + entry.path,
            issue=entry.issue_number,
        )


def resources() -> list[Resource]:
    return [Scores()]
