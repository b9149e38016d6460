"""The frame of a document: its header, its table of contents, its sections."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from timeline import markdown
from timeline.importing.blocks import BULLET, NUMBER, RULE
from timeline.importing.report import CannotImport, Line, Report
from timeline.sections import Section, sections

CONTENTS = re.compile(
    r"(?:table of )?contents|(?:in|inside) (?:this|today[’']s) (?:issue|week|edition)|what[’']s inside", re.IGNORECASE
)
# “News x 3”, “3 × News”, “News (3)”, “News: 3”
COUNTED = re.compile(
    r"(?:(?P<before>\d{1,3})\s*[x×]?\s+)?(?P<name>\S.*?)"
    r"(?:\s*[x×✕]\s*(?P<times>\d{1,3})|\s*[(\[]\s*[x×]?\s*(?P<inside>\d{1,3})\s*[)\]]|\s*[:–—-]\s*(?P<after>\d{1,3}))?",
    re.IGNORECASE,
)
EMOJI = re.compile(
    r"(?:(?:[\U0001F1E6-\U0001F1FF]{2}|[0-9#*]\uFE0F?\u20E3"
    r"|[\u2190-\u25FF](?=\uFE0F)|[\u231A-\u23FF\u2600-\u27BF\u2B00-\u2BFF\U0001F000-\U0001FAFF])"
    r"[\uFE0F\u200D\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]*)+"
)
CONTENTS_ARE_MADE = "the site makes the table of contents itself"
LONGEST_ENTRY = 120  # characters of an entry of the contents, or of a line that names a section


@dataclass
class Naming:
    """A line that names a section."""

    index: int
    section: Section
    count: int | None
    is_listed: bool  # stands in a list: an entry of the contents, never the start of a section
    is_title: bool  # has the title of the section, not only another name


@dataclass
class Listed:
    """An entry of the table of contents."""

    line: Line
    text: str
    section: Section | None


@dataclass
class Frame:
    header: list[Line]  # all before the contents, or before the first section
    contents: list[Listed] = field(default_factory=list)
    introduction: list[Line] = field(default_factory=list)  # what stands between contents and first section
    counts: list[tuple[Line, Section, int]] = field(default_factory=list)  # that the document claims
    parts: list[tuple[Section, list[Line]]] = field(default_factory=list)
    titles: dict[str, Line] = field(default_factory=dict)  # by kind, where it is the very title of the section


def without_sign(text: str) -> str:
    """`text` without the sign of a list item."""
    match = BULLET.fullmatch(text.strip()) or NUMBER.fullmatch(text.strip())
    return match["text"] if match else text.strip()


def shown(line: Line, *, marked: bool) -> str:
    """The text of a line as readers see it, without the sign of a list and the marks of Markdown."""
    text = re.sub(r"^#+\s+", "", without_sign(line.text)) if marked else without_sign(line.text)
    headings = markdown.headings(f"# {text}") if marked and not line.is_code else ()
    return headings[0].text.strip() or text if headings else text


def read_frame(lines: list[Line], *, marked: bool, report: Report) -> Frame:
    """Take the document apart; CannotImport where no section is named."""
    namings = find_namings(lines, marked)
    listed = contents_of(namings, lines, marked)
    found = [naming for naming in namings[len(listed) :] if starts_section(naming, lines, marked)]
    if not found:
        names = " or ".join(f"“{section.title}”" for section in sections())
        raise CannotImport(f"The document names no section: put a line such as {names} above its items.")
    frame = Frame(lines[: listed[0].index if listed else found[0].index])
    for naming, end in zip(listed, [*(after.index for after in listed[1:]), found[0].index], strict=False):
        line = lines[naming.index]
        report.leave_out(line.number, line.text, CONTENTS_ARE_MADE)
        if naming.count is not None:
            frame.counts.append((line, naming.section, naming.count))
        read_entries(lines[naming.index + 1 : end], naming.section, frame, marked, report)
    take_contents_line(frame, marked, report)
    for naming, end in zip(found, [*(after.index for after in found[1:]), len(lines)], strict=True):
        line = lines[naming.index]
        if any(naming.section is section for section, _ in frame.parts):
            report.leave_out(line.number, line.text, "its items stand in the same section as those above")
        elif shown(line, marked=marked) != naming.section.title:
            report.leave_out(line.number, line.text, f"the section is called “{naming.section.title}” here")
        else:
            frame.titles[naming.section.kind] = line
        if naming.count is not None:
            frame.counts.append((line, naming.section, naming.count))
        frame.parts.append((naming.section, lines[naming.index + 1 : end]))
    return frame


def leave_out_marks(line: Line, marked: bool, report: Report) -> None:
    """Report what shown() does not show: the number of a list item, and where links lead."""
    raw = re.sub(r"^#+\s*", "", line.text.strip())
    sign = raw[: len(raw) - len(without_sign(raw))].strip()
    if any(char.isalnum() for char in sign):
        report.leave_out(line.number, sign, "a number, the site counts itself")
    for target in re.findall(r"\]\(([^)]*)\)", line.text) if marked else []:
        report.leave_out(line.number, target, "the address of a link, enter it by hand if readers need it")


def split_emoji(text: str) -> tuple[str, str]:
    """(the emoji at the start, or "", and the rest)."""
    match = EMOJI.match(text)
    return (match[0], text[match.end() :].lstrip(" \t:–—-")) if match else ("", text)


def find_namings(lines: list[Line], marked: bool) -> list[Naming]:
    known = {name.casefold(): section for section in sections() for name in (section.title, *section.headings)}
    namings = []
    for index, line in enumerate(lines):
        if line.is_code or not line.text.strip() or len(line.text) > LONGEST_ENTRY:
            continue
        bare = re.sub(r"^[^\w(\[]+|[^\w)\]]+$", "", shown(line, marked=marked))
        match = COUNTED.fullmatch(bare)
        section = known.get(bare.casefold()) or (known.get(match["name"].casefold()) if match else None)
        if section:
            counts = [match[name] for name in ("before", "times", "inside", "after") if match[name]] if match else []
            is_listed = without_sign(line.text.strip()) != line.text.strip() and not line.level
            is_title = section.title.casefold() in bare.casefold()
            namings.append(Naming(index, section, int(counts[0]) if counts else None, is_listed, is_title))
    levels = [lines[naming.index].level for naming in namings if lines[naming.index].level]
    if levels:  # where sections are headings, a plain line with such a name is none, except in the contents
        repeated = {naming.section.kind for naming in namings if lines[naming.index].level}
        first = next(naming.index for naming in namings if lines[naming.index].level == min(levels))
        namings = [
            naming
            for naming in namings
            if lines[naming.index].level == min(levels) or (naming.index < first and naming.section.kind in repeated)
        ]
    return namings


def contents_of(namings: list[Naming], lines: list[Line], marked: bool) -> list[Naming]:
    """Those of `namings` that belong to the contents: the first ones, if their sections are named again later."""
    kinds = [naming.section.kind for naming in namings]
    again = next((index for index, kind in enumerate(kinds) if kind in kinds[:index]), 0)
    listed = namings[:again]
    for naming, after in pairwise(listed):
        if not all(is_entry(line, marked) for line in lines[naming.index + 1 : after.index]):
            return []
    return listed


def is_entry(line: Line, marked: bool) -> bool:
    text = shown(line, marked=marked)
    return len(text) <= LONGEST_ENTRY and not text.endswith((".", "!", ":")) and not line.is_code


def starts_section(naming: Naming, lines: list[Line], marked: bool) -> bool:
    """Whether a section begins here. A short name such as “News” may also be a heading within an item."""
    if naming.is_listed:
        return False
    after = next((line for line in lines[naming.index + 1 :] if line.text.strip()), None)
    if after is None or naming.is_title or lines[naming.index].level:
        return after is not None
    text = after.text.strip()
    return len(text) <= 300 and not text.endswith((".", ":")) and without_sign(text) == text


def read_entries(lines: list[Line], section: Section | None, frame: Frame, marked: bool, report: Report) -> None:
    """Sort what stands below a line of the contents: entries, and the introduction that may follow them."""
    has_signs = False
    for index, line in enumerate(lines):
        text, raw = shown(line, marked=marked), line.text.strip()
        is_plain = without_sign(raw) == raw and not split_emoji(text)[0]
        if text and not RULE.fullmatch(raw) and (not is_entry(line, marked) or (has_signs and is_plain)):
            frame.introduction += lines[index:]
            return
        if RULE.fullmatch(raw):
            report.leave_out(line.number, raw, "a rule, the site draws its own")
        elif text:
            has_signs = has_signs or not is_plain
            frame.contents.append(Listed(line, text, section))
            leave_out_marks(line, marked, report)


def take_contents_line(frame: Frame, marked: bool, report: Report) -> None:
    """A line such as “In this issue” goes from the header, with the entries that stand below it."""
    for index, line in enumerate(frame.header):
        text = shown(line, marked=marked)
        if CONTENTS.fullmatch(re.sub(r"^\W+|\W+$", "", text)):
            report.leave_out(line.number, line.text, CONTENTS_ARE_MADE)
            entries, frame.contents = frame.contents, []
            later, frame.introduction = frame.introduction, []
            read_entries(frame.header[index + 1 :], None, frame, marked, report)
            frame.contents += entries
            frame.introduction += later
            frame.header = frame.header[:index]
            return
