"""The dialect of docs/editing.md, as HTML for site and mail, as text, and as advice for editors."""

import re
from pathlib import Path

import pytest
from django.utils.safestring import SafeString

from timeline import markdown
from timeline.hypertext import LANGUAGES, Html
from timeline.markdown import Context, Figure, Heading, Problem
from timeline.mathml import CLASSES

CSS = Path(__file__).parents[2] / "static" / "css"
CHART = Figure("/media/chart.png", 1200, 800, "Four bars", "Scores on BigBench", "Teknium")
CONTEXT = Context({"chart": CHART, "sketch": Figure("", None, None, "", "A sketch", "Ann Lee")}, "https://ai.example")


def html(text: str, **options: object) -> str:
    """Without line breaks, which mean nothing between blocks."""
    return str(markdown.to_html(text, **options)).replace("\n", "")  # type: ignore[arg-type]


def test_html_is_blessed() -> None:
    assert isinstance(markdown.to_html("a"), SafeString)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*a* **b** ~~c~~ `d<e`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d&lt;e</code></p>"),
        ("a\\\nb", "<p>a<br>b</p>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("- a\n  1. b\n- c", "<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>"),
        ("3. a\n\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'),
        ("Term\n: First\n: Second", "<dl><dt>Term</dt><dd>First</dd><dd>Second</dd></dl>"),
        (
            "- [x] a\n- [ ] b",
            '<ul><li class="task-list-item"><input type="checkbox" disabled="" checked="" aria-label="Done"> a</li>'
            '<li class="task-list-item"><input type="checkbox" disabled="" aria-label="To do"> b</li></ul>',
        ),
        (
            "|a|b|c|\n|:-|:-:|-:|\n|d|e|f|",
            '<div class="table" tabindex="0" role="group" aria-label="Table"><table>'
            '<thead><tr><th scope="col" class="left">a</th><th scope="col" class="center">b</th>'
            '<th scope="col" class="right">c</th></tr></thead>'
            '<tbody><tr><td class="left">d</td><td class="center">e</td><td class="right">f</td></tr></tbody>'
            "</table></div>",
        ),
        ('<b onclick="x">a</b> <!-- b -->', '<p>&lt;b onclick="x"&gt;a&lt;/b&gt; &lt;!-- b --&gt;</p>'),
        ("$5 and $6", "<p>$5 and $6</p>"),
        ("7$ and 8$", "<p>7$ and 8$</p>"),
        ("\\$a$", "<p>$a$</p>"),
    ],
)
def test_html_of_blocks_and_lines(text: str, expected: str) -> None:
    assert html(text) == expected


def test_html_is_cleaned_whatever_its_writer_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Html, "text", lambda self, token: token.content)
    hostile = (
        '<script>a</script><b onclick="c" style="d" class="note">f</b>'
        '<svg onload="g"><use href="data:h"/><style>i</style>'
        '<a href="javascript:k"><text x="1" onclick="l">m</text></a><foreignObject><b>n</b></foreignObject>'
        '<animate attributeName="href"/><path d="M0 0" fill="url(o)"/></svg><video autoplay onplay="p" src="q"></video>'
    )
    assert html(hostile + "[h](https://i.j)") == (
        '<p><b class="">f</b><svg><a><text x="1">m</text></a><path d="M0 0"></path></svg><video></video>'
        '<a href="https://i.j" rel="noopener">h</a></p>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](https://b.c/?d=1&e=2 'f')", '<a href="https://b.c/?d=1&amp;e=2" title="f" rel="noopener">a</a>'),
        ("<https://b.c>", '<a href="https://b.c" rel="noopener">https://b.c</a>'),
        ("[a](mailto:b@c.d)", '<a href="mailto:b@c.d" rel="noopener">a</a>'),
        ("[a](/issues/2/)", '<a href="https://ai.example/issues/2/">a</a>'),
        ("[a](#results)", '<a href="#results">a</a>'),
        ("[a][b]\n\n[b]: /c", '<a href="https://ai.example/c">a</a>'),
        ("[a](javascript:b)", "[a](javascript:b)"),
        ("[a](&#106;avascript:b)", "[a](javascript:b)"),
        ("[a](data:text/html,b)", "[a](data:text/html,b)"),
        ("[a](//evil.example)", "[a](//evil.example)"),
        ("[a](media:chart)", "a"),
    ],
)
def test_links_lead_only_to_safe_addresses(text: str, expected: str) -> None:
    assert html(text, context=CONTEXT) == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.b/c?d=e#f", True),
        ("HTTP://a.b", True),
        ("mailto:a@b.c", True),
        ("https://a.b/Ü", True),
        *(
            (url, False)
            for url in ("", "/a", "a.b", "//a.b", "https:", "https://", "javascript:a", "data:a", "ftp://a")
        ),
        *((url, False) for url in (" https://a", "https://a b", "https://a\n", "java\tscript:a", "https://a\u202e")),
        *((url, False) for url in ("https://a\\@b", 'https://a"b', "https://[", "vbscript:a", "\x01https://a")),
    ],
)
def test_safe_href_takes_web_and_mail_addresses_without_tricks(url: str, safe: bool) -> None:
    assert markdown.safe_href(url) == (url if safe else "")


def test_headings_close_gaps_and_stay_unique() -> None:
    text = "### A\n\n# B & *c*\n\n### A\n\n## $x$\n\n## 研究\n\n## !!!\n\n> ###### a"
    expected = [(2, "a"), (2, "b-c"), (3, "a-2"), (3, "x"), (3, "yan-jiu"), (3, "section"), (4, "a-3")]
    texts = ["A", "B & c", "A", "x", "研究", "!!!", "a"]
    found = tuple(Heading(level, f"paper-x-{slug}", text) for (level, slug), text in zip(expected, texts, strict=True))
    assert markdown.headings(text, level=2, prefix="paper-x") == found
    tags = re.findall(r'<h(\d) id="([^"]*)">', markdown.to_html(text, level=2, prefix="paper-x"))
    assert tags == [(str(level), f"paper-x-{slug}") for level, slug in expected]


def test_headings_have_h6_as_floor_and_the_same_ids_at_any_level() -> None:
    text = "# A\n\n## B\n\n### C"
    assert [heading.level for heading in markdown.headings(text, level=5)] == [5, 6, 6]
    assert [heading.id for heading in markdown.headings(text)] == [h.id for h in markdown.headings(text, level=5)]


def test_footnotes_are_numbered_linked_and_prefixed() -> None:
    text = "a[^x] b[^y] c[^x]\n\n[^y]: Two.\n[^x]: One.\n\n    More.\n[^z]: Nobody refers to it."
    assert html(text, prefix="p") == (
        '<p>a<sup><a href="#p-fn:1" id="p-ref:1:1" aria-label="Footnote 1">1</a></sup>'
        ' b<sup><a href="#p-fn:2" id="p-ref:2:1" aria-label="Footnote 2">2</a></sup>'
        ' c<sup><a href="#p-fn:1" id="p-ref:1:2" aria-label="Footnote 1">1</a></sup></p>'
        '<div class="footnotes"><ol><li id="p-fn:1"><p>One.</p><p>More.'
        ' <a href="#p-ref:1:1" aria-label="Back to the text">Back</a>'
        ' <a href="#p-ref:1:2" aria-label="Back to the text">Back</a></p></li>'
        '<li id="p-fn:2"><p>Two. <a href="#p-ref:2:1" aria-label="Back to the text">Back</a></p></li>'
        '<li id="p-fn:3"><p>Nobody refers to it.</p></li></ol></div>'
    )


def test_footnotes_inside_others_and_defined_twice_lose_nothing() -> None:
    text = "a[^x]\n\n[^x]: One[^y].\n\n    [^y]: Two.\n\n[^x]: Again."
    assert markdown.to_text(text) == "a[1]\n\n* * *\n\n[1] One[2].\n\n[2] Two.\n\n[3] Again."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python\na = 1\n```", '<span class="n">a</span> <span class="o">=</span> <span class="mi">1</span>\n'),
        ("```py\n<b>\n```", '<span class="o">&lt;</span><span class="n">b</span><span class="o">&gt;</span>\n'),
        ("```\n<b>\n```", "&lt;b&gt;\n"),
        ("    <b>", "&lt;b&gt;\n"),
        ("```python\n" + "a" * 5_000 + "\n```", "a" * 5_000 + "\n"),
    ],
)
def test_code_is_highlighted_where_its_language_is_known(text: str, expected: str) -> None:
    assert markdown.to_html(text) == f'<pre tabindex="0"><code>{expected}</code></pre>\n'


def test_code_has_the_words_after_its_language_as_caption() -> None:
    code = '<pre tabindex="0"><code>a</code></pre>'
    for info, caption in {"text An *idea*": "An *idea*", "mermaid": "mermaid", "sql <b>": "&lt;b&gt;"}.items():
        plain = re.sub("</?span[^>]*>", "", html(f"```{info}\na\n```"))
        assert plain == f'<figure class="code">{code}<figcaption>{caption}</figcaption></figure>'


def test_formulas_become_mathml() -> None:
    x = "<msup><mi>x</mi><mn>2</mn></msup>"
    assert html("a $x^2$ b") == f"<p>a <math>{x}</math> b</p>"
    assert html("a $$x^2$$ b") == f'<p>a <math display="block">{x}</math> b</p>'
    group = 'class="math" tabindex="0" role="group" aria-label="Formula"'
    assert html("a\n$$\nx^2\n$$\nb") == f'<p>a</p><div {group}><math display="block">{x}</math></div><p>b</p>'
    assert html("$x^2$ of 2023") == f"<p><math>{x}</math> of 2023</p>"


def test_formulas_keep_their_alignment_without_style_attributes() -> None:
    aligned = html(r"$$\begin{aligned}a&=b\end{aligned}$$" + "\n\n" + r"$\textcolor{red}{x}$")
    assert 'class="m-text-align-right m-justify-items-end m-padding-right-0"' in aligned
    assert '<mrow mathcolor="#FF0000"><mi>x</mi></mrow>' in aligned
    assert " style=" not in aligned


def test_formulas_that_cannot_be_read_are_plain_code() -> None:
    assert html(r"a $\frac$ b") == r"<p>a <code>\frac</code> b</p>"
    assert html("$$\n\\nosuch<b>\n$$") == r"<p><code>\nosuch&lt;b&gt;</code></p>"
    assert html("$" + "x" * 2_001 + "$") == f"<p><code>{'x' * 2_001}</code></p>"


def test_media_names_are_in_order_and_unique() -> None:
    text = "![](media:b)\n\na ![](media:a) ![](https://c.d)\n\n|![](media:Größe)|\n|-|\n\n![][e]\n\n[e]: media:b 'f'"
    assert markdown.media_names(text) == ("b", "a", "Größe")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "::: note bycloud\nHello *you*.\n\n- a\n:::\nafter",
            '<aside class="note"><p><b class="signature">bycloud:</b> Hello <em>you</em>.</p>'
            "<ul><li>a</li></ul></aside><p>after</p>",
        ),
        (
            "::: note <b>\n- a\n:::",
            '<aside class="note"><p><b class="signature">&lt;b&gt;:</b> </p><ul><li>a</li></ul></aside>',
        ),
        ("::: credit\nTeknium\n:::", '<div class="credit"><p>Teknium</p></div>'),
        (
            "::: takeaways In short\n## Yes\n::: note x\ny\n:::\n```\n:::\n```\n:::\nafter",
            '<div class="takeaways"><p>In short</p><h1 id="yes">Yes '
            '<a class="permalink" href="#yes" aria-label="Permalink">#</a></h1>'
            '<aside class="note"><p><b class="signature">x:</b> y</p></aside>'
            '<pre tabindex="0"><code>:::</code></pre></div><p>after</p>',
        ),
        ("- ::: credit\n  a\n  :::\n- b", '<ul><li><div class="credit"><p>a</p></div></li><li>b</li></ul>'),
        ("::: warning\na\n:::", "<p>::: warninga:::</p>"),
    ],
)
def test_containers(text: str, expected: str) -> None:
    assert html(text) == expected


def test_mail_has_nothing_that_mail_programs_do_not_know() -> None:
    text = (
        "a[^1] $x$ ![](media:chart)\n\n![](media:chart)\n\n![](media:sketch)\n\n- [x] b\n\n::: note c\nd\n:::\n\n"
        "::: takeaways\ne\n:::\n\n$$f$$\n\n```text g\nh\n```\n\n[^1]: i"
    )
    img = '<img src="https://ai.example/media/chart.png" alt="Four bars"{} width="600">'
    titled = img.format(' title="Scores on BigBench — Teknium"')
    assert html(text, medium="email", context=CONTEXT) == (
        f"<p>a<sup>1</sup> <code>x</code> {titled}</p>"
        f'<p>{img.format("")}</p><p class="caption">Scores on BigBench <span class="credit">Teknium</span></p>'
        '<p>Figure to come</p><p class="caption">A sketch <span class="credit">Ann Lee</span></p>'
        '<ul><li class="task-list-item">☑ b</li></ul>'
        '<div class="note"><p><b class="signature">c:</b> d</p></div><div class="takeaways"><p>e</p></div>'
        '<p><code>f</code></p><pre tabindex="0"><code>h</code></pre><p class="caption">g</p>'
        '<div class="footnotes"><ol><li id="fn:1"><p>i</p></li></ol></div>'
    )


TEXT = """\
# Title

## Part *one*

### Deep

Some **bold**
text,[^1] [a paper](https://a.b "Its title"), <https://c.d> and [here](/issues/2/). $x^2$

- one
  1. two
  2. three
- [x] four

5. loose

   item

> quote

Term
: Definition

| Model | Score |
|-------|------:|
| Orca  | 40.36 |

![Bars](media:chart)

![Bars](media:unknown "Awaited")

![Out](https://e.f/g.png)

```python
x = 1
```

$$
y = 2
$$

::: note bycloud
Hello
:::

::: credit
Teknium
:::

[^1]: Foot.
"""
PLAIN = """\
Title
=====

Part one
--------

### Deep

Some bold text,[1] a paper (Its title, https://a.b), https://c.d and here (https://ai.example/issues/2/). $x^2$

- one
  1. two
  2. three
- [x] four

5. loose

   item

> quote

Term
    Definition

Model | Score
------+------
Orca  | 40.36

[Figure: Scores on BigBench. Teknium] (Bars)

[Figure: Awaited] (Bars)

[Image: Out] (https://e.f/g.png)

python

    x = 1

    y = 2

bycloud: Hello

Teknium

* * *

[1] Foot."""


def test_text_is_readable_and_complete() -> None:
    assert markdown.to_text(TEXT, context=CONTEXT) == PLAIN


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("|a|\n|-|\n|b|c|d|", "b | c | d"),
        ("[unused]: /address 'title'", "[unused]: /address 'title'"),
        ("[a]: /b\n[a]: /c\n\n[a]", "[a]: /c"),
        (">" * 50 + " deep", "deep"),
        ("".join("  " * depth + "- a\n" for depth in range(40)) + "  " * 40 + "- deep", "deep"),
        ("[^a]: [^b]: " * 30 + "deep", "deep"),
    ],
)
def test_text_keeps_what_commonmark_drops(text: str, kept: str) -> None:
    assert kept in markdown.to_text(text)
    assert kept in markdown.to_html(text)


def test_text_of_a_wide_cell_does_not_widen_its_column() -> None:
    assert markdown.to_text(f"|a|b|\n|-|-|\n|{'c' * 60}|d|\n|e|f|").split("\n")[3] == "e" + " " * 39 + " | f"


def test_problems_are_sentences_with_lines() -> None:
    text = "a\n$x$ and\n$\\nosuch$ b\n\n> c\n> $\\frac$\n\n$$\n{\n$$\n\n::: warning\nd\n:::\n\n- ::: note e\n  f\n\n:::"
    assert markdown.problems(text) == [
        Problem(3, r"This formula cannot be shown. Unknown command “\nosuch”.".replace("“", '"').replace("”", '"')),
        Problem(6, "This formula cannot be shown. Expected argument but reached end of input."),
        Problem(8, 'This formula cannot be shown. Expected closing token "}", but reached end of input.'),
        Problem(12, "“::: warning” is not known. Use one of: note, credit, takeaways."),
        Problem(16, "“::: note” is not closed. Write ::: on a line where it ends."),
        Problem(19, "This ::: closes nothing. Remove it, or open a block above it."),
    ]


def test_problems_of_a_good_text_are_none() -> None:
    assert markdown.problems(TEXT) == []


def test_too_long_a_text_is_refused_with_its_line() -> None:
    text = "a\n" * (markdown.MAX_LENGTH // 2)
    assert markdown.problems(text) == []
    message = "The text has 200,001 characters; 200,000 are possible. Split it into two."
    assert markdown.problems(text + "b") == [Problem(100_001, message)]
    for function in (markdown.to_html, markdown.to_text, markdown.headings, markdown.media_names, markdown.word_count):
        with pytest.raises(markdown.TextTooLong, match=re.escape(message)):
            function(text + "b")


def test_word_count_is_what_a_reader_reads() -> None:
    text = (
        "# Two words\n\n- one [link](https://a.b/c/d) — **bold**\n\n<https://no.word/at/all>\n\n"
        "```python\nx = y + 1\n```\n\n$a + b$ 53.04 %\n\n![alt text](media:a 'three word caption')\n\n"
        "::: note bycloud\nyes\n:::\n\nf[^1]\n\n[^1]: note"
    )
    expected = [2, 3, 0, 3, 2, 3, 2, 1, 1]
    assert markdown.word_count(text) == sum(expected)


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    assert html("a\x00\x0b\ud800\uffff&#1;b") == "<p>a�����b</p>"


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_code_css_has_contrast_in_light_and_dark() -> None:
    colours = re.findall(r"color: light-dark\((#\w{6}), (#\w{6})\)", (CSS / "code.css").read_text(encoding="utf-8"))
    assert len(colours) == 8
    sunk = ("#eff3f7", "#0a0e18")  # --sunk of tokens.css, light and dark
    assert min(contrast(colour, ground) for pair in colours for colour, ground in zip(pair, sunk, strict=True)) >= 4.5


def test_math_css_has_a_rule_for_every_class() -> None:
    rules = re.findall(r"^\.(m-\S+) { (\S+): (.*); }$", (CSS / "prose.css").read_text(encoding="utf-8"), re.MULTILINE)
    assert {f"{name}:{value}": selector for selector, name, value in rules} == CLASSES


def test_every_example_of_the_documentation_works() -> None:
    chapter = (CSS.parents[1] / "docs" / "editing.md").read_text(encoding="utf-8")
    examples = re.findall(r"^~~~markdown\n(.*?)^~~~$", chapter, re.MULTILINE | re.DOTALL)
    assert len(examples) == 9
    assert [markdown.problems(example) for example in examples] == [[]] * 9
    named = re.search(r"Coloured are: (.*?);", chapter, re.DOTALL)
    assert named and set(re.findall(r"\w+", named[1])) - {"and"} == LANGUAGES
