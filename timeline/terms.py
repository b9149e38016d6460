"""Words as search compares them: the same on every database, because none of them takes a text apart itself.

A term is a folded word: "Łukasz’" is `lukasz`. The terms of a text are its words in order, then what else finds it:
the stem of each word, marked (`0reason` of "reasoning"), and compounds in one piece (`gpt4` of "GPT-4"). Being ASCII
letters and digits alone, terms are tokens to SQLite's FTS5 and to PostgreSQL's "simple" parser alike. The marked stems
also stand between the words of two texts, so that no phrase reaches from one into the other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import Stemmer
from text_unidecode import unidecode

MAX_TERM = 64  # characters
MAX_QUERY = 200  # characters
MAX_CLAUSES = 16  # of a query
STEM = "0"

# Chinese, Japanese and Korean have no spaces between words: there every character is a word.
_CJK = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_JOINTS = "-‐‑–./"  # what holds a compound together: GPT-4, 2311.11045
# Possessive, and from the start of a word only: a long word is read once, not from each of its letters.
_COMPOUND = re.compile(rf"(?<!\w)\w++(?:[{re.escape(_JOINTS)}]\w++)+")
_CLAUSE = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<words>[^\s"]+))')
_stemmer = Stemmer.Stemmer("english", 0)  # stem() remembers


@lru_cache(maxsize=16_384)
def fold(word: str) -> str:
    """`word` in lower-case ASCII letters and digits: "Ā" is "a", "ß" is "ss", "北" is "bei"; "" if nothing is left."""
    return "".join(char for char in unidecode(word).lower() if char.isalnum())[:MAX_TERM]


@lru_cache(maxsize=16_384)
def stem(term: str) -> str:
    return str(_stemmer.stemWord(term))


class Words:
    """The words of a text: their terms at once, and their places where somebody asks.

    Of the long texts of twenty results a search mostly wants to know that a word is not there.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = [*map(fold, _WORD.findall(text))]
        self.terms = [*filter(None, self._folded)]

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each begins and ends."""
        places = (match.span() for match in _WORD.finditer(self._text))
        return [place for place, term in zip(places, self._folded, strict=True) if term]


def terms(text: str) -> list[str]:
    """What the index keeps of `text`."""
    words = Words(text).terms
    stems = dict.fromkeys(STEM + stem(word) for word in words)
    joined = dict.fromkeys(_joined(match[0]) for match in _COMPOUND.finditer(text))
    return [*words, *stems, *joined]


def _joined(compound: str) -> str:
    return "".join(Words(compound).terms)[:MAX_TERM]


@dataclass(frozen=True)
class Clause:
    """Something to find: these words in a row; unless it is quoted also the other forms of one word."""

    words: tuple[str, ...]
    stem: str = ""  # of a single word that is not quoted
    joined: str = ""  # the words of a compound in one piece
    is_prefix: bool = False  # the last word may go on

    @property
    def first(self) -> str:
        """What it begins with, in one piece: its first word begins so, or is the beginning of that."""
        return self.joined or self.words[0]

    def length_at(self, words: Words, at: int) -> int:
        """How many of the words from `at` on are this clause, which may begin there: 0 for none."""
        terms = words.terms
        if self.stem and stem(terms[at]) == self.stem:
            return 1
        if joined := self._compound(words, at):
            return joined
        *exact, last = self.words
        if at + len(exact) >= len(terms):
            return 0
        fits = all(terms[at + index] == word for index, word in enumerate(exact))
        return len(self.words) if fits and self._fits(terms[at + len(exact)], last) else 0

    def _compound(self, words: Words, at: int) -> int:
        """How many words from `at` on are the only word of this clause, or its words, in one piece."""
        wanted = self.joined or (self.words[0] if self.stem else "")
        piece = ""
        for index in range(at, len(words.terms)):
            if index > at and words.spans[index][0] - words.spans[index - 1][1] != 1:
                break
            piece += words.terms[index]
            if wanted and self._fits(piece, wanted):
                return index - at + 1
            if len(piece) >= len(wanted):
                break
        return 0

    def _fits(self, term: str, word: str) -> bool:
        return term.startswith(word) if self.is_prefix else term == word


@dataclass(frozen=True)
class Query:
    """What somebody typed: all of `clauses`, none of `excluded`."""

    clauses: tuple[Clause, ...] = ()
    excluded: tuple[Clause, ...] = ()

    @property
    def has_phrase(self) -> bool:
        return any(len(clause.words) > 1 for clause in (*self.clauses, *self.excluded))

    @cached_property
    def begins(self) -> "Beginnings":
        return Beginnings(self.clauses)


class Beginnings(dict[str, tuple[int, ...]]):
    """Which of these clauses, counted from 0, may begin with a word of a term: every word of all results is asked."""

    def __init__(self, clauses: Sequence[Clause]) -> None:
        super().__init__()
        self.clauses = [(index, clause.first, clause.stem) for index, clause in enumerate(clauses)]
        # No other word need be stemmed: a stem begins like its word.
        self.letters = {text[0] for _, *texts in self.clauses for text in texts if text}

    def __missing__(self, term: str) -> tuple[int, ...]:
        own = stem(term)
        self[term] = tuple(
            [
                index
                for index, first, stemmed in self.clauses
                if term.startswith(first) or first.startswith(term) or own == stemmed
            ]
        )
        return self[term]


def parse(text: str) -> Query:
    """What `text` asks for; no text is wrong.

    `"a phrase"` is sought as it stands, `-word` must not be there, `word*` and the last word may go on, unless it is a
    single letter, with which nearly everything begins. Only the first MAX_QUERY characters and MAX_CLAUSES clauses
    count. Without anything to find the query is empty.
    """
    wanted: list[Clause] = []
    excluded: list[Clause] = []
    text = text[:MAX_QUERY]
    for match in list(_CLAUSE.finditer(text))[:MAX_CLAUSES]:
        typed = match["words"] or match["phrase"] or ""
        words = tuple(Words(typed).terms)
        if not words:
            continue
        if match["phrase"] is not None:
            clause = Clause(words)
        else:
            is_open = not match["minus"] and (typed.endswith("*") or match.end() == len(text))
            clause = Clause(
                words,
                stem=stem(words[0]) if len(words) == 1 else "",
                joined="".join(words)[:MAX_TERM] if len(words) > 1 else "",
                is_prefix=is_open and len(words[-1]) > 1,
            )
        (excluded if match["minus"] else wanted).append(clause)
    return Query(tuple(wanted), tuple(excluded)) if wanted else Query()
