"""Texts beside each other, and two changed copies of one text together."""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.comparing import (
    Change,
    Conflict,
    Merged,
    compare,
    compare_lists,
    merge,
    merge_lists,
    merge_sets,
    paragraphs,
    words,
)

# Few words, so that paragraphs are repeated, moved, and changed by both sides; among them what is hard to split.
PARAGRAPHS = st.sampled_from(
    ["A", "B", "C", "One two three four", "One two three five", "One two nine four", "```\na\n\n\nb\n```", "# H"]
)
TEXTS = st.lists(PARAGRAPHS, max_size=7).map("\n\n".join)
WILD = st.text(alphabet="ab `~\n\r\t.", max_size=60)


def told(merged: Merged) -> Counter[str]:
    """Every paragraph of what is settled."""
    return Counter(text for part in merged.parts if isinstance(part, str) for text in paragraphs(part))


def contested(merged: Merged, side: str) -> Counter[str]:
    return Counter(text for conflict in merged.conflicts for text in paragraphs(getattr(conflict, side)))


def swapped(merged: Merged) -> list[str | Conflict]:
    return [
        Conflict(part.base, part.theirs, part.mine) if isinstance(part, Conflict) else part for part in merged.parts
    ]


def test_paragraphs_end_at_blank_lines_but_not_within_code() -> None:
    text = (
        "\r\nOne\r\ntwo\r\n \r\n\r\n  three\n\n```python\na\n\n\nb\n````\n\n~~~\n```\n\nc\n~~~\nfour\n\n```x```\n\nfive"
    )
    assert paragraphs(text) == [
        "One\ntwo",
        "  three",
        "```python\na\n\n\nb\n````",
        "~~~\n```\n\nc\n~~~\nfour",
        "```x```",
        "five",
    ]


@given(WILD)
def test_paragraphs_lose_nothing_but_blank_lines(text: str) -> None:
    lines = [line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    found = [line for paragraph in paragraphs(text) for line in paragraph.split("\n") if line.strip()]
    assert found == lines
    assert paragraphs("\n\n".join(paragraphs(text))) == paragraphs(text)


def test_a_changed_paragraph_stands_beside_what_it_was() -> None:
    old = "Kept.\n\nThe student learns to reason.\n\nGone entirely."
    new = "New at the top, nothing like it.\n\nKept.\n\nThe student learns to think.\n\n123"
    assert [(change.kind, change.old, change.new) for change in compare(old, new)] == [
        ("added", None, "New at the top, nothing like it."),
        ("same", "Kept.", "Kept."),
        ("changed", "The student learns to reason.", "The student learns to think."),
        ("removed", "Gone entirely.", None),
        ("added", None, "123"),
    ]
    (changed,) = [change for change in compare(old, new) if change.kind == "changed"]
    assert [(piece.kind, piece.text) for piece in changed.old_pieces] == [
        ("same", "The student learns to "),
        ("removed", "reason"),
        ("same", "."),
    ]
    assert "".join(piece.text for piece in changed.new_pieces) == changed.new


def test_short_islands_between_long_changes_are_told_with_them() -> None:
    assert [(piece.kind, piece.text) for piece in words("alpha beta a gamma delta", "one two a three four")] == [
        ("removed", "alpha beta a gamma delta"),
        ("added", "one two a three four"),
    ]


def test_lists_are_compared_by_member() -> None:
    assert compare_lists(["Ada", "Zoe"], ["Zoe", "Zoë"]) == [
        Change("Ada", None),
        Change("Zoe", "Zoe"),
        Change(None, "Zoë"),
    ]


@given(WILD | TEXTS, WILD | TEXTS)
def test_each_side_of_a_comparison_is_the_whole_text(old: str, new: str) -> None:
    changes = compare(old, new)
    assert [change.old for change in changes if change.old is not None] == paragraphs(old)
    assert [change.new for change in changes if change.new is not None] == paragraphs(new)
    for change in changes:
        assert "".join(piece.text for piece in change.old_pieces) == (change.old or "")
        assert "".join(piece.text for piece in change.new_pieces) == (change.new or "")


@pytest.mark.parametrize("unit", ["a\n\n", "a b ", "a\n\nb\n\nb\n\n"])
def test_the_longest_texts_are_compared_in_time(unit: str) -> None:
    """A field holds 200,000 characters: the worst of them must not hold a worker."""
    old = unit * (200_000 // len(unit))
    new = "x\n\n" + old[::-1] + "\n\ny"
    assert len(compare(old, new)) > 0


def test_changes_of_both_sides_meet() -> None:
    base = "Title\n\nThe first paragraph of it.\n\nThe second paragraph of it.\n\nEnd"
    mine = "Title\n\nThe first paragraph of mine.\n\nThe second paragraph of it.\n\nEnd\n\nMy last words"
    theirs = "Their preface\n\nTitle\n\nThe first paragraph of it.\n\nThe second paragraph of theirs."
    assert merge(base, mine, theirs).text == (
        "Their preface\n\nTitle\n\nThe first paragraph of mine.\n\nThe second paragraph of theirs.\n\nMy last words"
    )


def test_what_both_changed_in_other_ways_is_a_conflict_with_both_texts() -> None:
    merged = merge("A\n\nOne two three\n\nB", "A\n\nOne two four\n\nB", "A\n\nOne two five\n\nB\n\nC")
    assert merged.parts == ["A", Conflict("One two three", "One two four", "One two five"), "B", "C"]
    with pytest.raises(ValueError, match="conflicts"):
        _ = merged.text


def test_one_deletes_what_the_other_changes() -> None:
    merged = merge("One two three\n\nB", "B", "One two four\n\nB")
    assert merged.parts == [Conflict("One two three", "", "One two four"), "B"]


def test_a_paragraph_that_both_move_or_add_is_not_there_twice() -> None:
    assert merge("A\n\nB", "X\n\nA\n\nB", "A\n\nB\n\nX").parts == [Conflict("A\n\nB", "X\n\nA\n\nB", "A\n\nB\n\nX")]


def test_who_added_what_the_other_added_and_more_is_in_no_conflict() -> None:
    """So does a form that is saved again by an editor who never heard that it was saved."""
    assert merge("A\n\nB", "A\n\nX\n\nY\n\nB", "A\n\nY\n\nB").text == "A\n\nX\n\nY\n\nB"
    assert merge("A", "A\n\nX\n\nY", "A\n\nX\n\nZ").parts == ["A", Conflict("", "X\n\nY", "X\n\nZ")]


def test_both_sides_of_a_conflict_are_told_beside_each_other_and_nothing_twice() -> None:
    conflict = Conflict("One two three", "X\n\nOne two four\n\nY", "Y\n\nOne two five\n\nX\n\nX")
    assert Counter(paragraphs(conflict.both)) == Counter(["X", "X", "Y", "One two four", "One two five"])
    assert Conflict("One two three", "One two four\n\nY", "One two five").both == "One two four\n\nOne two five\n\nY"


@given(TEXTS, TEXTS, TEXTS)
def test_both_is_all_of_either_side_and_no_more(base: str, mine: str, theirs: str) -> None:
    both = Counter(paragraphs(Conflict(base, mine, theirs).both))
    assert both == Counter(paragraphs(mine)) | Counter(paragraphs(theirs))


LISTS = st.lists(st.sampled_from("ABCDEF"), max_size=6, unique=True)


def test_lists_are_merged_where_they_do_not_contradict() -> None:
    assert merge_lists(list("ABC"), list("XABC"), list("ACB")) == list("XACB")
    assert merge_lists(list("ABC"), list("AC"), list("ABCD")) == list("ACD")
    assert merge_lists(list("ABC"), list("BAC"), list("ACB")) is None
    assert merge_lists(list("AB"), list("ABX"), list("ABY")) is None
    assert merge_sets(list("ABC"), list("ABD"), list("ACE")) == list("ADE")


@given(LISTS, LISTS, LISTS)
def test_merged_lists_have_what_was_put_in_and_nothing_twice(
    base: list[str], mine: list[str], theirs: list[str]
) -> None:
    added, kept = {*mine, *theirs} - {*base}, {*base} & {*mine} & {*theirs}
    merged = merge_lists(base, mine, theirs)
    assert merge_lists(base, theirs, mine) == merged
    assert merge_lists(base, mine, base) == merge_lists(base, base, mine) == merge_lists(base, mine, mine) == mine
    if merged is not None:
        assert sorted(merged) == sorted(added | kept)
        for side in (mine, theirs):
            for pair in {*combinations(side, 2)} - {*combinations(base, 2)}:
                assert not {*pair} <= {*merged} or merged.index(pair[0]) < merged.index(pair[1])
    assert merge_sets(sorted(base), sorted(mine), sorted(theirs)) == sorted(added | kept)


@given(WILD | TEXTS, WILD | TEXTS)
def test_merging_with_an_unchanged_side_gives_the_other(base: str, other: str) -> None:
    assert merge(base, other, base).text == merge(base, base, other).text == merge(base, other, other).text == other


@given(TEXTS, TEXTS, TEXTS)
def test_merging_loses_nothing_and_doubles_nothing(base: str, mine: str, theirs: str) -> None:
    merged = merge(base, mine, theirs)
    settled, was = told(merged), Counter(paragraphs(base))
    sides: Iterable[tuple[str, str]] = [("mine", mine), ("theirs", theirs)]
    counts = {name: Counter(paragraphs(text)) for name, text in sides}
    for name, count in counts.items():
        found = settled + contested(merged, name)
        added = count - was
        assert {text for text in added if found[text] < added[text]} == set()
    kept_by_both = counts["mine"] & counts["theirs"]
    for name in counts:
        found = settled + contested(merged, name)
        assert {text for text in kept_by_both if found[text] < kept_by_both[text]} == set()
    assert {text for text in settled if settled[text] > max(counts[name][text] for name in counts)} == set()


@given(TEXTS, TEXTS, TEXTS)
def test_merging_does_not_ask_who_came_first(base: str, mine: str, theirs: str) -> None:
    assert merge(base, theirs, mine).parts == swapped(merge(base, mine, theirs))
