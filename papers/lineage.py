"""What a paper builds on, contradicts or supersedes: typed on the paper, a line each, and read from both ends.

The other paper is named by its arXiv id and title, or by its address here. The catalogue keeps both ends as facets, so
one query finds them, and a paper that we explain only later is linked by itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.template.loader import render_to_string

from papers.arxiv import parse_identifier
from timeline.charts import WIDTH, shortened, written
from timeline.models import Facet, Filing
from timeline.models.prepared import prepared

WAYS = {  # as it is typed: how readers see it from this end, and from the other
    "builds on": ("Builds on", "Built upon by"),
    "contradicts": ("Contradicts", "Contradicted by"),
    "supersedes": ("Supersedes", "Superseded by"),
}
PAPER, CITES = "paper", "cites"  # facets
MOST_DRAWN = 6  # papers above this one, and below it
PITCH, LINE, TEXT = 44, 120, 146  # units of the drawing: between papers, where their dots and their titles stand
MAX_TITLE = 34  # characters that fit a phone

_LINE = re.compile(rf"(?P<way>{'|'.join(WAYS)})\s+(?P<target>\S+)(?:\s+(?P<title>\S.*))?", re.IGNORECASE)
_PATH = re.compile(r"/papers/[-\w]+/")


@dataclass(frozen=True)
class Tie:
    way: str
    target: str  # an arXiv id, or a path within this site
    title: str


def parse_line(line: str) -> Tie:
    """Raises ValueError, with a sentence for the editor."""
    found = _LINE.fullmatch(line.strip())
    if not found:
        raise ValueError("Write “builds on”, “contradicts” or “supersedes”, an arXiv id and the title of that paper.")
    way, target, title = found["way"].lower(), found["target"], found["title"] or ""
    if _PATH.fullmatch(target):
        return Tie(way, target, title)
    target, _ = parse_identifier(target)
    if not title:
        raise ValueError(
            "Write the title of the paper behind its arXiv id: readers see it until we explain that paper."
        )
    return Tie(way, target, title)


def parse_ties(text: str) -> list[Tie]:
    """Lines that cannot be read are left out; validate_lineage() tells the editor."""
    ties = []
    for line in text.splitlines():
        try:
            ties.append(parse_line(line))
        except ValueError:
            continue
    return list(dict.fromkeys(ties))


def validate_lineage(text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            if line.strip():
                parse_line(line)
        except ValueError as error:
            raise ValidationError(f"Line {number}: {error}") from error


def facets(paper: Any) -> list[tuple[str, str, str]]:
    """(name, value, label) of a paper: by what it is named, and whom it names."""
    names = [name for name in (paper.arxiv_id, paper.get_absolute_url()) if name]
    return [
        *((PAPER, name, name) for name in names),
        *((CITES, tie.target, tie.way) for tie in paper.ties),
    ]


@dataclass(frozen=True)
class Kin:
    """Another paper as readers find it."""

    way: str
    title: str
    address: str
    is_ours: bool


def kin(paper: Any) -> tuple[list[Kin], list[Kin]]:
    """The papers that this one names, and those of ours that name it. One query."""
    ties = paper.ties
    own = {name for name in (paper.arxiv_id, paper.get_absolute_url()) if name}
    found = _ends(sorted({tie.target for tie in ties}), sorted(own))
    ours = {value: (title, path) for name, value, _, title, path in found if name == PAPER}
    named = [
        Kin(tie.way, *ours[tie.target], True)
        if tie.target in ours
        else Kin(tie.way, tie.title, f"https://arxiv.org/abs/{tie.target}", False)
        for tie in ties
        if tie.target not in own and (tie.target in ours or not _PATH.fullmatch(tie.target))
    ]
    naming = [Kin(way, title, path, True) for name, _, way, title, path in found if name == CITES and path not in own]
    return named, list(dict.fromkeys(naming))


@prepared(models.CharField(), models.CharField())
def _ends(targets: list[str], own: list[str]) -> models.QuerySet[Filing, tuple[str, str, str, str, str]]:
    """(name, value and label of the facet, title and path of the entry): papers named so, and those that name one."""
    ends = models.Q(name=PAPER, value__in=targets) | models.Q(name=CITES, value__in=own)
    found = Filing.objects.published().filter(facet__in=Facet.objects.filter(ends)).order_by("rank")
    return found.values_list("name", "facet__value", "facet__label", "entry__title", "entry__path")


def rendered(paper: Any) -> str:
    """The lineage of a paper for its page: lists, and above them a drawing of the same; "" where there is none."""
    named, naming = kin(paper)
    if not named and not naming:
        return ""
    groups = [
        (title, [each for each in kins if each.way == way])
        for end, kins in enumerate((named, naming))
        for way, titles in WAYS.items()
        if (title := titles[end])
    ]
    return render_to_string(
        "papers/lineage.html",
        {
            "groups": [(title, kins) for title, kins in groups if kins],
            "drawing": drawing(paper.label, named[:MOST_DRAWN], naming[:MOST_DRAWN]),
        },
    )


def drawing(title: str, named: Sequence[Kin], naming: Sequence[Kin]) -> str:
    """SVG: the papers one below the other, arcs from this one to those that it names and that name it."""
    here = len(named)

    def middle(row: int) -> int:
        return row * PITCH + PITCH // 2

    def arc(row: int) -> str:
        bulge = written(LINE - min(LINE - 10, abs(middle(row) - middle(here)) * 0.55))
        return f"M{LINE} {middle(row)}C{bulge} {middle(row)} {bulge} {middle(here)} {LINE} {middle(here)}"

    others = [*enumerate(named), *enumerate(naming, here + 1)]
    return render_to_string(
        "papers/lineage.svg",
        {
            "title": title,
            "rows": [
                {
                    "title": shortened(each.title, MAX_TITLE),
                    "middle": middle(row),
                    "arc": arc(row),
                    "way": each.way.split()[0],
                }
                for row, each in others
            ],
            "own": {"title": shortened(title, MAX_TITLE), "middle": middle(here)},
            "named": [(WAYS[each.way][0].lower(), each.title) for each in named],
            "naming": [(WAYS[each.way][1].lower(), each.title) for each in naming],
            "line": LINE,
            "text": TEXT,
            "width": WIDTH,
            "height": (len(others) + 1) * PITCH,
        },
    )
