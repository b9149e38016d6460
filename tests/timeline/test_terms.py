import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.terms import MAX_CLAUSES, MAX_TERM, STEM, Clause, Query, Words, fold, parse, terms


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("Łukasz", "lukasz"),
        ("Răzvan", "razvan"),
        ("Nguyễn", "nguyen"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
        ("ＧＰＴ", "gpt"),
        ("Привет", "privet"),
        ("北", "bei"),
        ("naïve", "naive"),
        ("🐳", ""),
        ("x" * 100, "x" * MAX_TERM),
    ],
)
def test_fold_leaves_ascii_letters_and_digits(word: str, term: str) -> None:
    assert fold(word) == term


def test_terms_are_words_then_marked_stems_then_compounds() -> None:
    assert terms("GPT-4’s reasoning, 52.2% in 北京") == [
        *["gpt", "4", "s", "reasoning", "52", "2", "in", "bei", "jing"],
        *["0gpt", "04", "0s", "0reason", "052", "02", "0in", "0bei", "0jing"],
        *["gpt4", "522"],
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Łukasz’ “Orca 2”", [("Łukasz", "lukasz"), ("Orca", "orca"), ("2", "2")]),
        ("one \U000102a0 two", [("one", "one"), ("two", "two")]),  # a letter of Carian: nothing is left of it
        ("", []),
    ],
)
def test_words_know_their_places(text: str, found: list[tuple[str, str]]) -> None:
    words = Words(text)
    assert [(text[slice(*span)], term) for span, term in zip(words.spans, words.terms, strict=True)] == found


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("orca", Query((Clause(("orca",), stem="orca", is_prefix=True),))),
        ("orca ", Query((Clause(("orca",), stem="orca"),))),
        ("small models", Query((Clause(("small",), stem="small"), Clause(("models",), stem="model", is_prefix=True)))),
        ("trans* x ", Query((Clause(("trans",), stem="tran", is_prefix=True), Clause(("x",), stem="x")))),
        ("GPT-4 ", Query((Clause(("gpt", "4"), joined="gpt4"),))),
        ('"chain of thought"', Query((Clause(("chain", "of", "thought")),))),
        ('"never closed', Query((Clause(("never", "closed")),))),
        ("a -b", Query((Clause(("a",), stem="a"),), (Clause(("b",), stem="b"),))),
        ('a -"b c"', Query((Clause(("a",), stem="a"),), (Clause(("b", "c")),))),
        ("state-of", Query((Clause(("state", "of"), joined="stateof", is_prefix=True),))),
        ("o", Query((Clause(("o",), stem="o"),))),
        ("-b", Query()),
        ("", Query()),
        ('" - * " ( ) : ^ {}', Query()),
        ("🐳", Query()),
    ],
)
def test_parse_understands_what_people_type(typed: str, query: Query) -> None:
    assert parse(typed) == query


@given(st.text())
def test_every_term_is_ascii_and_every_text_is_a_query(text: str) -> None:
    found = terms(text)
    assert [term for term in found if not (term.isascii() and term.isalnum() and term == term.lower())] == []
    query = parse(text)
    assert len(query.clauses) + len(query.excluded) <= MAX_CLAUSES
    assert [clause for clause in (*query.clauses, *query.excluded) if not all(clause.words)] == []


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("reasons ", "their reasoning about", ["reasoning"]),
        ("reaso", "their reasoning about", ["reasoning"]),
        ("reaso ", "their reasoning about", []),
        ("gpt4", "GPT-4 and GPT-4V, GPT 4", ["GPT-4", "GPT-4V", "GPT 4"]),
        ("gpt-4 ", "GPT4 and GPT-4V", ["GPT4"]),
        ('"of thought"', "chain of thought of mind", ["of thought"]),
    ],
)
def test_a_clause_knows_where_it_stands_in_a_text(typed: str, text: str, found: list[str]) -> None:
    words = Words(text)
    (clause,) = parse(typed).clauses
    places = [(at, length) for at in range(len(words.terms)) if (length := clause.length_at(words, at))]
    assert [text[words.spans[at][0] : words.spans[at + length - 1][1]] for at, length in places] == found


def test_a_very_long_word_is_read_once() -> None:
    """It ends: read from each of its letters, it would take hours."""
    assert terms("x" * 200_000) == ["x" * MAX_TERM, f"{STEM}{'x' * MAX_TERM}"]
