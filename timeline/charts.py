"""Bar charts as SVG: where everything stands is worked out here, templates/timeline/bars.svg draws it."""

from dataclasses import dataclass
from math import ceil, floor, log10

from django.template.loader import render_to_string

from timeline.scores import Scores

WIDTH = 600  # units of the drawing, about a pixel each on a desktop
PITCH = 60  # from one bar to the next: its label stands above it
AXIS = 40  # below the bars
MOST_STEPS = 6  # of the scale
MAX_LABEL, MAX_OWN_LABEL = 36, 24  # characters that fit a phone; all of the name stands in the table


@dataclass(frozen=True)
class Bar:
    label: str
    shown: str
    is_own: bool
    top: int
    left: str  # numbers as SVG writes them
    width: str
    error: tuple[str, str] | None  # where it begins and ends


@dataclass(frozen=True)
class Tick:
    left: str
    shown: str
    anchor: str


def bars(scores: Scores, name: str) -> str:
    """The SVG of these scores, best first, on one scale from zero; `name` begins the ids in it."""
    ranked = scores.ranked
    spans = [(score.value, float(score.error or 0)) for score in ranked]
    ticks = scale(min(value - error for value, error in spans), max(value + error for value, error in spans))
    low, high = ticks[0], ticks[-1]

    def at(value: float) -> float:
        return (value - low) / (high - low) * WIDTH

    drawn = [
        Bar(
            shortened(score.model, MAX_OWN_LABEL if score.is_own else MAX_LABEL),
            scores.shown(score),
            score.is_own,
            number * PITCH,
            written(min(at(value), at(0))),
            written(abs(at(value) - at(0))),
            (written(at(value - error)), written(at(value + error))) if error else None,
        )
        for number, (score, (value, error)) in enumerate(zip(ranked, spans, strict=True))
    ]
    anchors = ["start", *["middle"] * (len(ticks) - 2), "end"]
    return render_to_string(
        "timeline/bars.svg",
        {
            "name": name,
            "scores": scores,
            "bars": drawn,
            "ticks": [
                Tick(written(at(tick)), f"{tick:g}", anchor) for tick, anchor in zip(ticks, anchors, strict=True)
            ],
            "zero": written(at(0)),
            "width": WIDTH,
            "bottom": len(drawn) * PITCH,
            "height": len(drawn) * PITCH + AXIS,
        },
    )


def scale(low: float, high: float, *, from_zero: bool = True) -> list[float]:
    """Round numbers from at most `low` to at least `high`, evenly apart; zero is among them where lengths tell."""
    if from_zero:
        low, high = min(low, 0), max(high, 0)
    span = high - low or MOST_STEPS  # all of them are zero
    magnitude = 10.0 ** floor(log10(span / MOST_STEPS))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if span / (factor * magnitude) <= MOST_STEPS)
    first, last = floor(low / step), ceil(high / step)
    return [round(number * step, 9) for number in range(first, max(last, first + 1) + 1)]


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def written(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
