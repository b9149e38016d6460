"""What holds for any text: it is shown safely, completely, and before the reader has gone."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from threading import Timer
from urllib.parse import quote, unquote

from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.markdown import INPUTS
from timeline import markdown
from timeline.markdown import Context, Figure

ROOT = Path(__file__).parents[2]
PATIENCE = 15  # seconds for a quarter of the longest text: what grows with its square would need minutes

SYNTAX = [
    "# ", "### ", "\n===\n", "- ", "1. ", "- [x] ", "> ", "```", "```python\n", "~~~", "`", "*", "**", "_", "~~", "---",
    "| a | b |\n|:--|--:|\n", "|", "[", "]", "(", ")", "![", "](", "[a](/b)", "![a](media:b \"c\")", "![](media:b)",
    "[a]: /b\n", "[^1]", "[^1]: ", "^[", "$", "$$", "$x$", "\\frac{", "\\text{", "::: note a\n", "::: credit\n",
    "::: takeaways\n", ":::", "\n:::\n", "a\n: b\n", "\\", "&amp;", "&#106;", "&colon;", "<", ">", "<https://a.b>",
    "\n", "\n\n", "    ", "\t", " ", "a", "Überblick", "研究", "🐳",
]  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<style>*{}</style>",
    "</p>", "</math>", "<!--", "-->", "<![CDATA[", "<iframe srcdoc='", "\"onmouseover=\"alert(1)", "' onfocus='",
    "javascript:alert(1)", "JaVaScRiPt:", "java\nscript:", "java&Tab;script:", "&#x6A;avascript:", "data:text/html,",
    "vbscript:", "[a](javascript:alert(1))", "[a](<java\tscript:alert(1)>)", "[a](&#106;avascript&colon;alert(1))",
    "![a](javascript:alert(1))", "![a](data:image/svg+xml,<svg onload=alert(1)>)", "<javascript:alert(1)>",
    "[a]: javascript:alert(1)\n", "[a](//evil.example)", "[a](/\\evil.example)", "[a](https://a.b/\"onclick=\"x)",
    "![\"onerror=alert(1)](media:x\"onerror \"c\" onload=\")", "::: note <script>alert(1)</script>\n",
    "```<script>\n", "```\"onload=\n", "$\\text{<script>alert(1)</script>}$", "$</math><script>$",
    "$\\href{javascript:x}{y}$",
    "$\\color{red;background:url(x)}x$", "\x00", "\x0c", "\u202e", "\u2028", "\ud800", "\ufffe", "${{constructor}}",
]  # fmt: skip
texts = st.lists(st.sampled_from(SYNTAX) | st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=40).map("".join)


class AnyFigure(Mapping[str, Figure]):
    """Every name is a picture, which says its name, and has hostile texts."""

    def __getitem__(self, name: str) -> Figure:
        hostile = '"><script>alert(1)</script>'
        return Figure(f"/media/{quote(name, safe='', errors='replace')}", 4, 3, hostile, hostile, hostile)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Outline(HTMLParser):
    """Reads HTML as a browser would, and fails where it is not what timeline.markdown may write."""

    VOID = ("br", "hr", "img", "input")
    ADDRESSES = ("http://", "https://", "mailto:", "/", "#", "?")
    UNWANTED = ("script", "style", "iframe", "object", "embed", "svg", "form", "link", "meta", "base", "template")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self.media: list[str] = []
        self.blocks = 0  # at the top
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in self.UNWANTED
        values = {name: value or "" for name, value in attrs}
        assert [name for name in values if name.startswith("on") or name in {"style", "srcset", "formaction"}] == []
        for name in {"href", "src"} & values.keys():
            relative = ":" not in values[name].split("/")[0].split("?")[0].split("#")[0]
            assert relative or values[name].lower().startswith(self.ADDRESSES), values[name]
            assert not values[name].startswith(("//", "/\\")), values[name]
        self.blocks += not self.open
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            self.headings.append((int(tag[1]), values["id"]))
        if values.get("src", "").startswith("/media/"):
            self.media.append(unquote(values["src"].removeprefix("/media/")))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


@settings(max_examples=400, deadline=None)
@given(text=texts, level=st.integers(1, 7), prefix=st.sampled_from(["", "paper-orca-2", '"><script>']))
@example(text="[^1]: # a\n\n[x[^1]](/y)\n\n# a\n# a 2\n# a", level=2, prefix="")
def test_any_text_becomes_safe_and_well_nested_html(text: str, level: int, prefix: str) -> None:
    context = Context(AnyFigure(), "https://ai.example")
    site = Outline(markdown.to_html(text, level=level, prefix=prefix, context=context))
    mail = Outline(markdown.to_html(text, level=level, prefix=prefix, medium="email", context=context))
    Outline(markdown.to_html(text))
    found = [(heading.level, heading.id) for heading in markdown.headings(text, level=level, prefix=prefix)]
    assert found == site.headings == mail.headings
    assert len({id for _, id in found}) == len(found)


@settings(max_examples=200, deadline=None)
@given(text=texts)
@example("![a](media:b)\n\n[![a](media:c)](/d)\n\n- ![a](media:d)\n\n[^1]\n\n[^1]: ![](media:e)\n\n|![](media:f)|\n|-|")
def test_any_text_names_the_media_that_it_shows(text: str) -> None:
    shown = Outline(markdown.to_html(text, context=Context(AnyFigure()))).media
    assert set(shown) <= set(markdown.media_names(text))


@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_any_text_has_text_words_and_problems(text: str) -> None:
    plain = markdown.to_text(text, context=Context(AnyFigure(), "https://ai.example"))
    assert plain == plain.strip("\n")
    assert markdown.word_count(text) >= 0
    lines = [problem.line for problem in markdown.problems(text)]
    assert lines == sorted(lines)
    assert all(1 <= line <= len(text.splitlines()) + 1 for line in lines)


@settings(max_examples=300, deadline=None)
@given(text=texts)
@example("![a](media:b)\n![c](media:d)\n\n[e]: /f\n\n::: note\n- g\n\n  h\n:::\n\ni\n: j\n\n[^1]: k\n\n$$\nl\n$$")
def test_each_block_of_any_text_has_its_line(text: str) -> None:
    lines = markdown.block_lines(text)
    assert len(lines) == Outline(markdown.to_html(text, context=Context(AnyFigure()))).blocks
    assert lines == sorted(lines)
    ends = text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    assert all(1 <= line <= ends + 1 for line in lines)


# Each {} is a word that a reader must find again; what has none is markup.
PLACES = [
    "{}", "# {}\n", "## {} #\n", "{}\n===\n", "- {}\n", "  - {}\n", "1. {}\n", "- [x] {}\n", "> {}\n", "> > {}\n",
    "    {}\n", "```\n{}\n```\n", "```python {}\n{}\n```\n", "``` {} {}\n", "{}\n: {}\n", "*{}*", "**{}**", "~~{}~~",
    "`{}`", "[{}](https://a.b/{} \"{}\")", "[{}](javascript:{})", "<https://a.b/{}>", "<{}>", "<b>{}</b>",
    "![{}](media:a \"{}\")", "![{}](https://a.b/{} '{}')", "![{}](/{})", "\n\n![{}](media:a)\n\n", "[{}]: /{} \"{}\"\n",
    "[{}]: /a\n[{}]: /{}\n", "[^a]", "\n[^a]: {}\n", "\n\n[^b]: {}\n\n    {}\n\n", "$ {}", "$\\text{{{}}}$ ", "$\\{}$ ",
    "\n$$\n\\text{{{}}}\n$$\n",
    "\n\n| {} | {} |\n|---|--:|\n| {} | {} | {} |\n| {} |\n", "| {} |", "::: note {}\n{}\n:::\n",
    "::: credit {}\n{}\n:::\n", "\n::: takeaways\n- {}\n:::\n", "::: {}\n", ":::\n", "&{};", "\\{}",
    "\n", "\n\n", " ", "---\n",
]  # fmt: skip
places = st.lists(st.sampled_from(PLACES), max_size=30).map("".join)


@settings(max_examples=400, deadline=None)
@given(place=places, context=st.sampled_from([Context(), Context(AnyFigure())]))
def test_any_typed_word_is_in_text_and_html(place: str, context: Context) -> None:
    words = [f"word{number}x" for number in range(place.count("{}"))]
    text = place.format(*words)
    plain, html = markdown.to_text(text, context=context), markdown.to_html(text, context=context)
    assert ([word for word in words if word not in plain], [word for word in words if word not in html]) == ([], [])


def test_pathological_texts_end() -> None:
    """Two processes read half of them each, and are killed when one takes too long. `make bench` has whole ones."""
    names = list(INPUTS)
    with ThreadPoolExecutor(2) as pool:
        unfinished = list(pool.map(first_unfinished, [names[::2], names[1::2]]))
    assert unfinished == [None, None]


def first_unfinished(names: list[str]) -> str | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environment["PART"] = "4"
    command = [sys.executable, "-m", "benchmarks.markdown", *names]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the head of the table
        for name in names:
            killer = Timer(PATIENCE, process.kill)
            killer.start()
            line = process.stdout.readline()
            killer.cancel()
            if not line.startswith(name):
                return name
    return None
