"""Lists of scores, such as “Whale 7B: 40.4%” below “Results on ArithmeticBench”, become blocks of scores."""

import re
from collections.abc import Collection

from timeline.importing.blocks import SIGNS, Block
from timeline.importing.report import Report
from timeline.scores import LANGUAGE

WHAT = r"(?:benchmarks?|comparisons?|evaluations?|performance|results?|scores?)"
HEADING = re.compile(
    rf"(?:.*\b)?{WHAT}\s+(?:on|for)\s+(?:the\s+)?(?P<on>\S.*)|(?P<before>\S.*?)\s+{WHAT}", re.IGNORECASE
)
ROW = re.compile(r"(?P<model>[^=]*?\w)\s*(?::|=|\s[–—-])\s*(?P<value>[-−]?\d{1,9}(?:\.\d{1,6})?\s*%?)")
SOURCE = re.compile(
    r"(?P<said>.*\b(?:from|by|of|via)|(?:sources?|credits?)\s*[:–—-])\s+(?P<who>\S.{,80}?)\.?", re.IGNORECASE
)


def scores_block(heading: str, blocks: list[Block], subject: Collection[str], report: Report) -> str:
    """The block of scores that this list is, below this heading; "" if it is none. `subject`: words of the title."""
    named = HEADING.fullmatch(heading.strip(" :"))
    rows = [ROW.fullmatch(block.text.strip()) for block in blocks if block.sign in SIGNS and not block.depth]
    if not named or len(rows) < max(2, len(blocks)) or not all(rows):
        return ""
    benchmark = named["on"] or named["before"]
    superfluous = re.compile(rf"(?P<model>.+?)(?P<said>\s+(?:{re.escape(benchmark)}\s+)?scores?)", re.IGNORECASE)
    lines = []
    for block, row in zip(blocks, rows, strict=True):
        assert row is not None
        model = row["model"]
        if found := superfluous.fullmatch(model):
            model = found["model"]
            report.leave_out(block.line, found["said"], "the block of scores says it")
        own = "*" if model.split()[0].lower() in subject else ""
        lines.append(f"{own}{model} = {row['value']}")
    report.guess(blocks[0].line, blocks[0].text, f"scores on {benchmark}")
    return "\n".join([f"```{LANGUAGE} {benchmark}", *lines, "```"])


def with_source(block: str, credit: Block, report: Report) -> str:
    """A block of scores with who measured them, if the credit below it says so; "" otherwise."""
    found = SOURCE.fullmatch(credit.text.strip())
    if not block.startswith(f"```{LANGUAGE} ") or not found:
        return ""
    report.leave_out(credit.line, found["said"], "the block of scores names who measured")
    first, rows = block.split("\n", 1)
    return f"{first}\nmeasured by: {found['who']}\n{rows}"
