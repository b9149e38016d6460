"""Terms in a text: where they stand, and their first use marked among the tokens of timeline.dialect.

A name counts as a whole word ("LCM-LoRA" is neither LCM nor LoRA) and as it is typed; one that begins with a word in
small letters also with a capital where a sentence begins. Of two that stand at one place the longer one counts.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from markdown_it.token import Token

_JOINTS = "‐‑-"
_QUOTES = " \n\"'“”‘’*([¿¡"
_ENDS = ".!?…:"  # of a sentence, or of what leads to one
_OPAQUE = "\ufffc"  # stands for what no term can be in
SILENT = {"heading", "dl", "th"}  # a definition list explains its words itself


@dataclass(frozen=True)
class Explained:
    """A term, all of its names, and what readers are told."""

    key: str  # the same however it is called
    slug: str
    name: str
    names: tuple[str, ...]
    expansion: str
    explanation: str


@dataclass(frozen=True)
class Use:
    start: int
    end: int
    term: Explained


class Glossary:
    """All terms, as one pattern. `seals` tells this state of the terms from others."""

    def __init__(self, terms: Iterable[Explained], seals: int = 0) -> None:
        self.seals = seals
        self._named: dict[str, Explained] = {}
        self._capital: dict[str, Explained] = {}  # where a sentence begins
        for term in terms:  # of two with one name the first has it
            for name in filter(None, (" ".join(name.split()) for name in term.names)):
                self._named.setdefault(name, term)
                if name.split()[0].islower():
                    self._capital.setdefault(name[0].upper() + name[1:], term)
        ways = _ways({*self._named, *self._capital})
        self._pattern = re.compile(rf"(?<![\w{_JOINTS}])(?:{ways})(?!\w|[{_JOINTS}]\w)") if ways else None

    def uses(self, line: str) -> Iterator[Use]:
        """In order, and apart from each other."""
        for match in self._pattern.finditer(line) if self._pattern else ():
            name = " ".join(match[0].split())
            term = self._named.get(name) or (self._capital[name] if _begins_sentence(line, match.start()) else None)
            if term:
                yield Use(match.start(), match.end(), term)

    def used(self, lines: Iterable[str]) -> set[Explained]:
        return {use.term for line in lines for use in self.uses(line)}

    def marked(self, tokens: list[Token]) -> list[Token]:
        """The tokens, with term_open and term_close (meta: term) around the first use of each term.

        Nothing is marked in headings, heads of tables and definition lists, nor in links, code, formulas and pictures.
        """
        seen: set[Explained] = set()
        silent = 0
        marked = []
        for token in tokens:
            if token.type.rpartition("_")[0] in SILENT:
                silent += token.nesting
            elif token.children and token.type == "inline" and not silent and self._pattern:
                token = token.copy(children=self._marked_line(token.children, seen))
            marked.append(token)
        return marked

    def _marked_line(self, children: list[Token], seen: set[Explained]) -> list[Token]:
        texts = list(_texts(children))
        uses = list(self.uses("".join(texts)))
        if not uses:
            return children
        starts = list(accumulate(map(len, texts), initial=0))
        marks: list[list[tuple[int, Token]]] = [[] for _ in children]
        for use in uses:
            first, last = bisect_right(starts, use.start) - 1, bisect_right(starts, use.end - 1) - 1
            if use.term in seen or any(child.nesting for child in children[first : last + 1]):
                continue
            seen.add(use.term)
            meta = {"term": use.term}
            marks[first].append((use.start - starts[first], Token("term_open", "span", 1, meta=meta)))
            marks[last].append((use.end - starts[last], Token("term_close", "span", -1, meta=meta)))
        return [piece for child, own in zip(children, marks, strict=True) for piece in _split(child, own)]


def _ways(names: Iterable[str]) -> str:
    """Any of these, the longest first. By their first letter: to try two hundred at each word would take long."""
    by_letter: dict[str, list[str]] = {}
    for name in sorted(names, key=len, reverse=True):
        by_letter.setdefault(name[0], []).append(r"\s+".join(map(re.escape, name[1:].split(" "))))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in by_letter.items())


def _begins_sentence(line: str, at: int) -> bool:
    before = line[max(0, at - 8) : at].rstrip(_QUOTES)
    return not before or before[-1] in _ENDS


def _texts(children: Iterable[Token]) -> Iterator[str]:
    """What each child is to the line: a text that may hold terms, nothing, or something opaque."""
    in_link = 0
    for child in children:
        if child.type in {"link_open", "link_close"}:
            in_link += child.nesting
        if in_link or not (child.nesting or child.type in {"text", "softbreak"}):
            yield _OPAQUE
        else:
            yield "" if child.nesting else child.content or "\n"


def _split(child: Token, marks: Sequence[tuple[int, Token]]) -> Iterator[Token]:
    """The text with these marks at their places in it."""
    at = 0
    for place, mark in marks:
        if at < place:
            yield Token("text", "", 0, content=child.content[at:place])
        yield mark
        at = place
    if not marks:
        yield child
    elif at < len(child.content):
        yield Token("text", "", 0, content=child.content[at:])
