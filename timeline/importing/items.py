"""The items of the sections: where each begins, which entry of the contents is its own, its title and its authors."""

from dataclasses import dataclass

from timeline.importing.bylines import OTHERS, read_byline
from timeline.importing.frame import Frame, Listed, leave_out_marks, shown, split_emoji, without_sign
from timeline.importing.report import Line, Report
from timeline.importing.shapes import SMALL_WORDS, words_of
from timeline.sections import Section

LONGEST_TITLE = 300  # characters, of titles and of short ones
LONGEST_SHORT_TITLE = 100
LIKE = 0.6  # the share of an entry's words that the title of its item has at least, where the emoji are not the same


@dataclass
class Found:
    """An item as its lines."""

    section: Section
    title: Line
    text: str  # of the title, without its emoji
    emoji: str
    short_title: str
    authors: list[str] | None
    body: list[Line]


def read_items(frame: Frame, *, marked: bool, report: Report) -> list[Found]:
    """All items in reading order. What stands in a section above its first item goes to the introduction."""
    found: list[Found] = []
    entries = list(frame.contents)
    for section, lines in frame.parts:
        levels = [line.level for line in lines if line.level]
        for line in lines:
            if 0 < line.level < levels[0]:
                report.guess(line.number, line.text, "no section is called so, it stays in the item above it")
        own = [entry for entry in entries if entry.section in {section, None}]
        starts = find_starts(section, lines, own, marked)
        first = min(starts, default=len(lines))
        for line in lines[:first]:
            if line.text.strip():
                report.guess(line.number, line.text.strip(), "stands above the first item, so in the introduction")
        frame.introduction += lines[:first]
        ends = [*sorted(starts)[1:], len(lines)]
        for start, end in zip(sorted(starts), ends, strict=bool(starts)):
            entry = starts[start]
            if entry:
                entries.remove(entry)
            found.append(read_item(section, lines[start:end], entry, marked, report))
            if not entry and frame.contents:
                report.guess(lines[start].number, found[-1].text, "an item that is not in the contents")
    for entry in entries:
        report.leave_out(entry.line.number, entry.text, "the contents name it, but no such item was found")
    for kind, line in frame.titles.items():
        if not any(item.section.kind == kind for item in found):
            report.leave_out(line.number, line.text, "no item was found in this section")
    for line, section, count in frame.counts:
        number = sum(item.section is section for item in found)
        if number != count:
            report.guess(line.number, shown(line, marked=marked), f"the document says {count}, but {number} were found")
    return found


def find_starts(section: Section, lines: list[Line], entries: list[Listed], marked: bool) -> dict[int, Listed | None]:
    """The indices of `lines` that begin an item, each with its entry of the contents if it has one."""
    levels = [line.level for line in lines if line.level]
    if levels:
        texts = {i: shown(line, marked=marked) for i, line in enumerate(lines) if line.level == levels[0]}
        return dict.fromkeys(texts) | match(entries, texts)
    texts = {i: shown(line, marked=marked) for i, line in enumerate(lines) if may_be_title(line, marked)}
    starts: dict[int, Listed | None] = dict(match(entries, texts))
    for index, text in texts.items():
        emoji = split_emoji(text)[0]
        authors = read_byline_below(lines[index + 1 : index + 30], marked)[0] if section.has_authors else []
        # Without contents to ask: an emoji that also begins the line before or after is the sign of a list.
        if (len(authors) > 1 and (emoji or (not entries and len(authors) > 2))) or (
            emoji and not entries and emoji not in neighbours(lines, index)
        ):
            starts.setdefault(index, None)
    top = next((i for i, line in enumerate(lines) if line.text.strip()), -1)
    left = [entry for entry in entries if entry not in starts.values()]
    if top in texts and top not in starts and (left or not starts):
        starts[top] = left[0] if left else None
    return starts


def neighbours(lines: list[Line], index: int) -> list[str]:
    """The emoji at the start of the lines before and after, blank ones left out."""
    before = next((i for i in range(index - 1, -1, -1) if lines[i].text.strip()), index)
    after = next((i for i in range(index + 1, len(lines)) if lines[i].text.strip()), index)
    return [split_emoji(lines[i].text.strip())[0] for i in (before, after) if i != index]


def may_be_title(line: Line, marked: bool) -> bool:
    text = line.text.strip()
    if not text or line.is_code or len(text) > LONGEST_TITLE or text.endswith((".", ",", ";", ":")):
        return False
    return without_sign(text) == text or bool(split_emoji(shown(line, marked=marked))[0])


def match(entries: list[Listed], texts: dict[int, str]) -> dict[int, Listed]:
    """Each entry of the contents with the line that is most like it; the earlier one where two are."""
    pairs = [
        (-score, index, number)
        for number, entry in enumerate(entries)
        for index, text in texts.items()
        if (score := likeness(entry.text, text))
    ]
    found: dict[int, Listed] = {}
    for _, index, number in sorted(pairs):
        if index not in found and entries[number] not in found.values():
            found[index] = entries[number]
    return found


def likeness(entry: str, title: str) -> float:
    """0 where the two have nothing to do with each other; the same emoji is worth as much as all the same words."""
    (entry_emoji, entry_text), (emoji, text) = split_emoji(entry), split_emoji(title)
    wanted, words = set(words_of(entry_text)), words_of(text)
    share = len(wanted.intersection(words)) / len(wanted)
    if emoji and bare_emoji(emoji) == bare_emoji(entry_emoji):
        return 1 + share
    first = next((word for word in words if word not in SMALL_WORDS), "")
    return share if share >= LIKE and (emoji or first in wanted) else 0


def bare_emoji(emoji: str) -> str:
    return emoji.replace("\ufe0f", "")


def read_item(section: Section, lines: list[Line], entry: Listed | None, marked: bool, report: Report) -> Found:
    line, body = lines[0], lines[1:]
    leave_out_marks(line, marked, report)
    emoji, text = split_emoji(shown(line, marked=marked))
    short_title = ""
    if entry:
        entry_emoji, short_title = split_emoji(entry.text)
        if emoji and entry_emoji and bare_emoji(emoji) != bare_emoji(entry_emoji):
            report.guess(line.number, text, f"{emoji} is its emoji, not the {entry_emoji} of the contents")
        emoji = emoji or entry_emoji
        report.guess(entry.line.number, short_title, f"the short title of “{text}”")
        if len(short_title) > LONGEST_SHORT_TITLE:
            report.leave_out(entry.line.number, short_title, "too long for a short title")
            short_title = ""
    authors = None
    if section.has_authors:
        names, rest, dropped = read_byline_below(body, marked)
        if names:
            report.guess(line_of(body).number, ", ".join(names), f"{len(names)} authors")
            for taken in body[: len(body) - len(rest)]:
                leave_out_marks(taken, marked, report)
            authors, body = names, rest
        for part in dropped:
            missing = OTHERS.fullmatch(part)
            reason = "not all authors are named, add the others by hand" if missing else "no name of an author"
            report.leave_out(line_of(lines[1:]).number, part, reason)
    return Found(section, line, text, emoji, short_title, authors, body)


def line_of(lines: list[Line]) -> Line:
    return next(line for line in lines if line.text.strip())


def read_byline_below(lines: list[Line], marked: bool) -> tuple[list[str], list[Line], list[str]]:
    """(names, the lines below theirs, what of their lines is no name) of the authors that `lines` begin with."""
    start = next((i for i, line in enumerate(lines) if line.text.strip()), len(lines))
    end = start
    while end < len(lines) and lines[end].text.strip():
        end += 1
    for stop in dict.fromkeys((end, start + 1)):  # names on several lines, or only on the first
        text = " ".join(shown(line, marked=marked) for line in lines[start:stop])
        names, dropped = read_byline(text) if text else ([], [])
        if names:
            return names, lines[stop:], dropped
    return [], lines, []
