import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.test_markdown import html
from timeline import markdown
from timeline.charts import bars, scale
from timeline.markdown import Context, Problem, Scores
from timeline.scores import MAX_ROWS, BadScores, Score, parse_scores

BLOCK = """Before

```scores BigBench
metric: accuracy
setting: zero-shot
measured by: Teknium https://example.org/notes
Orca <b> 13B = 40.36% ± 0.5
*Orca 2 13B = 53.04%
```
"""
SCORES = Scores(
    "BigBench", "accuracy", "%", False, "zero-shot", "Teknium", "https://example.org/notes",
    (Score("Orca <b> 13B", "40.36", "0.5", False), Score("Orca 2 13B", "53.04", "", True)),
)  # fmt: skip


def test_block_is_read_as_it_was_meant() -> None:
    assert markdown.scores(BLOCK) == [SCORES]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A = 1", {"unit": "", "lower_is_better": False, "metric": "", "setting": "", "source": "", "source_url": ""}),
        ("metric: FID (lower is better)\nA = 3.2", {"metric": "FID", "lower_is_better": True}),
        ("metric: FID, lower is better\nA = 3.2", {"metric": "FID", "lower_is_better": True}),
        ("Metric: higher is better\nA = 3.2", {"metric": "", "lower_is_better": False}),
        ("setting: k = 5, T = 0\nA = 3.2", {"setting": "k = 5, T = 0"}),
        ("measured by: the authors\nA = 1", {"source": "", "source_url": ""}),
        ("measured by: Ann Lee\nA = 1", {"source": "Ann Lee", "source_url": ""}),
        ("measured by: Ann Lee, https://a.b/c\nA = 1", {"source": "Ann Lee", "source_url": "https://a.b/c"}),
        ("measured by: Ann javascript:alert(1)\nA = 1", {"source": "Ann javascript:alert(1)", "source_url": ""}),
        ("A = 12 tok/s ± 3 tok/s", {"unit": "tok/s", "rows": (Score("A", "12", "3", False),)}),
        ("A=−4.50 +/- 0.5", {"rows": (Score("A", "−4.50", "0.5", False),)}),
        ("* A (k = 2) = +4", {"rows": (Score("A (k = 2)", "4", "", True),)}),
    ],
)
def test_lines_are_read(text: str, expected: dict[str, Any]) -> None:
    found = parse_scores("scores X", text)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("info", "text", "line", "sentence"),
    [
        ("scores", "A = 1", 0, "name of the benchmark"),
        ("scores X", "", 0, "There is no score yet"),
        ("scores X", "metric: a", 0, "There is no score yet"),
        ("scores X", "\nA: 1", 2, "Write “Model = 53.04”"),
        ("scores X", "A = high", 1, "Write a score as"),
        ("scores X", "A = 1,5", 1, "Write a score as"),
        ("scores X", "A = 1e999", 1, "Write a score as"),
        ("scores X", " = 1", 1, "Write a score as"),
        ("scores X", "A = 1\nA = 2", 2, "“A” stands twice"),
        ("scores X", "setting: a\nsetting: b\nA = 1", 2, "“setting” stands twice"),
        ("scores X", "A = 1%\nB = 2", 2, "The unit is missing here and “%” above"),
        ("scores X", "A = 1% ± 2 ms", 1, "another unit"),
        ("scores X", f"{'A' * 101} = 1", 1, "101 characters"),
        (f"scores {'X' * 101}", "A = 1", 0, "101 characters"),
        ("scores X", f"setting: {'a' * 201}\nA = 1", 1, "201 characters"),
        ("scores X", "\n".join(f"A{n} = 1" for n in range(MAX_ROWS + 1)), 0, "61 scores"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(info: str, text: str, line: int, sentence: str) -> None:
    with pytest.raises(BadScores, match=re.escape(sentence)) as caught:
        parse_scores(info, text)
    assert caught.value.line == line


def test_editor_is_told_the_line_in_the_text_and_the_site_shows_code() -> None:
    text = "- item\n\n  ```scores X\n  A = 1\n  B = x\n  ```\n"
    (problem,) = markdown.problems(text)
    assert (problem.line, problem.message[:32]) == (5, "These scores cannot be read. Wri")
    assert '<pre tabindex="0"><code>A = 1B = x</code></pre>' in html(text)
    assert markdown.problems(BLOCK) == [] == markdown.scores(text)
    assert isinstance(problem, Problem)


@given(st.text(max_size=80), st.text(alphabet="aA=%±.*:\n 0123456789+-−", max_size=200))
def test_whatever_is_typed_gives_scores_or_a_sentence(info: str, text: str) -> None:
    try:
        found = parse_scores(f"scores {info}", text)
    except BadScores as error:
        assert 0 <= error.line <= len(text.splitlines()) and str(error)
    else:
        assert found.rows and [score.value for score in found.ranked]


def test_site_shows_chart_table_and_source_with_the_way_to_the_board() -> None:
    shown = html(BLOCK, prefix="papers-orca")
    chart = shown[shown.index("<svg") : shown.index("</svg>")]
    assert '<p class="title"><a href="/benchmarks/bigbench/">BigBench</a></p><svg' in shown
    assert 'aria-labelledby="papers-orca-scores-1-title papers-orca-scores-1-description"' in chart
    assert re.findall(r'<rect x="(\S+)" y="(\S+)" width="(\S+)"', chart) == [("0", "34", "530.4"), ("0", "94", "403.6")]
    assert '<g class="own">' in chart and ">this model<" in chart
    assert (
        '<tbody><tr class="own"><th scope="row">Orca 2 13B (this model)</th><td class="right">53.04%</td></tr>'
        '<tr><th scope="row">Orca &lt;b&gt; 13B</th><td class="right">40.36 ± 0.5%</td></tr></tbody></table></details>'
        "<figcaption>Accuracy, zero-shot, higher is better. Measured by "
        '<a href="https://example.org/notes" rel="noopener">Teknium</a>, not by the authors.</figcaption></figure>'
    ) in shown


def test_mail_and_text_show_the_table() -> None:
    shown = html(BLOCK, medium="email", context=Context({}, "https://ai.example"))
    assert '<p><b><a href="https://ai.example/benchmarks/bigbench/">BigBench</a></b></p><table' in shown
    assert ("<svg" in shown, "<details" in shown, shown.count("<tr")) == (False, False, 3)
    assert markdown.to_text(BLOCK) == (
        "Before\n\n"
        "BigBench: accuracy, zero-shot, higher is better. Measured by Teknium, https://example.org/notes.\n\n"
        "Model                   | Score\n"
        "------------------------+-------------\n"
        "Orca 2 13B (this model) | 53.04%\n"
        "Orca <b> 13B            | 40.36 ± 0.5%"
    )


def test_search_and_reading_time_know_what_stands_in_a_block() -> None:
    assert markdown.blocks(BLOCK)[1] == (
        "BigBench · accuracy, zero-shot, higher is better · Orca <b> 13B 40.36 ± 0.5% · Orca 2 13B 53.04% · Teknium"
    )
    assert markdown.word_count(BLOCK) == 17


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (40.36, 53.04, [0, 10, 20, 30, 40, 50, 60]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (-3, 12, [-5, 0, 5, 10, 15]),
        (0, 0, [0, 1]),
        (0.01, 0.031, [0, 0.01, 0.02, 0.03, 0.04]),
        (-9, -2, [-10, -8, -6, -4, -2, 0]),
    ],
)
def test_scale_is_round_and_begins_at_zero(low: float, high: float, expected: list[float]) -> None:
    assert scale(low, high) == expected


def test_scale_of_dots_begins_where_they_do() -> None:
    assert scale(54.8, 57.7, from_zero=False) == [54.5, 55, 55.5, 56, 56.5, 57, 57.5, 58]
    assert scale(5, 5, from_zero=False) == [5, 6]


@given(
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6)),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6)),
)
def test_scale_holds_whatever_there_is(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ticks = scale(low, high)
    assert ticks[0] <= min(low, 0) and ticks[-1] >= max(high, 0) and 2 <= len(ticks) <= 9


def test_bars_below_zero_reach_to_the_zero_line() -> None:
    chart = bars(parse_scores("scores X", "A = -5\nB = 5 ± 1"), "x")
    assert re.findall(r'<rect x="(\S+)" y="\S+" width="(\S+)"', chart) == [("300", "250"), ("50", "250")]
    assert ("M300 0V128" in chart, "M500 41H600" in chart) == (True, True)  # the zero line, the error
