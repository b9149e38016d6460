"""The body of an item in plain text becomes Markdown that says the same."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from timeline.importing.blocks import SIGNS, Block, read_blocks
from timeline.importing.report import Line, Report
from timeline.importing.scores import scores_block, with_source
from timeline.importing.shapes import HEADING_WORDS, Candidate, judge, words_of

URL = r"https?://(?:(?![<>\"\\`])[!-~])*(?:(?![<>\"\\`.,;:!?'()\[\]*_])[!-~])"
SIGN = r"[\\`*\[\]$]|~(?=~)|(?<![^\W_])_|_(?![^\W_])|<(?=[A-Za-z/!?])|&(?=#?\w+;)"
SHOWN = (
    r"(?:benchmarks?|charts?|data|figures?|graphs?|images?|numbers?|photos?|pictures?|plots?|results?|scores?"
    r"|screenshots?|tables?|videos?)"
)
CREDIT = re.compile(
    rf"(?:{SHOWN} )?(?:sources?|credits?|courtesy|via|h/t|hat tip)(?: (?:of|by|to))?\s*[:–—-]\s"
    rf"|.{{,40}}\b{SHOWN}\b.{{,20}}\b(?:(?:taken|adapted|borrowed|reproduced|copied) from|courtesy of|by|via)\b",
    re.IGNORECASE,
)
TAKEAWAYS = re.compile(r"\b(?:take-?aways?|tl;?dr|in short|in a nutshell|key points)\b", re.IGNORECASE)
GLOSSARY = re.compile(r"\b(?:keywords?|terms|terminology|glossary|definitions?|abbreviations|acronyms)\b", re.I)
DEFINITION = re.compile(r"(?P<term>[^\s:–—-](?:[^:–—]{,48}[^\s:–—])??)(?:\s+[-–—]|\s*:)\s+(?P<meaning>[^\W\d].*)")
LABEL = re.compile(r"(?P<label>[A-Z][^:.!?“”\"]{1,49}:)\s+(?P<rest>\S.*)")


def escape(text: str) -> str:
    """Markdown that shows `text` as it was typed, within a line; web addresses become links."""
    parts = re.split(f"({URL})", text)
    return "".join(link(part) if index % 2 else escape_signs(part) for index, part in enumerate(parts))


def escape_signs(text: str) -> str:
    return re.sub(SIGN, r"\\\g<0>", text)


def link(url: str) -> str:
    # Between angle brackets alone, what stands behind a percent sign would be shown decoded.
    return f"[{escape_signs(url)}](<{url}>)" if "%" in url else f"<{url}>"


def escape_start(text: str) -> str:
    """The same for the start of a line, where more signs have a meaning."""
    if number := re.match(r"(\d{1,9})([.)])(?=\s|$)", text):
        return f"{number[1]}\\{number[2]}{escape(text[number.end() :])}"
    return ("\\" if re.match(r"#{1,6}(\s|$)|[-+](\s|$)|[>|:]", text) else "") + escape(text)


@dataclass
class Writing:
    """What the lines of one text are read with."""

    report: Report
    editors: Collection[str]  # who may sign notes
    figure: Callable[[str, int], str]  # (caption, line): makes a figure that waits for its image, gives its name
    width: int = 0  # to which the lines are wrapped, see blocks.wrap_width()
    subject: frozenset[str] = frozenset()  # names of the title
    is_item: bool = True  # a picture may stand first in an item, not in an introduction


def to_markdown(lines: list[Line], writing: Writing) -> str:
    blocks = read_blocks(lines, writing.width, writing.report)
    writer = Writer(writing)
    for kind, run in groupby(zip(kinds(blocks, writing), blocks, strict=True), key=itemgetter(0)):
        getattr(writer, f"write_{kind}")([block for _, block in run])
    writer.close()
    return "\n\n".join(writer.parts)


def kinds(blocks: list[Block], writing: Writing) -> list[str]:
    """What each block is: "list", "note", "credit", "quote", "heading", "caption" or "paragraph"."""
    long = [block.text for block in blocks if not block.sign and len(block.text) > 90]
    small_style = len(long) > 2 and sum(text[0].islower() for text in long) * 2 > len(long)
    found: list[str] = []
    for index, block in enumerate(blocks):
        after = blocks[index + 1] if index + 1 < len(blocks) else None
        before = found[-1] if found else "" if writing.is_item else "paragraph"
        if block.sign or block.depth:
            found.append("list")
        elif signed(block.text, writing.editors):
            found.append("note")
        elif is_credit(block.text, before):
            found.append("credit")
        elif block.text[0] in ">|" or re.fullmatch('[“"«].{20,}[”“"»]', block.text):
            found.append("quote")
        else:
            candidate = Candidate(
                block.text,
                before,
                after="list" if after and opens_list(after) else "text" if after else "",
                next_text=after.text if after else "",
                underlined=block.underlined,
                subject=writing.subject,
                small_style=small_style,
            )
            kind, reasons = judge(candidate)
            found.append(kind)
            if kind == "caption":
                reason = "the caption of a picture that is missing here"
                writing.report.guess(block.line, block.text, f"{reason} ({', '.join(reasons)})")
            elif kind == "heading":
                writing.report.guess(block.line, block.text, f"a heading ({', '.join(reasons)})")
        if found[-1] in {"credit", "quote", "note"}:
            writing.report.guess(block.line, block.text, f"a {found[-1]}")
    return found


def opens_list(block: Block) -> bool:
    """Whether a list begins here; one that goes on with “4.” does not belong to the line above it."""
    return bool(block.sign) and not re.match(r"\(?(?:[2-9]|\d\d)", block.sign)


def escape_title(text: str) -> str:
    return re.sub(r"[\\\"]|&(?=#?\w+;)", r"\\\g<0>", text)


def signed(text: str, editors: Collection[str]) -> tuple[str, str] | None:
    """(name, note) of a note that an editor signed at its start, in bold or not."""
    for name in editors:
        mark = r"(?:\*\*|__)?"
        if match := re.match(rf"{mark}{re.escape(name)}{mark}\s*[:：–—-]{mark}\s+(?=\S)", text, re.IGNORECASE):
            return name, text[match.end() :]
    return None


def is_credit(text: str, before: str) -> bool:
    """Whether the line only tells where something comes from: it says so, and is no sentence of the text."""
    at_hand = before in {"list", "caption", "credit", "quote"} or text[:1].islower() or ": " in text[:30]
    return at_hand and len(text) <= 120 and bool(CREDIT.match(text))


class Writer:
    """Writes Markdown, one run of blocks of the same kind after the other."""

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.parts: list[str] = []
        self.above: list[str] = []  # the heading that stands above, and those below it until now
        self.in_takeaways = False

    def close(self) -> None:
        if self.in_takeaways:
            self.parts.append(":::")
        self.in_takeaways = False

    def write_heading(self, blocks: list[Block]) -> None:
        for index, block in enumerate(blocks):
            below = self.is_below(block.text, directly=index > 0)
            text = block.text.rstrip().removesuffix(":").rstrip() if len(block.text) > 1 else block.text
            if not below:
                self.close()
                self.above = []
                if TAKEAWAYS.search(text):
                    self.parts.append("::: takeaways")
                    self.in_takeaways = True
            self.above.append(text)
            # Signs at the end of a heading would be taken for its other half.
            escaped = re.sub(r"(?<=\s)(?=#+$)", r"\\", escape(text))
            self.parts.append(f"{'###' if below else '##'} {escaped}")

    def is_below(self, text: str, directly: bool) -> bool:
        """Whether a heading belongs to the one above it: it follows at once, or begins as its neighbour does.

        “Idea 2” stands below “Idea breakdown” as “Idea 1” does, “Results on MMLU” below “Results”.
        """
        if directly or not self.above:
            return directly
        first, *rest = words_of(text)
        if rest and rest[0].isdigit():
            return any(words_of(other)[0] == first for other in self.above[1:])
        return first in HEADING_WORDS and any(first in words_of(other) for other in self.above)

    def write_caption(self, blocks: list[Block]) -> None:
        for block in blocks:
            name = self.writing.figure(block.text, block.line)
            self.parts.append(f'![](media:{name} "{escape_title(block.text)}")')

    def write_paragraph(self, blocks: list[Block]) -> None:
        for block in blocks:
            match = LABEL.fullmatch(block.text)
            if match and not Candidate(match["label"], "", "").goes_on:
                self.writing.report.guess(block.line, match["label"], "the label of a paragraph, in bold")
                self.parts.append(f"**{escape(match['label'])}** {escape(match['rest'])}")
            else:
                self.parts.append(escape_start(block.text))

    def write_note(self, blocks: list[Block]) -> None:
        self.close()
        for block in blocks:
            name, text = signed(block.text, self.writing.editors) or ("", block.text)
            self.parts.append(f"::: note {name}\n{escape_start(text)}\n:::")

    def write_credit(self, blocks: list[Block]) -> None:
        if len(blocks) == 1 and self.parts and (scores := with_source(self.parts[-1], blocks[0], self.writing.report)):
            self.parts[-1] = scores
            return
        self.close()
        lines = "\n\n".join(escape_start(block.text) for block in blocks)
        self.parts.append(f"::: credit\n{lines}\n:::")

    def write_quote(self, blocks: list[Block]) -> None:
        paragraphs = [escape_start(re.sub(r"^[>|\s]+(?=\S)", "", block.text)) for block in blocks]
        self.parts.append("\n>\n".join(f"> {text}" for text in paragraphs))

    def write_list(self, blocks: list[Block]) -> None:
        heading = self.above[-1] if self.above else ""
        if scores := scores_block(heading, blocks, self.writing.subject, self.writing.report):
            self.parts.append(scores)
        elif self.is_glossary(blocks):
            self.writing.report.guess(blocks[0].line, blocks[0].text, "terms with their meanings")
            matches = [DEFINITION.fullmatch(block.text) for block in blocks]
            self.parts.append(
                "\n\n".join(f"{escape_start(m['term'])}\n: {escape_start(m['meaning'])}" for m in matches if m)
            )
        else:
            self.parts.append("\n".join(list_lines(blocks)))

    def is_glossary(self, blocks: list[Block]) -> bool:
        """Whether a list explains terms: its heading says so, or all of its terms are abbreviations."""
        simple = [block for block in blocks if block.sign in SIGNS and not block.depth]
        matches = [DEFINITION.fullmatch(block.text) for block in simple]
        if len(matches) < len(blocks) or not all(matches):
            return False
        return bool(self.above and GLOSSARY.search(self.above[-1])) or all(
            re.fullmatch(r"\w*[A-Z]\w*[A-Z]\w*", match["term"]) for match in matches if match
        )


def list_lines(blocks: list[Block]) -> list[str]:
    """The lines of a list with the lists within it, each number as it was typed."""
    lines: list[str] = []
    widths: list[int] = []  # of the signs of the items around
    counts: dict[int, tuple[int, str]] = {}  # by depth: the last number and the sign behind it
    for block in blocks:
        del widths[block.depth :]
        indent = " " * sum(widths)
        if not block.sign:
            lines += ["", f"{indent}{escape_start(block.text)}"]
            continue
        counts = {depth: count for depth, count in counts.items() if depth <= block.depth}
        number = re.search(r"(?:0|[1-9]\d*)(?=[.)])", block.sign)
        if number and number[0] == block.sign.strip("(.)"):
            last, end = counts.get(block.depth, (None, block.sign[-1]))
            if last is not None and int(number[0]) != last + 1:
                end = "." if end == ")" else ")"  # another list, or Markdown would count on
            if lines and number[0] != "1" and (last is None or int(number[0]) != last + 1):
                lines.append("")  # only a list that starts with 1 may follow a text at once
            counts[block.depth] = int(number[0]), end
            sign, text = f"{number[0]}{end} ", escape_start(block.text)
        else:
            counts.pop(block.depth, None)
            bullet = block.sign in SIGNS
            sign, text = "- ", escape_start(block.text) if bullet else escape(f"{block.sign} {block.text}")
        lines.append(f"{indent}{sign}{text}")
        widths.append(len(sign))
    return lines
