"""Two texts beside each other, and three that become one: by paragraph, and by word within a paragraph.

Pure: it knows no database. Texts may have line ends of any kind; they come out with "\\n".
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

Kind = Literal["same", "changed", "removed", "added"]
Rows = list[tuple[str | None, str | None]]  # what was and what is, beside each other

ALIKE = 50  # per cent: two paragraphs are one that was changed
MOST_CELLS = 20_000_000  # of the table that a comparison fills: beyond it, a whole stretch counts as rewritten
MOST_PAIRS = 2_500  # paragraphs whose likeness is measured, each with each

_FENCE = re.compile(r"\s*(?:(`{3,})[^`]*|(~{3,}).*)$")
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of words within a changed paragraph: "same", "removed" or "added"."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Change:
    """A paragraph as it was and as it is; None where it is not there."""

    old: str | None
    new: str | None

    @property
    def kind(self) -> Kind:
        if self.old == self.new:
            return "same"
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"

    @cached_property
    def pieces(self) -> list[Piece]:
        return words(self.old or "", self.new or "")

    @property
    def old_pieces(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind != "added"]

    @property
    def new_pieces(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.kind != "removed"]


@dataclass(frozen=True)
class Conflict:
    """What both sides changed, each in its way."""

    base: str
    mine: str
    theirs: str

    @property
    def both(self) -> str:
        """All that stands on either side, none twice: paragraphs beside each other, mine before theirs."""
        mine = Counter(paragraphs(self.mine))
        found: list[str] = []
        more = Counter(paragraphs(self.theirs)) - mine
        for change in compare(self.mine, self.theirs):
            if change.old is not None:
                found.append(change.old)
            if change.new is not None and change.kind != "same" and more[change.new]:
                more[change.new] -= 1
                found.append(change.new)
        return _joined(found)


@dataclass(frozen=True)
class Merged:
    """What two sides made of one text, in its order: what is settled as str, the rest as Conflict."""

    parts: list[str | Conflict]

    @property
    def conflicts(self) -> list[Conflict]:
        return [part for part in self.parts if isinstance(part, Conflict)]

    @property
    def text(self) -> str:
        """The merged text; ValueError while there are conflicts."""
        if self.conflicts:
            raise ValueError("Settle the conflicts first.")
        return _joined([part for part in self.parts if isinstance(part, str)])


def paragraphs(text: str) -> list[str]:
    """What stands between blank lines, without them; a fenced block is one, whatever is in it."""
    found: list[list[str]] = [[]]
    fence = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match := _FENCE.match(line):
            fence = match[1] or match[2]
        elif not line.strip():
            found.append([])
            continue
        found[-1].append(line)
    return ["\n".join(lines) for lines in found if lines]


def compare(old: str, new: str) -> list[Change]:
    """Every paragraph of both texts, in order; one that was changed a little stands beside what it was."""
    return [Change(before, after) for before, after in _aligned(paragraphs(old), paragraphs(new))]


def compare_lists(old: list[str], new: list[str]) -> list[Change]:
    """The same of lists whose members are the same or others, but never changed."""
    return [Change(*pair) for pair in _aligned_members(old, new)]


def words(old: str, new: str) -> list[Piece]:
    """What was removed from and added to a paragraph, by word; all that is not added together is `old`."""
    pieces: list[Piece] = []
    for is_same, before, after in _stretches(_TOKEN.findall(old), _TOKEN.findall(new)):
        if is_same:
            pieces.append(Piece("same", "".join(before)))
        else:
            pieces += [Piece("removed", "".join(before))] * bool(before) + [Piece("added", "".join(after))] * bool(
                after
            )
    return _readable(pieces)


def merge(base: str, mine: str, theirs: str) -> Merged:
    """What two people made of `base`, together.

    What one of them changed is taken, what both changed alike is taken once, and what each changed in another way is
    a conflict: nothing that somebody wrote is lost, and nothing stands there twice.
    """
    if mine == theirs or theirs == base:
        return Merged([mine])
    if mine == base:
        return Merged([theirs])
    return _merged([paragraphs(side) for side in (base, mine, theirs)], _aligned)


def merge_lists(base: list[str], mine: list[str], theirs: list[str]) -> list[str] | None:
    """The same of lists in an order, of words without doubles; None where both put them in other orders.

    What one took out is out, even if the other moved it.
    """
    out = {each for side in (mine, theirs) for each in base if each not in side}
    sides = [[each for each in side if each not in out] for side in (base, mine, theirs)]
    merged = _merged(sides, _aligned_members)
    found = [part for part in merged.parts if isinstance(part, str)]
    was, *made = ({*combinations(side, 2)} for side in sides)  # of each two, which comes first
    has_all = not merged.conflicts and set().union(*made) - was <= {*combinations(found, 2)}
    return found if has_all else None


def merge_sets(base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """The same of lists that are sorted: there nothing contradicts."""
    was, own, others = set(base), set(mine), set(theirs)
    return sorted((was & own & others) | (own | others) - was)


def _merged(texts: list[list[str]], align: Callable[[list[str], list[str]], Rows]) -> Merged:
    """Of what was, mine and theirs."""
    sides = [_slots(align(texts[0], side)) for side in texts]
    counts = [Counter(side) for side in texts[1:]]
    stretches = [range(slot, slot + 1) for slot in range(len(sides[0]))]
    while True:
        parts = [part for stretch in stretches for part in _met(*(_within(side, stretch) for side in sides))]
        wrong = _wrong(Merged(parts), *counts)
        if not wrong:
            return Merged(parts)
        stretches = _widened(stretches, [_places(text, sides) for text in wrong])


def _within(slots: list[list[str]], stretch: range) -> list[str]:
    return [text for slot in stretch for text in slots[slot]]


def _met(was: list[str], mine: list[str], theirs: list[str]) -> list[str | Conflict]:
    if mine == theirs or theirs == was:
        return [*mine]
    if mine == was:
        return [*theirs]
    if not was:  # both only added: whose text has all that the other added has its way
        for more, less in ((mine, theirs), (theirs, mine)):
            rest = iter(more)
            if all(text in rest for text in less):
                return [*more]
    return [Conflict(_joined(was), _joined(mine), _joined(theirs))]


def _wrong(merged: Merged, mine: Counter[str], theirs: Counter[str]) -> set[str]:
    """Paragraphs that stand there more often than on either side, since both moved or added them, or less often."""
    settled = Counter(part for part in merged.parts if isinstance(part, str))
    found = []
    for side in ("mine", "theirs"):
        contested = (text for conflict in merged.conflicts for text in paragraphs(getattr(conflict, side)))
        found.append(settled + Counter(contested))
    doubled = {text for text, count in settled.items() if count > max(mine[text], theirs[text])}
    both = mine & theirs
    return doubled | {text for text, count in both.items() if min(found[0][text], found[1][text]) < count}


def _places(text: str, sides: list[list[list[str]]]) -> range:
    """From the first to the last slot in which the paragraph stands on any side."""
    places = [slot for side in sides for slot, texts in enumerate(side) if text in texts]
    return range(min(places), max(places) + 1)


def _widened(stretches: list[range], wanted: list[range]) -> list[range]:
    """The stretches, those that meet one of `wanted` made one with it."""
    found: list[range] = []
    for each in sorted([*stretches, *wanted], key=lambda stretch: (stretch.start, -stretch.stop)):
        if found and each.start < found[-1].stop:
            found[-1] = range(found[-1].start, max(found[-1].stop, each.stop))
        else:
            found.append(each)
    return found


def _slots(rows: Rows) -> list[list[str]]:
    """What one side has before, instead of, between and behind each of what was: twice as many slots, and one."""
    slots: list[list[str]] = [[]]
    for before, after in rows:
        if before is None:
            slots[-1].append(str(after))
        else:
            slots += [[] if after is None else [after], []]
    return slots


def _aligned_members(old: list[str], new: list[str]) -> Rows:
    rows: Rows = []
    for is_same, before, after in _stretches(old, new):
        rows += zip(before, after, strict=True) if is_same else _unpaired(before, after)
    return rows


def _aligned(old: list[str], new: list[str]) -> Rows:
    rows: Rows = []
    for is_same, before, after in _stretches(old, new):
        rows += zip(before, after, strict=True) if is_same else _paired(before, after)
    return rows


def _paired(old: list[str], new: list[str]) -> Rows:
    """Two rewritten stretches in order: paragraphs that are alike stand beside each other, as many as can."""
    if not old or not new or len(old) * len(new) > MOST_PAIRS:
        return _unpaired(old, new)
    from rapidfuzz import fuzz  # 4 MB that few processes need

    gain = [[fuzz.ratio(one, other, score_cutoff=ALIKE) for other in new] for one in old]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]  # from here to both ends
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], gain[i][j] and gain[i][j] + best[i + 1][j + 1])
    rows: Rows = []
    i = j = 0
    while i < len(old) and j < len(new):
        if gain[i][j] and best[i][j] == gain[i][j] + best[i + 1][j + 1]:
            rows.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            rows.append((old[i], None))
            i += 1
        else:
            rows.append((None, new[j]))
            j += 1
    return rows + _unpaired(old[i:], new[j:])


def _unpaired(old: list[str], new: list[str]) -> Rows:
    return [*((text, None) for text in old), *((None, text) for text in new)]


def _stretches(old: list[str], new: list[str]) -> list[tuple[bool, list[str], list[str]]]:
    """(whether they are the same, members of `old`, members of `new`) in turn, as much the same as can be."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    middle = old[start : len(old) - end], new[start : len(new) - end]
    found: list[tuple[bool, list[str], list[str]]] = [(True, old[:start], new[:start])]
    if len(middle[0]) * len(middle[1]) > MOST_CELLS:
        found.append((False, *middle))
    else:
        from rapidfuzz.distance import LCSseq  # 4 MB that few processes need

        numbers: dict[str, int] = {}  # rapidfuzz compares hashes: these cannot collide
        coded = [[numbers.setdefault(text, len(numbers)) for text in side] for side in middle]
        for code in LCSseq.opcodes(*coded):
            before = middle[0][code.src_start : code.src_end]
            after = middle[1][code.dest_start : code.dest_end]
            if code.tag != "equal" and found and not found[-1][0]:  # a deletion and an insertion are one change
                before, after = found[-1][1] + before, found[-1][2] + after
                found.pop()
            found.append((code.tag == "equal", before, after))
    found.append((True, old[len(old) - end :], new[len(new) - end :]))
    return [stretch for stretch in found if stretch[1] or stretch[2]]


def _readable(pieces: list[Piece]) -> list[Piece]:
    """Without islands: what is the same between two changes that are both longer is told as changed with them."""
    runs: list[tuple[str, str]] = []  # (removed, added) and (same, same) in turn
    for piece in pieces:
        same = piece.kind == "same"
        old, new = ("" if piece.kind == "added" else piece.text), ("" if piece.kind == "removed" else piece.text)
        if runs and not same and runs[-1][0] != runs[-1][1]:
            runs[-1] = runs[-1][0] + old, runs[-1][1] + new
        else:
            runs.append((old, new))
        while len(runs) > 2 and not same and len(runs[-2][0]) < min(max(map(len, runs[-3])), max(map(len, runs[-1]))):
            runs[-3:] = [("".join(run[0] for run in runs[-3:]), "".join(run[1] for run in runs[-3:]))]
    readable = []
    for old, new in runs:
        if old == new:
            readable.append(Piece("same", old))
        else:
            readable += [Piece("removed", old)] * bool(old) + [Piece("added", new)] * bool(new)
    return readable


def _joined(texts: list[str]) -> str:
    return "\n\n".join(texts)
