import pytest

from timeline.importing import Report
from timeline.importing.plain import Writing, to_markdown
from timeline.importing.report import Line


@pytest.mark.parametrize(
    ("heading", "items", "credit", "expected"),
    [
        (
            "Results on Arithmetic",
            ["Whale 7B = 40.5", "Shark 13B = 41"],
            "Source: Ann Lee",
            "```scores Arithmetic\nmeasured by: Ann Lee\n*Whale 7B = 40.5\nShark 13B = 41\n```",
        ),
        ("MMLU scores:", ["A – 1%", "B – 2%"], "", "```scores MMLU\nA = 1%\nB = 2%\n```"),
        ("MMLU scores:", ["A: 1%", "B: better"], "", "- A: 1%\n- B: better"),
        ("Training", ["Epochs: 3", "Steps: 400"], "", "- Epochs: 3\n- Steps: 400"),
    ],
)
def test_list_of_scores_below_a_benchmark_becomes_a_block(
    heading: str, items: list[str], credit: str, expected: str
) -> None:
    lines = [heading, "", *(f"• {item}" for item in items), "", *([credit] if credit else [])]
    writing = Writing(Report(), [], lambda *_: "", subject=frozenset({"whale"}))
    text = to_markdown([Line(number, line) for number, line in enumerate(lines, 1)], writing)
    assert text == f"## {heading.removesuffix(':')}\n\n{expected}"
