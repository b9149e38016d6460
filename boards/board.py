"""The page of a benchmark: what may be compared stands together, over time, claimed and measured again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.template.loader import render_to_string

from boards.models import Measurement, ScoreCard
from timeline.charts import WIDTH, scale, written

HEIGHT = 300  # units of the drawing
MARGIN = 64  # to the left and right of the first and the last day: the numbers of the scale stand there
EDGE = 44  # below, for the days


class PairCard(NamedTuple):
    """What a page shows of a Pair, and nothing in it can change; see Card."""

    model: str
    claimed: str
    claimed_setting: str
    measured: str
    measured_setting: str
    difference: str
    source: str
    source_url: str
    path: str  # of what tells of the second
    label: str


@dataclass(frozen=True)
class Pair:
    """What the authors of a model claim, and what somebody else measured, by the same metric."""

    claimed: Measurement
    measured: Measurement

    @property
    def card(self) -> PairCard:
        claimed, measured = self.claimed, self.measured
        return PairCard(
            model=claimed.model.name,
            claimed=claimed.shown,
            claimed_setting=claimed.setting,
            measured=measured.shown,
            measured_setting=measured.setting,
            difference=self.difference,
            source=measured.source,
            source_url=measured.source_url,
            path=measured.entry.path,
            label=measured.entry.label,
        )

    @property
    def difference(self) -> str:
        """From the first to the second, as exact as the less exact of both: "−2.4"; "" if the settings differ."""
        if self.claimed.compared != self.measured.compared:
            return ""
        digits = min(len(row.typed.partition(".")[2]) for row in (self.claimed, self.measured))
        found = round(self.measured.value - self.claimed.value, digits)
        return f"{'−' if found < 0 else '+'}{abs(found):.{digits}f}" if found else "0"


@dataclass(frozen=True)
class Dot:
    left: str
    top: str
    is_claimed: bool


@dataclass(frozen=True)
class Group:
    """Measurements of one benchmark with the same metric, unit, direction and setting; best first."""

    rows: list[Measurement]

    @property
    def cards(self) -> list[ScoreCard]:
        return [row.card for row in self.rows]

    @property
    def title(self) -> str:
        first = self.rows[0]
        return f"{first.metric or 'score'}, {first.setting or 'setting not told'}"

    @property
    def lower_is_better(self) -> bool:
        return self.rows[0].lower_is_better

    def over_time(self, name: str) -> str:
        """SVG: each measurement on its day, and the line of the best until then; "" if all are of one day."""
        dated = sorted((row for row in self.rows if row.entry.date), key=lambda row: (row.entry.date, row.entry.rank))
        days = [row.entry.date for row in dated if row.entry.date]
        if len(set(days)) < 2:
            return ""
        first, last = days[0], days[-1]
        ticks = scale(min(row.value for row in dated), max(row.value for row in dated), from_zero=False)
        low, high = ticks[0], ticks[-1]

        def left(day: date) -> float:
            return MARGIN + (day - first).days / (last - first).days * (WIDTH - 2 * MARGIN)

        def top(value: float) -> float:
            return (high - value) / (high - low) * HEIGHT

        best: list[Measurement] = []
        for row in dated:
            if not best or (row.value < best[-1].value if self.lower_is_better else row.value > best[-1].value):
                best.append(row)
        steps = [f"M{written(left(days[0]))} {written(top(best[0].value))}"]
        for row in best[1:]:
            assert row.entry.date
            steps.append(f"H{written(left(row.entry.date))}V{written(top(row.value))}")
        return render_to_string(
            "boards/over_time.svg",
            {
                "name": name,
                "group": self,
                "best": best,
                "line": "".join([*steps, f"H{written(left(last))}"]),
                "dots": [
                    Dot(written(left(day)), written(top(row.value)), row.is_claim)
                    for day, row in zip(days, dated, strict=True)
                ],
                "ticks": [(written(top(tick)), written(top(tick) - 6), f"{tick:g}") for tick in ticks],
                "first": first,
                "last": last,
                "width": WIDTH,
                "margin": MARGIN,
                "end": WIDTH - MARGIN,
                "height": HEIGHT + EDGE,
                "bottom": HEIGHT,
            },
        )


def groups(measurements: Iterable[Measurement]) -> list[Group]:
    """The measurements of one benchmark by what can be compared; the group with most comes first."""
    found = []
    for _, rows in groupby(sorted(measurements, key=lambda row: row.compared), key=lambda row: row.compared):
        group = list(rows)
        group.sort(key=lambda row: (row.value if row.lower_is_better else -row.value, row.entry.rank, row.position))
        found.append(Group(group))
    return sorted(found, key=lambda group: (-len(group.rows), group.title))


def pairs(measurements: Iterable[Measurement]) -> list[Pair]:
    """Every claim of the authors of a model beside every result that others have for it, in the order of reading."""
    rows = list(measurements)
    others = defaultdict(list)
    for row in rows:
        if not row.is_claim:
            others[row.model_id, row.by].append(row)
    return [Pair(claim, row) for claim in rows if claim.is_claim for row in others[claim.model_id, claim.by]]
