"""What was true when, and whether an answer was: the judge of all answers that readers got.

Each text of a drill carries the mark of its issue and version, such as q3v17z, and each body one like b3v17z. A state
is the version of each public issue; what a page has to show follows from it alone, without asking the site.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

State = dict[int, int]  # the version of each public issue, by its number
Seen = frozenset[str] | None  # the marks on a page; None where there is no page

DRAFT = 9  # the number of an issue that is never published


class Moment(NamedTuple):
    """A change by somebody: seconds of the machine's clock (time.monotonic) between which it was committed."""

    begun: float
    returned: float
    state: State  # from then on
    what: str
    grace: float = 0  # seconds, more than else, for which readers may see what was before


class Answer(NamedTuple):
    page: str
    asked: float  # seconds of the same clock
    got: float
    status: int  # 0: no answer
    seen: Seen
    promise: float  # seconds for which it may be late


class Page(NamedTuple):
    marks: re.Pattern[str]
    shows: Callable[[State], Seen]


MARK = re.compile(r"q\d+v\d+z")
BODY = re.compile(r"b\d+v\d+z")
ADDRESS = re.compile(r"/issues/\d+/")


def mark(number: int, version: int) -> str:
    return f"q{number}v{version}z"


def all_of(state: State) -> Seen:
    return frozenset(mark(*issue) for issue in state.items())


def issue_page(number: int) -> Page:
    def shows(state: State) -> Seen:
        """Itself, and the title of the issue on either side."""
        if number not in state:
            return None
        before = max((other for other in state if other < number), default=number)
        after = min((other for other in state if other > number), default=number)
        return frozenset(mark(each, state[each]) for each in (before, number, after))

    return Page(MARK, shows)


def own_page(number: int, marks: re.Pattern[str], letter: str) -> Page:
    return Page(
        marks,
        lambda state: frozenset({f"{letter}{number}v{state[number]}z"}) if number in state else None,
    )


def pages(numbers: Iterable[int]) -> dict[str, Page]:
    """Every sort of public page, by its path."""
    lists = ("/", "/issues/", "/papers/", "/topics/marked/", "/timeline/", "/authors/ada/", "/feed.atom", "/llms.txt")
    return {
        **{path: Page(MARK, all_of) for path in lists},
        "/sitemap-issues-1.xml": Page(ADDRESS, lambda state: frozenset(f"/issues/{number}/" for number in state)),
        **{f"/issues/{number}/": issue_page(number) for number in numbers},
        **{f"/issues/{number}.md": own_page(number, MARK, "q") for number in numbers},
        **{f"/papers/paper-{number}/": own_page(number, BODY, "b") for number in numbers},
    }


def read_log(path: Path) -> list[Moment]:
    """What the writer wrote, a line of JSON for each moment."""
    found = []
    for line in path.read_text().splitlines():
        told = json.loads(line)
        found.append(Moment(**told | {"state": {int(number): version for number, version in told["state"].items()}}))
    return found


@dataclass
class Verdict:
    answers: int = 0
    not_modified: int = 0
    states: set[int] = field(default_factory=set)  # that somebody saw for certain
    oldest: float = 0  # seconds: the most by which an answer was late, within its promise or not
    errors: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return bool(self.answers and len(self.states) > 1 and not self.errors and not self.faults)


class Judge:
    """Of answers of `known` pages, by the moments in their order."""

    def __init__(self, moments: Sequence[Moment], known: dict[str, Page]) -> None:
        self.moments = moments
        self.begun = [moment.begun for moment in moments]
        self.shown = {path: [page.shows(moment.state) for moment in moments] for path, page in known.items()}
        self.superseded: dict[float, list[float]] = {}

    def last_allowed(self, promise: float) -> list[float]:
        """Of each state, when the last request may have been made that still sees it: the soonest that any later
        change has to be seen."""
        if promise not in self.superseded:
            soonest, found = float("inf"), []
            for moment in reversed(self.moments):
                found.append(soonest)
                soonest = min(soonest, moment.returned + max(promise, moment.grace))
            self.superseded[promise] = found[::-1]
        return self.superseded[promise]

    def judge(self, answers: Iterable[Answer]) -> Verdict:
        verdict = Verdict()
        for answer in answers:
            verdict.answers += 1
            verdict.not_modified += answer.status == 304
            if answer.status not in (200, 304, 404):
                verdict.errors[f"{answer.status or 'no answer'} for {answer.page}"] += 1
                continue
            shown = self.shown[answer.page]
            end = bisect_right(self.begun, answer.got)
            first = bisect_left(self.last_allowed(answer.promise), answer.asked)
            fitting = [number for number in range(first, end) if shown[number] == answer.seen]
            if not fitting:
                verdict.faults.append(self.fault(answer, end))
                continue
            if len(fitting) == 1:
                verdict.states.add(fitting[0])
            late = self.late(answer, fitting[-1])
            verdict.oldest = max(verdict.oldest, late)
        return verdict

    def late(self, answer: Answer, number: int) -> float:
        """By how many seconds the state was over when it was asked for."""
        following = self.moments[number + 1 : number + 2]
        return max(0.0, answer.asked - following[0].returned) if following else 0.0

    def fault(self, answer: Answer, end: int) -> str:
        shown = self.shown[answer.page]
        public = {each for marks in shown[:end] if marks for each in marks}
        told = f"{answer.page} at {answer.asked:.3f}–{answer.got:.3f} ({answer.status}) showed "
        told += "nothing" if answer.seen is None else " ".join(sorted(answer.seen)) or "no mark"
        if answer.seen and not answer.seen <= public:
            return f"draft: {told}"
        for number in range(end - 1, -1, -1):
            if shown[number] == answer.seen:
                after = self.moments[number + 1].what if number + 1 < len(self.moments) else ""
                return f"{self.late(answer, number):.3f} s late, before “{after}”: {told}"
        return f"never true: {told}"
