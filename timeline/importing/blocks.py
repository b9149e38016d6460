"""Lines of plain text become blocks: list items with their depth, and text that belongs together."""

import re
from dataclasses import dataclass
from itertools import pairwise

from timeline.importing.report import Line, Report

BULLETS = "•◦▪▫‣⁃∙●○■□◆◇▸▹►▻➢➤"
SIGNS = [*BULLETS, *"-*+–·"]  # of which the last ones need a space behind them
BULLET = re.compile(rf"(?P<sign>[{BULLETS}]|[-*+–·](?= ))\s*(?P<text>\S.*)")
NUMBER = re.compile(r"(?P<sign>\(?(?:\d{1,3}|[a-z])[.)])\s+(?P<text>\S.*)")
LONE_SIGN = re.compile(rf"[{BULLETS}·]|\d{{1,3}}[.)]")
RULE = re.compile(r"\s*([-=_*~·•—–#.])(\s*\1){2,}\s*")


@dataclass
class Block:
    line: int
    text: str
    sign: str = ""  # "•", "2.", "b)": what made it an item of a list
    depth: int = 0  # of a list item; of text that goes on within one: the depth of its paragraphs
    underlined: bool = False


def has_sign(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (BULLET, NUMBER, RULE))


def wrap_width(lines: list[Line]) -> int:
    """The width to which the author's program wrapped the lines; 0 if each line is a paragraph."""
    pairs = [
        (len(line.text.rstrip()), len(after.text.split()[0]))
        for line, after in pairwise(lines)
        if line.text.strip() and after.text.strip() and not has_sign(after.text.strip())
    ]
    width = max((length for length, _ in pairs), default=0)
    full = sum(length + 1 + word > width for length, word in pairs)
    return width if 40 <= width <= 120 and full * 3 > len(pairs) else 0


def read_blocks(lines: list[Line], width: int, report: Report) -> list[Block]:
    """The blocks of `lines`. A line that is full to `width` goes on in the next one."""
    blocks: list[Block] = []
    levels: list[tuple[int, str]] = []
    gap, last = True, ""
    lone: Line | None = None  # a sign whose text stands on the next line, as copies of PDF files have it
    for line in lines:
        text = line.text.strip()
        if not text:
            gap = True
        elif RULE.fullmatch(text):
            if blocks and not gap and not blocks[-1].sign and text[0] in "=-~_":
                blocks[-1].underlined = True
            report.leave_out(line.number, text, "a rule, the site draws its own")
            gap = True
        elif LONE_SIGN.fullmatch(text):
            if lone:
                report.leave_out(lone.number, lone.text, "the sign of a list without text")
            lone, gap = line, True
        else:
            indent = column(lone or line)
            goes_on = bool(blocks) and not gap
            is_full = goes_on and bool(width) and len(last) + 1 + len(text.split()[0]) > width
            signed = f"{lone.text.strip()} {text}" if lone else text
            item = BULLET.fullmatch(signed) or NUMBER.fullmatch(signed)
            if item and not (is_full and not blocks[-1].sign):
                if deepen(levels, indent, item["sign"]):
                    report.guess(line.number, text, "part of the list item above it, because its sign is another")
                blocks.append(Block(line.number, item["text"], item["sign"], len(levels) - 1))
            elif goes_on and (is_full or (levels and indent > levels[-1][0])):
                blocks[-1].text += f" {text}"
            elif levels and indent > levels[-1][0] + 1:
                blocks.append(Block(line.number, text, depth=len(levels)))
            else:
                levels.clear()
                blocks.append(Block(line.number, text))
            gap, last, lone = False, line.text.rstrip(), None
    if lone:
        report.leave_out(lone.number, lone.text, "the sign of a list without text")
    return blocks


def column(line: Line) -> int:
    text = line.text.expandtabs(4)
    return len(text) - len(text.lstrip())


def deepen(levels: list[tuple[int, str]], indent: int, sign: str) -> bool:
    """Find the place of a list item among `levels`, the (indent, style of sign) of the items around it.

    True where only another sign at the same indent says that it is part of the item above.
    """
    style = re.sub("[a-z]", "a", re.sub(r"\d+", "1", sign))
    while levels and levels[-1][0] > indent + 1:
        levels.pop()
    same = [index for index, (other, _) in enumerate(levels) if abs(other - indent) <= 1]
    known = [index for index in same if levels[index][1] == style]
    if known:
        del levels[known[0] + 1 :]
        return False
    if "1" in style and same:  # numbers do not stand below bullets at the same indent: another list begins
        del levels[same[0] :]
        same = []
    levels.append((indent, style))
    return bool(same)
