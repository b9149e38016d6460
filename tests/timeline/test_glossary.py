"""Terms in a text: which words they are, where they are marked, and that marking touches nothing else."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.timeline.test_markdown_properties import Outline, texts
from timeline import markdown
from timeline.glossary import Explained, Glossary
from timeline.markdown import Context


def explained(name: str, *others: str, expansion: str = "") -> Explained:
    slug = name.lower().replace(" ", "-")
    return Explained(slug, slug, name, (name, *others), expansion, f"What {name} is.")


TERMS = Glossary(
    [
        explained("LCM", "LCMs", expansion="Latent Consistency Model"),
        explained("LoRA"),
        explained("token", "tokens"),
        explained("context window"),
        explained("consistency model"),
        explained("latent consistency model"),
        explained("C++", " ", ""),
        explained("zero-shot CoT"),
        explained("mT5"),
    ]
)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("An LCM, two LCMs: “LCM”, (LCM) and LCM's", ["LCM", "LCMs", "LCM", "LCM", "LCM"]),
        ("lcm Lcm LCMX xLCM LCM2 _LCM_", []),
        ("LCM-LoRA, pre-LCM, LCM‑like, LCM–LoRA", ["LCM", "LoRA"]),
        ("An LCM - or LoRA-", ["LCM", "LoRA"]),
        (
            "A token. Tokens are it. “Token”: Tokens; Token? Yes! (Token",
            ["token", "Tokens", "Token", "Tokens", "Token"],
        ),
        ("A Token, TOKEN", []),
        ("1. Token", ["Token"]),
        ("a context window, a context  window, contextwindow", ["context window", "context  window"]),
        ("latent consistency model and consistency model", ["latent consistency model", "consistency model"]),
        ("C++ and C+ and XC++", ["C++"]),
        ("Zero-shot CoT", ["Zero-shot CoT"]),
        ("MT5 and mT5", ["mT5"]),
    ],
)
def test_whole_words_count_as_they_are_typed(line: str, found: list[str]) -> None:
    assert [line[use.start : use.end] for use in TERMS.uses(line)] == found


def test_of_two_terms_with_one_name_the_first_has_it() -> None:
    both = Glossary([explained("LCM"), explained("Other", "LCM")])
    assert [use.term.name for use in both.uses("LCM Other")] == ["LCM", "Other"]


def test_without_terms_nothing_is_found() -> None:
    assert list(Glossary([]).uses("LCM")) == []


def html(text: str, glossary: Glossary = TERMS, **options: str) -> str:
    return markdown.to_html(text, context=Context(glossary=glossary), **options)


def marked(text: str) -> list[str]:
    return [unescape(word) for word in re.findall(r'<span class="term">(.*?)<button', html(text), re.DOTALL)]


def test_first_use_is_marked_and_explained_behind_the_text() -> None:
    one = Glossary([Explained("1", "lcm", "LCM", ("LCM",), "Latent <b>", "Draws <i>&</i> more.")])
    assert html("An *LCM*, another LCM", one, prefix="papers-a") == (
        '<p>An <em><span class="term">LCM<button type="button" popovertarget="papers-a-term:lcm" '
        'popovertargetaction="show" aria-label="Explain LCM"></button></span></em>, another LCM</p>\n'
        '<div class="terms"><p popover="" id="papers-a-term:lcm"><b>LCM</b> <i>Latent &lt;b&gt;</i> '
        "Draws &lt;i&gt;&amp;&lt;/i&gt; more. "
        '<a href="/glossary/lcm/">In the glossary</a></p>\n</div>\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "# LCM",
        "LCM\n===",
        "`LCM`",
        "    LCM",
        "```\nLCM\n```",
        "```python LCM\nLCM\n```",
        "[LCM](/x)",
        "[an *LCM* here](/x)",
        "<https://a.b/LCM>",
        "$LCM$",
        "$$\nLCM\n$$",
        '![LCM](media:a "LCM")',
        "a ![LCM](https://a.b/c.png 'LCM')",
        "LCM\n: an LCM",
        "| LCM |\n| --- |\n| a |",
        "::: note LCM\na\n:::",
        "```scores LCM\nLCM = 1\n```",
        "a[^LCM]\n\n[^LCM]: b",
    ],
)
def test_nothing_is_marked_where_no_sentence_stands(text: str) -> None:
    assert html(text) == markdown.to_html(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- LCM\n- > LoRA", ["LCM", "LoRA"]),
        ("::: takeaways\n**Tokens**\n:::", ["Tokens"]),
        ("| a |\n| --- |\n| LCM |", ["LCM"]),
        ("LCM[^1]\n\n[^1]: LoRA", ["LCM", "LoRA"]),
        ("# LCM\n\n`LCM` [LCM](/x) then LCM", ["LCM"]),
        ("a context\nwindow", ["context\nwindow"]),
        ("a con*text window* and a *context* window and context window", ["context window"]),
        ("**LCM**-LoRA, LCM", ["LCM"]),
        ("Token and LCM LCM token LoRA", ["Token", "LCM", "LoRA"]),
        ("LCM\\\nLoRA", ["LCM", "LoRA"]),
    ],
)
def test_sentences_are_marked_wherever_they_stand(text: str, found: list[str]) -> None:
    assert marked(text) == found


def test_mail_and_text_are_without_marks() -> None:
    text, known = "An LCM", Context(glossary=TERMS)
    assert markdown.to_html(text, medium="email", context=known) == markdown.to_html(text, medium="email")
    assert markdown.to_text(text, context=known) == text


def test_marks_stay_out_of_a_text_that_is_read_once() -> None:
    with markdown.read_once():
        read = [html("An *LCM*, LCM", glossary).count("<button") for glossary in (TERMS, Glossary([]))]
        assert (read, markdown.to_text("An *LCM*, LCM")) == ([1, 0], "An LCM, LCM")


def test_what_is_remembered_belongs_to_its_glossary() -> None:
    assert [html("An LCM", glossary).count("<button") for glossary in (TERMS, Glossary([]), TERMS)] == [1, 0, 1]


class Read(HTMLParser):
    """What stands in a text without its explanations, and where the terms in it are marked."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.open: list[str] = []
        self.inside: list[str] = []  # tags around each mark
        self.targets: list[str] = []
        self.feed(source.partition('<div class="terms">')[0])
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("class") == "term":
            self.inside += self.open
        if tag == "button":
            self.targets.append(values["popovertarget"] or "")
        if tag not in Outline.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


WORDS = st.sampled_from(
    ["LCM", " LCM ", "LoRA ", "Token", " token", "context", " ", "window", "C++", ". ", "latent ", "-"]
)
full = st.lists(st.one_of(texts, WORDS, WORDS, WORDS), max_size=12).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=full, prefix=st.sampled_from(["", "papers-a"]))
@example("# LCM\n\n**LCM** [LCM *token*](/a) `LCM` $LCM$ ![LCM](/b) LCM token\n\nLCM\n: LCM", "papers-a")
def test_marking_changes_no_word_and_touches_only_sentences(text: str, prefix: str) -> None:
    Outline(html(text, prefix=prefix))
    plain, read = Read(markdown.to_html(text, prefix=prefix)), Read(html(text, prefix=prefix))
    assert "".join(read.parts) == "".join(plain.parts)
    silent = {"a", "code", "pre", "math", "h1", "h2", "h3", "h4", "h5", "h6", "dl", "th", "figure", "svg", "button"}
    assert silent & set(read.inside) == set()
    assert len(set(read.targets)) == len(read.targets)
