"""Documents of other conventions than the seed's: what becomes of each kind of line."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import words
from tests.factories import picture
from timeline import markdown
from timeline.importing import CannotImport, Report, import_issue
from timeline.importing.bylines import read_byline
from timeline.importing.encoding import read_lines
from timeline.importing.text import read_text
from timeline.models import Image, Issue, Item, Publication
from timeline.sections import contents, section

DOCUMENTS = Path(__file__).parent.parent / "documents"
PLAIN, MARKED = DOCUMENTS / "issue-7.txt", DOCUMENTS / "issue-12.md"


def read(text: str, name: str = "document.txt") -> tuple[dict[str, str], list[dict[str, object]], Report]:
    """What the reader makes of a text: the fields of the issue, those of its items, and the report."""
    report = Report()
    document = read_text(Path(name), read_lines(text, report), Publication(), report)
    return document.fields, [{"kind": item.kind, **item.fields} for item in document.items], report


def body_of(text: str) -> str:
    """The body that the lines `text` become within an item."""
    return str(read(f"Issue 1: Title\n\nIndustry News\n\n🐟 An item\n\n{text}\n")[1][0]["body"])


def items_of(issue: Issue) -> dict[str, Item]:
    return {item.short_title: item for part in contents(issue) for item in part.items}


def reasons(report: Report) -> list[tuple[int, str]]:
    return sorted((entry.line, entry.text) for entry in report.left_out)


# Two whole documents


@pytest.fixture
def plain(db: None) -> tuple[Issue, Report]:
    return import_issue(PLAIN)


@pytest.fixture
def marked(db: None, tmp_path: Path) -> tuple[Issue, Report]:
    """The Markdown document with one of its two pictures beside it."""
    document = tmp_path / MARKED.name
    document.write_bytes(MARKED.read_bytes())
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "loops.png").write_bytes(picture().read())
    return import_issue(document)


def test_plain_document_has_its_frame(plain: tuple[Issue, Report]) -> None:
    issue, report = plain
    assert (issue.number, issue.title, issue.tagline, issue.closing) == (
        7,
        "Small Nets, Long Memories",
        "What the labs shipped, in plain words",
        "",
    )
    assert issue.introduction == (
        "Hello again! This week was about memory: two papers try to give small models more of it, and one lab sells a "
        "model that forgets on purpose."
    )
    assert [
        (item.kind, item.emoji, item.short_title, item.title, [author.name for author in item.byline])
        for item in items_of(issue).values()
    ] == [
        (
            "papers",
            "🧠",
            "Ringmem",
            "Ringmem: Teaching Recurrent Networks to Remember What Matters",
            ["Łucja Wiśniewska", "José Ñandú-Pérez", "Ngô Thị Hương", "Björn Åkesson"],
        ),
        (
            "papers",
            "🌊",
            "Tidal Attention",
            "Tidal Attention: Two Waves Instead of One Matrix",
            ["Aïssatou Diop", "Grace O’Malley-Byrne", "Răzvan Pașcanu"],
        ),
        ("news", "🚀", "Kestrel 3 is out", "Kestrel 3 is out, and it Forgets on Purpose", []),
        ("news", "🏛", "New rules for open weights", "New Rules for Open Weights", []),
    ]
    assert (14, "News (3)", "the document says 3, but 2 were found") in [
        (entry.line, entry.text, entry.reason) for entry in report.guesses
    ]
    assert reasons(report) == [
        (1, "Issue"),
        (2, "==================================="),
        (4, "24 November 2025"),
        (8, "In this issue:"),
        (10, "Papers (2)"),
        (14, "News (3)"),
        (21, "RESEARCH PAPERS"),
        (25, "By"),
        (25, "and"),
        (79, "et al."),
        (109, "NEWS"),
        (134, "Thanks for reading!"),
        (136, "Forward this to a friend, or reply with your questions:"),
        (136, "[email protected]"),
        (138, "Unsubscribe"),
    ]


def test_plain_document_has_its_bodies(plain: tuple[Issue, Report]) -> None:
    items = items_of(plain[0])
    assert (
        items["Ringmem"].body
        == r"""![](media:ringmem-a-ring-of-memory-cells-around-one-small-network "a ring of memory cells around one small network")

## OVERVIEW

Recurrent networks forget. Ringmem gives them a ring of 64 cells that they read and write in turns, so that nothing is lost before it was read twice.

- works with nets of 10M ~ 300M parameters
- costs \$0.12 an hour on rented hardware; no \*special\* kernels
- drop-in: \`ring_size=64\` is the only new option

## WHY IT MATTERS

> “Most of what a model reads is noise. We ask it to keep the rest.”

Phones cannot hold a cache of 200K tokens. A ring of cells is smaller than one layer & never grows.

## METHOD

1) Read one token
2) Choose a cell by a learned score
   - a) the oldest cell is free to be written
   - b) every other cell is locked
3) Write the summary, see <https://ringmem.example.org/notes_v2.html>

![](media:ringmem-the-write-head-picks-a-cell "the write head picks a cell")

4) Repeat until the end \<EOS>

## SCORES

- Ringmem 300M: 61.4%
- Plain LSTM 300M: 48.0%
- Transformer 300M: 62.1%

::: credit
Source: table 4 of the paper
:::

## TERMS

LSTM
: a long short-term memory network

EOS
: the sign that ends a text

::: takeaways

## TL;DR

- Almost as good as attention, with a memory that never grows
- Nobody has tried it beyond 1B parameters

:::"""  # noqa: E501
    )
    assert (
        items["Tidal Attention"].body
        == """![](media:tidal-attention-tides-of-attention-over-4-layers "tides of attention over 4 layers")

## The idea

Attention is computed twice, once for what comes in and once for what flows out. The # of heads stays the same.

## Experiments

### Step 1

Train the inflow alone, for 3 epochs.

### Step 2

Add the outflow. The loss falls at once:

- from 2.31 to 2.18 on text
  - English profits most
  - Finnish does not profit at all
- from 1.90 to 1.88 on code

![](media:tidal-attention-loss-of-both-waves-over-time "loss of both waves over time")

::: credit
numbers taken from the appendix
:::

However, the second wave doubles the work."""
    )
    assert (
        items["Kestrel 3 is out"].body
        == """**Availability:** through the API only, no weights

::: note bycloud
I could not try it yet, so read this with care!
:::

## WHAT IS NEW

- Deletes what a user asked it to delete
- Answers “I do not know” twice as often
  - which is a good thing
- See the blog of the lab here

![](media:kestrel-3-is-out-kestrel-3-next-to-kestrel-2 "Kestrel 3 next to Kestrel 2")"""
    )
    assert (
        items["New rules for open weights"].body
        == """From March on, weights of large models need a label in the EU.

> A label is not a lock.

said one of the authors. The text of the law has 40 pages."""
    )


def test_marked_document_has_its_frame(marked: tuple[Issue, Report]) -> None:
    issue, report = marked
    assert (issue.number, issue.title, issue.tagline, issue.introduction, issue.closing) == (
        12,
        "Robots Learn to Knit",
        "Machine learning with a thread",
        "Welcome back! Two papers about yarn this week, and a company that gives its **whole** model away.",
        "",
    )
    assert [
        (item.kind, item.emoji, item.short_title, item.title, [author.name for author in item.byline])
        for item in items_of(issue).values()
    ] == [
        (
            "papers",
            "🧶",
            "KnitNet",
            "KnitNet: Planning Stitches with Small Transformers",
            ["Mei-Ling Zhào", "Kwame Osei", "Siobhán Ní Bhriain"],
        ),
        (
            "papers",
            "🪡",
            "Needle in a Hay-Stack",
            "Needle in a Haystack, with Real Needles",
            ["Ngô Thị Hương", "Björn Åkesson"],
        ),
        ("news", "🏭", "Loom opens its weights", "Loom Opens its Weights", []),
    ]
    assert reasons(report) == [
        (1, "Field Notes"),
        (1, "Issue No"),
        (5, "**In this issue**"),
        (7, "1. Papers: 2"),
        (8, "#knitnet"),
        (9, "#needle"),
        (10, "2. Industry News: 1"),
        (11, "#loom"),
        (15, "## Papers"),
        (21, "figures/loops.png"),
        (53, "---"),
        (57, "Authors:"),
        (57, "and"),
        (61, "figures/arm.png"),
        (75, "* * *"),
        (77, "Thanks for reading, and see you in two weeks!"),
        (79, "[Subscribe](https://knit.example.org/subscribe)"),
    ]


def test_marked_document_passes_through(marked: tuple[Issue, Report]) -> None:
    """Only pictures, the source line, the note and the end of the document are not as they were typed."""
    source = MARKED.read_text(encoding="utf-8").splitlines()
    knitnet = "\n".join([*source[20:52], *source[80:82]])
    knitnet = knitnet.replace("(figures/loops.png ", "(media:knitnet-loops ")
    knitnet = knitnet.replace("*numbers taken from table 2*", "::: credit\n*numbers taken from table 2*\n:::")
    items = items_of(marked[0])
    assert items["KnitNet"].body == knitnet.strip()
    assert (
        items["Needle in a Hay-Stack"].body
        == """A robot arm looks for a needle; see [the film][film].

![the arm](media:needle-in-a-hay-stack-arm)

![a logo](https://knit.example.org/logo.png)

::: note bycloud
I would have used a magnet.
Would you not?
:::

[film]: https://knit.example.org/film "The film\""""
    )
    assert items["Loom opens its weights"].body == "1. The licence is *open*.\n2. The data is not."


def test_marked_document_stores_the_picture_beside_it(marked: tuple[Issue, Report]) -> None:
    images = {image.name: image for image in Image.objects.all()}
    loops, arm = images.pop("knitnet-loops"), images.pop("needle-in-a-hay-stack-arm")
    assert images == {}
    assert (loops.alt, loops.caption, loops.width, loops.height) == (
        "One needle, three loops",
        "Each loop is one token",
        40,
        30,
    )
    assert (arm.alt, arm.caption, arm.file.name) == ("the arm", "", "")


def test_plain_document_loses_no_word(plain: tuple[Issue, Report]) -> None:
    assert words.of_document(PLAIN) - words.of_issue(*plain) == Counter()
    assert words.of_document(PLAIN) - words.of_page(*plain) == Counter()


def test_marked_document_loses_no_word(marked: tuple[Issue, Report]) -> None:
    awaited = Counter(["the", "arm"])  # an alternative text is not shown before its picture is there
    assert words.of_document(MARKED) - words.of_issue(*marked) == Counter()
    assert words.of_document(MARKED) - words.of_page(*marked) - awaited == Counter()


# The title line


@pytest.mark.parametrize(
    ("first", "number", "title"),
    [
        ("The AI Timeline #2 - AI Can Think", 2, "AI Can Think"),
        ("The AI Timeline #2 – AI Can Think", 2, "AI Can Think"),
        ("The AI Timeline #2: AI Can Think", 2, "AI Can Think"),
        ("The AI Timeline 31 — AI Can Think", 31, "AI Can Think"),
        ("Issue 12: A Title - With a Dash", 12, "A Title - With a Dash"),
        ("Issue #12 | A Title", 12, "A Title"),
        ("Vol. 3 · A Title", 3, "A Title"),
        ("№ 5 A Title", 5, "A Title"),
        ("A Title (Issue 12)", 12, "A Title"),
        ("The AI Timeline #9\n\nA Title", 9, "A Title"),
        ("A Title\n\nIssue 9", 9, "A Title"),
        ("The AI Timeline\n\nIssue 9 · 1 May 2025\n\nA Title", 9, "A Title"),
        ("The AI Timeline: A Title of 2025", None, "A Title of 2025"),
        ("Issue 4: GPT-5 vs. Issue 3", 4, "GPT-5 vs. Issue 3"),
    ],
)
def test_title_line_gives_number_and_title(first: str, number: int | None, title: str) -> None:
    report = Report()
    lines = read_lines(f"{first}\n\nIndustry News\n\n🐟 An item\n", report)
    document = read_text(Path("document.txt"), lines, Publication(), report)
    assert (document.number, document.fields["title"]) == (number, title)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Issue 1: Title\n\nHello", "The document names no section: put a line such as"),
        ("Industry News\n\n🐟 An item", "The document has no title: put a line such as"),
        ("Issue 1\n\nIndustry News\n\n🐟 An item", "The document has a number but no title"),
    ],
)
def test_document_without_frame_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(CannotImport, match=sentence):
        read(text)


# Sections and contents


@pytest.mark.parametrize("name", ["Industry News", "INDUSTRY NEWS:", "📰 Industry News", "News", "— AI News —"])
def test_section_is_known_by_its_names(name: str) -> None:
    _, items, _ = read(f"Issue 1: Title\n\n{name}\n\n🐟 An item\n\nIts text.")
    assert items == [{"kind": "news", "emoji": "🐟", "title": "An item", "body": "Its text."}]


def test_short_name_of_a_section_within_an_item_is_a_heading() -> None:
    _, items, _ = read("Issue 1: Title\n\nIndustry News\n\n🐟 An item\n\nResearch\n\n• goes on\n\n• and on")
    assert items == [{"kind": "news", "emoji": "🐟", "title": "An item", "body": "## Research\n\n- goes on\n- and on"}]


def test_contents_may_be_written_in_another_order() -> None:
    _, items, report = read(
        "Issue 1: Title\n\nIndustry News × 3\n\n🐟 Fish\n\n🦀 Crab\n\n🐙 Octopus\n\n"
        "Industry News\n\n🦀 A Crab Walks\n\nSideways.\n\n🐟 A Fish Swims\n\nAhead.\n"
    )
    assert [(item["emoji"], item["title"], item["short_title"]) for item in items] == [
        ("🦀", "A Crab Walks", "Crab"),
        ("🐟", "A Fish Swims", "Fish"),
    ]
    assert reasons(report) == [(1, "Issue"), (3, "Industry News × 3"), (9, "🐙 Octopus")]
    assert (3, "the document says 3, but 2 were found") in [(entry.line, entry.reason) for entry in report.guesses]


def test_items_without_emoji_are_known_from_the_contents() -> None:
    _, items, _ = read(
        "Issue 1: Title\n\nIn this issue\n\n1. Crab\n2. Fish\n\nIndustry News\n\nThe Crab Walks\n\nSideways.\n\n"
        "The Fish Swims\n\nAhead, and fast. The fish is no crab."
    )
    assert [(item["title"], item["short_title"], item["body"]) for item in items] == [
        ("The Crab Walks", "Crab", "Sideways."),
        ("The Fish Swims", "Fish", "Ahead, and fast. The fish is no crab."),
    ]


def test_items_without_contents_are_known_from_emoji() -> None:
    _, items, _ = read(
        "Issue 1: Title\n\nIndustry News\n\n🐟 Fish\n\n✅ swims\n\n✅ dives\n\nAll day.\n\n🦀 Crab\n\nSideways."
    )
    assert [item["title"] for item in items] == ["Fish", "Crab"]


def test_text_above_the_first_item_is_introduction() -> None:
    fields, items, report = read("Issue 1: Title\n\nIndustry News\n\nA quiet week. Nothing much.\n\n🐟 Fish\n\nSwims.")
    assert (fields["introduction"], items[0]["body"]) == ("A quiet week. Nothing much.", "Swims.")
    assert report.guesses[0].line == 5


# Authors


@pytest.mark.parametrize(
    ("line", "names", "dropped"),
    [
        ("Ann Lee, Bo Chen", ["Ann Lee", "Bo Chen"], []),
        ("Ann Lee and Bo Chen", ["Ann Lee", "Bo Chen"], ["and"]),
        ("Ann Lee, Bo Chen, and Cy Duc", ["Ann Lee", "Bo Chen", "Cy Duc"], ["and"]),
        ("Lee, Ann; Chen, Bo; and Duc, Cy", ["Ann Lee", "Bo Chen", "Cy Duc"], ["and"]),
        ("By Ann Lee", ["Ann Lee"], ["By"]),
        ("Authors: Ann Lee & Bo Chen", ["Ann Lee", "Bo Chen"], ["Authors:"]),
        ("Ann Lee*, Bo Chen1,2, Cy Duc³", ["Ann Lee", "Bo Chen", "Cy Duc"], ["*", "1,2", "³"]),
        ("Ann Lee, Bo Chen, et al.", ["Ann Lee", "Bo Chen"], ["et al."]),
        ("Patrick von Platen, Luciano Del Corro", ["Patrick von Platen", "Luciano Del Corro"], []),
        ("J. R. R. Tolkien, Conan O’Brien Jr.", ["J. R. R. Tolkien", "Conan O’Brien Jr"], []),
        ("Nguyễn Văn Ă, Răzvan Pașcanu", ["Nguyễn Văn Ă", "Răzvan Pașcanu"], []),
        ("Will May, Do You", ["Will May", "Do You"], []),
        ("王小明，李华", ["王小明", "李华"], []),
        ("Ann Lee", [], []),
        ("Training Data and Evaluation Setup", [], []),
        ("It is fast, cheap, and small", [], []),
        ("Fast, Cheap", [], []),
        ("GPT-4, Claude 2, Llama 2", [], []),
        ("", [], []),
    ],
)
def test_byline_gives_names_in_order(line: str, names: list[str], dropped: list[str]) -> None:
    assert read_byline(line) == (names, dropped)


# Bodies


@pytest.mark.parametrize(
    "text",
    [
        "2 ~ 4 and ~~5~~",
        "a * b * c, **d**, _e_, __init__, snake_case",
        "costs $1,016 or $5, and $x$",
        "a < b, <b>c</b>, <!-- d -->, &lt; & &amp;",
        "[a](b), ![c](d), [^1], [ ] e",
        "`code`, ``more``, \\ and \\* and \\",
        "C# and # of heads #",
        "“curly” ‘quotes’ and (c) ... -- ---",
        "see https://example.org/a_b*c?x=1&y=2#z. And (https://example.org/a_(b)).",
        "https://example.org/100%25, http://, https://example.org/“a”",
        ": a colon, | a | bar |",
        "# no heading, this sentence is a paragraph.",
        "> no end of a quote, or is it one.",
        "::: note that this is no container, just text.",
        "1986\\. A great year.",
    ],
)
def test_signs_of_markdown_are_shown_as_they_were_typed(text: str) -> None:
    page = markdown.to_html(body_of(f"We say that {text}\n\n• {text}\n\n{text}"))
    assert unescape(re.sub("<[^>]*>", "", page)).count(text.removeprefix("> ")) == 3


@pytest.mark.parametrize(
    ("lines", "markdown_text"),
    [
        ("• one\n• two\n  ◦ three\n• four", "- one\n- two\n  - three\n- four"),
        ("- one\n\n- two\n\n    - three\n\n        - four\n\n- five", "- one\n- two\n  - three\n    - four\n- five"),
        ("1. one\n2. two\n  • three\n3. four", "1. one\n2. two\n   - three\n3. four"),
        ("1. one\n• two\n2. three", "1. one\n   - two\n2. three"),
        ("3) one\n4) two", "3) one\n4) two"),
        ("1. one\n1. two\n4. three", "1. one\n1) two\n\n4. three"),
        ("• one\n  goes on\n• two", "- one goes on\n- two"),
        ("• one\n\n    a paragraph of it\n\n• two", "- one\n\n  a paragraph of it\n- two"),
        ("•\none\n•\ntwo", "- one\n- two"),
        ("• 2. one\n• - two", "- 2\\. one\n- \\- two"),
        ("01. one", "- 01. one"),
    ],
)
def test_lists_keep_their_levels_and_numbers(lines: str, markdown_text: str) -> None:
    assert body_of(f"A list, as an example.\n\n{lines}") == f"A list, as an example.\n\n{markdown_text}"


@pytest.mark.parametrize(
    ("line", "markdown_text"),
    [
        ("bycloud: I like it.", "::: note bycloud\nI like it.\n:::"),
        ("Bycloud — I like it.", "::: note bycloud\nI like it.\n:::"),
        ("Goal: to like it.", "**Goal:** to like it."),
        ("Somebody: I like it.", "**Somebody:** I like it."),
        ("Image credit: Ann Lee", "::: credit\nImage credit: Ann Lee\n:::"),
        ("all figures are courtesy of Ann Lee", "::: credit\nall figures are courtesy of Ann Lee\n:::"),
        ("The data was taken from books. It is old.", "The data was taken from books. It is old."),
        ("“A sentence that somebody else wrote.”", "> “A sentence that somebody else wrote.”"),
        ("> one\n\n> two", "> one\n>\n> two"),
    ],
)
def test_notes_credits_and_quotes_are_told_apart(line: str, markdown_text: str) -> None:
    assert body_of(f"A text, as an example.\n\n{line}") == f"A text, as an example.\n\n{markdown_text}"


def test_rules_are_reported_and_underline_headings() -> None:
    _, items, report = read(
        "Issue 1: Title\n\nIndustry News\n\n🐟 An item\n\nIt swims.\n\n"
        "in the deep of the sea\n-------\n\nBut not today.\n\n***"
    )
    assert items[0]["body"] == "It swims.\n\n## in the deep of the sea\n\nBut not today."
    assert reasons(report) == [(1, "Issue"), (10, "-------"), (14, "***")]


def test_words_are_explained_only_under_such_a_heading() -> None:
    scores = "• Orca - better than most\n\n• Crab - worse than most"
    assert body_of(f"Results\n\n{scores}") == "## Results\n\n- Orca - better than most\n- Crab - worse than most"
    assert body_of(f"Terms\n\n{scores}") == ("## Terms\n\nOrca\n: better than most\n\nCrab\n: worse than most")


@pytest.mark.parametrize(
    ("last", "closing", "left_out"),
    [
        (["Thank you for reading!", "Until next week", "Share"], "", 3),
        (["That’s all, folks!", "Stay curious", "Unsubscribe"], "Stay curious", 2),
        (["Share your prompts with care, says the lab.", "It is a good model."], "", 0),
        (["We thank nobody.", "bycloud: subscribe to hear more!"], "", 0),
    ],
)
def test_end_of_the_document_is_left_to_the_site(last: list[str], closing: str, left_out: int) -> None:
    fields, items, report = read("\n\n".join(["Issue 1: Title", "Industry News", "🐟 An item", "Its text.", *last]))
    assert fields.get("closing", "") == closing
    assert len(report.left_out) == 1 + left_out  # “Issue”
    assert (items[0]["body"] == "Its text.") is bool(left_out)


# Any document

LINES = """

---
•
2.
Industry News
Research Papers x 2
Papers (1)
News
Contents
Ann Lee, Bo Chen and Cy Duc et al.
bycloud: well
Source: a book
Reply
Thank you!
Overview
KEY TAKEAWAYS
Terms:
Idea 1
a small caption
[email protected]
```
::: x
## Papers
#### Part
![a](b.png "c")
[^1]: a note
a[^1]
[1]: b
*c*"""
some_words = st.text(alphabet="ab Ż1 _*#.:-$<[]`~&(x)>|“\\'\u00a0", min_size=1, max_size=40)
some_lines = st.one_of(
    some_words,
    st.sampled_from(LINES.split("\n")),
    st.builds("{}{} {}".format, st.sampled_from(["", "  ", "    ", "\t"]), st.sampled_from("•-*◦"), some_words),
    st.builds("{}{}{} {}".format, st.sampled_from(["", "   "]), st.integers(0, 30), st.sampled_from(".)"), some_words),
    st.builds(
        "{} {}".format, st.sampled_from(["🐟", "🦀", "🖼️", "✅", ">", "AB -", "Label:", "https://a.org/"]), some_words
    ),
)


@given(
    name=st.sampled_from(["document.txt", "document.md"]),
    first=st.sampled_from(["Issue 7 | A Title", "# The AI Timeline #2 - A Title", "A Title"]),
    lines=st.lists(some_lines, max_size=30),
    gap=st.sampled_from(["\n", "\n\n"]),
)
def test_any_document_is_refused_or_loses_no_word(name: str, first: str, lines: list[str], gap: str) -> None:
    marks = ("## ", "### ") if name == "document.md" else ("", "")
    papers, news = (f"{marks[0]}{title}\n{gap}{marks[1]}🐟 An item" for title in ("Research Papers", "Industry News"))
    text = gap.join([first, *lines[:3], papers, *lines[3:], news, *lines])
    report = Report()
    source = read_lines(text, report)
    try:
        document = read_text(Path(name), source, Publication(), report)
    except CannotImport:
        return
    labels = [str(document.number), document.fields["title"], document.fields.get("tagline", "")]
    labels += [section(kind).title for kind in {item.kind for item in document.items}]
    for item in document.items:
        labels += [item.fields["title"], item.fields.get("short_title", ""), *(item.authors or [])]
    typed = "\n".join(line.text for line in source)
    if name == "document.md" or first.startswith("#"):
        # Markdown is kept as it was typed, whatever its page shows; only titles lose marks, “*a*b” is one word there.
        kept = "".join([*labels, *document.texts, *(entry.text for entry in report.left_out)])
        assert letters(typed) - letters(kept) == Counter()
    else:
        assert words.words(typed) - words.of_parts(labels, document.texts, report) == Counter()


def letters(text: str) -> Counter[str]:
    return Counter(char for char in text if char.isalnum())
