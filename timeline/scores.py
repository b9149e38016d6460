"""Scores as editors type them, in a block of code that is called `scores`: docs/editing.md shows one.

```scores BigBench
metric: accuracy, higher is better
setting: zero-shot
measured by: Teknium https://example.org/notes
OpenHermes 2.5 Mistral 7B = 53.04%
*Orca 2 13B = 40.36% ± 0.5
```
"""

import re
from dataclasses import dataclass

from timeline.references import safe_href

LANGUAGE = "scores"  # the first word behind the fence
KEYS = ("metric", "setting", "measured by")
AUTHORS = {"", "authors", "the authors"}
MAX_NAME = 100  # characters of a benchmark, a metric, a model
MAX_SETTING = 200
MAX_ROWS = 60

_KEY = re.compile(rf"({'|'.join(KEYS)})\s*:\s*(.*)", re.IGNORECASE)
_DIRECTION = re.compile(r"(.*?)[\s,;(]*\b(higher|lower) is better\)?", re.IGNORECASE)
# At most 15 digits: so many a floating-point number keeps exactly.
_NUMBER, _UNIT = r"\d{1,9}(?:\.\d{1,6})?", r"[^\W\d_]{1,9}(?:/[^\W\d_]{1,9})?|%"
_VALUE = re.compile(
    rf"(?P<value>[-+−]?{_NUMBER})\s*(?P<unit>{_UNIT})?"
    rf"(?:\s*(?:±|\+/?-)\s*(?P<error>{_NUMBER})\s*(?P<same>{_UNIT})?)?"
)


class BadScores(ValueError):
    """`line`, counted from 0 at the fence, and a sentence for the editor."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Score:
    model: str
    typed: str  # the value, as it was typed: it says how exact it is
    error: str  # typed as well; "" where none is given
    is_own: bool  # of the paper that the text is about

    @property
    def value(self) -> float:
        return float(self.typed.replace("−", "-"))


@dataclass(frozen=True)
class Scores:
    """What one block says."""

    benchmark: str
    metric: str
    unit: str  # "%", "ms"; "" where the values have none
    lower_is_better: bool
    setting: str
    source: str  # who measured; "" for the authors of the paper
    source_url: str
    rows: tuple[Score, ...]

    @property
    def ranked(self) -> list[Score]:
        """Best first; equals as they were typed."""
        return sorted(self.rows, key=lambda score: score.value, reverse=not self.lower_is_better)

    def shown(self, score: Score) -> str:
        return shown(score.typed, score.error, self.unit)

    @property
    def told(self) -> str:
        """What was measured, how, and which way is better: "accuracy, zero-shot, higher is better"."""
        direction = "lower is better" if self.lower_is_better else "higher is better"
        return ", ".join(filter(None, [self.metric, self.setting, direction]))

    @property
    def text(self) -> str:
        """All that a reader finds in it, in one line."""
        rows = (f"{score.model} {self.shown(score)}" for score in self.rows)
        return " · ".join([self.benchmark, self.told, *rows, self.source])


def shown(value: str, error: str, unit: str) -> str:
    """As readers see it: "53.04%", "40.36 ± 0.5 ms"."""
    behind = unit if unit in {"", "%"} else f" {unit}"
    return f"{value} ± {error}{behind}" if error else f"{value}{behind}"


def parse_scores(info: str, text: str) -> Scores:
    """The block with `info` behind its fence and `text` in it. Raises BadScores."""
    benchmark = info.strip().removeprefix(LANGUAGE).strip()
    if not benchmark:
        raise BadScores(0, "Write the name of the benchmark behind “scores”.")
    bounded(0, "The name of the benchmark", benchmark)
    given: dict[str, str] = {}
    rows: list[Score] = []
    units: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (line := line.strip()):
            continue
        if key := _KEY.fullmatch(line):
            name = key[1].lower()
            if name in given:
                raise BadScores(number, f"“{name}” stands twice.")
            given[name] = bounded(number, f"“{name}”", key[2].strip(), MAX_SETTING)
        else:
            score, unit = parse_row(number, line)
            if any(score.model == other.model for other in rows):
                raise BadScores(number, f"“{score.model}” stands twice: one block has one score of a model.")
            rows.append(score)
            units.setdefault(unit, number)
    if not rows:
        raise BadScores(0, "There is no score yet: write a line such as “Orca 2 13B = 40.36%”.")
    if len(rows) > MAX_ROWS:
        raise BadScores(0, f"These are {len(rows)} scores; {MAX_ROWS} are possible. Make two blocks of them.")
    if len(units) > 1:
        first, other = list(units)[:2]
        here, above = (f"“{unit}”" if unit else "missing" for unit in (other, first))
        raise BadScores(units[other], f"The unit is {here} here and {above} above: write the same one for all.")
    metric, lower_is_better = parse_metric(given.get("metric", ""))
    source, url = parse_source(given.get("measured by", ""))
    return Scores(
        benchmark, metric, next(iter(units)), lower_is_better, given.get("setting", ""), source, url, tuple(rows)
    )


def parse_row(number: int, line: str) -> tuple[Score, str]:
    """The score and its unit."""
    model, equals, typed = line.rpartition("=")
    if not equals:
        known = ", ".join(f"“{key}:”" for key in KEYS)
        raise BadScores(number, f"Write “Model = 53.04”, or begin with one of {known}.")
    is_own = model.lstrip().startswith("*")
    model = model.strip().removeprefix("*").strip()
    found = _VALUE.fullmatch(typed.strip())
    if not model or not found:
        raise BadScores(number, "Write a score as “Model = 53.04%” or “Model = 53.04 ± 0.5”, digits with a point.")
    if found["same"] and found["same"] != found["unit"]:
        raise BadScores(number, "The error has another unit than the value.")
    bounded(number, "The name of the model", model)
    return Score(model, found["value"].removeprefix("+"), found["error"] or "", is_own), found["unit"] or ""


def parse_metric(typed: str) -> tuple[str, bool]:
    """The metric, and whether lower values are better; higher ones are where nothing is said."""
    found = _DIRECTION.fullmatch(typed)
    return (found[1], found[2].lower() == "lower") if found else (typed, False)


def parse_source(typed: str) -> tuple[str, str]:
    """Who measured, "" for the authors, and where it is published, "" where no address stands at the end."""
    name, _, last = typed.rpartition(" ")
    if name and safe_href(last):
        return name.rstrip(" ,:"), last
    return ("" if typed.lower() in AUTHORS else typed), ""


def bounded(line: int, what: str, text: str, most: int = MAX_NAME) -> str:
    if len(text) > most:
        raise BadScores(line, f"{what} has {len(text)} characters; {most} are possible.")
    return text
