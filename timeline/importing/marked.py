"""Markdown is taken as it is; only pictures, signed notes, source lines and footnotes find their place."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from urllib.parse import unquote

from timeline.importing.blocks import RULE
from timeline.importing.documents import Document
from timeline.importing.plain import escape_title, is_credit, signed
from timeline.importing.report import Line, Report

FENCE = re.compile(r"\s{0,3}(?P<sign>`{3,}|~{3,})")
ATX = re.compile(r"\s{0,3}(?P<signs>#{1,6})(?=\s|$)")
DEFINITION = re.compile(r"\s{0,3}\[(?P<label>\^?[^\]\s][^\]]*)\]:")
IMAGE = re.compile(
    r"!\[(?P<alt>[^\]]*)\]\(\s*(?:<(?P<angled>[^>]*)>|(?P<path>[^\s)]+))"
    r"(?:\s+(?:\"(?P<caption>(?:\\.|[^\"\\])*)\"|'(?P<single>(?:\\.|[^'\\])*)'))?\s*\)"
)
CODE_SPAN = re.compile(r"(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)")


def mark(lines: list[Line]) -> list[Line]:
    """`lines` with the levels of their headings; a heading that is underlined gets signs before it instead."""
    marked: list[Line] = []
    fence = ""
    for line in lines:
        sign = FENCE.match(line.text)
        last = marked[-1] if marked else None
        if fence:
            marked.append(replace(line, is_code=True))
            if sign and sign["sign"].startswith(fence) and not line.text.strip(" `~"):
                fence = ""
        elif sign:
            fence = sign["sign"]
            marked.append(replace(line, is_code=True))
        elif heading := ATX.match(line.text):
            marked.append(replace(line, level=len(heading["signs"])))
        elif re.fullmatch(r"\s{0,3}(=+|-{2,})\s*", line.text) and last and is_underlined(last, marked):
            level = 1 if "=" in line.text else 2
            marked[-1] = replace(last, text=f"{'#' * level} {last.text.strip()}", level=level)
            marked.append(replace(line, text=""))
        else:
            marked.append(line)
    return marked


def is_underlined(line: Line, above: list[Line]) -> bool:
    """Whether signs below `line`, the last of `above`, make it a heading: it is a paragraph of one line."""
    alone = len(above) < 2 or not above[-2].text.strip() or above[-2].level
    return bool(alone and re.match(r"\s{0,3}[^\s>|#:*+-]", line.text) and not line.level and not line.is_code)


def take_definitions(lines: list[Line]) -> tuple[list[Line], dict[str, list[Line]]]:
    """(the other lines, the lines that define each footnote and link, by its label).

    They hold for the whole document, but each item is a text of its own.
    """
    rest: list[Line] = []
    definitions: dict[str, list[Line]] = {}
    current: list[Line] | None = None
    for index, line in enumerate(lines):
        match = None if line.is_code else DEFINITION.match(line.text)
        starts = index == 0 or current is not None or not lines[index - 1].text.strip()
        following = line if line.text.strip() else next((after for after in lines[index:] if after.text.strip()), line)
        if match and starts:
            current = definitions.setdefault(match["label"].casefold(), [])
            current.append(line)
        elif current is not None and following.text.startswith(("    ", "\t")):
            current.append(line)
        elif line.text.strip():
            current = None
            rest.append(line)
        else:
            rest.append(line)
    return rest, definitions


def used(definitions: dict[str, list[Line]], text: str) -> list[str]:
    """The labels that `text` refers to, and those that their own texts refer to, in the order of the document."""
    labels: set[str] = set()
    while True:
        new = {label for label in definitions if label not in labels and f"[{label}]" in text.casefold()}
        if not new:
            return [label for label in definitions if label in labels]
        labels |= new
        text = "\n".join(line.text for label in new for line in definitions[label])


@dataclass
class Copying:
    """What the lines of one text are copied with."""

    document: Document
    report: Report
    editors: Collection[str]  # who may sign notes
    folder: Path  # in which the pictures stand
    title: str  # of the item, or of the issue
    definitions: dict[str, list[Line]]


def to_markdown(lines: list[Line], copying: Copying) -> str:
    """The text of `lines`; each picture that stands in the folder becomes an image of the site."""
    lines = without_rule(lines, copying.report)
    out: list[str] = []
    index = container = 0
    while index < len(lines):
        line = lines[index]
        end = next((i for i in range(index, len(lines)) if not lines[i].text.strip()), len(lines))
        if not line.is_code and line.text.startswith(":::"):
            container += 1 if line.text.strip(" :") else -1
        alone = not container and not line.is_code and (index == 0 or not lines[index - 1].text.strip())
        note = signed(line.text, copying.editors) if alone else None
        if note:
            copying.report.guess(line.number, line.text.strip(), "a note")
            texts = [note[1], *(with_images(after, copying) for after in lines[index + 1 : end])]
            out += [f"::: note {note[0]}", *texts, ":::"]
            index = end
        elif alone and end == index + 1 and is_credit(line.text.strip("*_ "), ""):
            copying.report.guess(line.number, line.text.strip(), "a credit")
            out += ["::: credit", with_images(line, copying), ":::"]
            index = end
        else:
            out.append(line.text if line.is_code else with_images(line, copying))
            index += 1
    text = "\n".join(out).strip("\n")
    for label in used(copying.definitions, text):
        text += "\n\n" + "\n".join(with_images(line, copying) for line in copying.definitions[label]).rstrip()
    return text


def without_rule(lines: list[Line], report: Report) -> list[Line]:
    """`lines` without the rule at their end, which only parts items."""
    for end in range(len(lines), 0, -1):
        last = lines[end - 1]
        if last.is_code or (last.text.strip() and not RULE.fullmatch(last.text)):
            return lines[:end]
        if last.text.strip():
            report.leave_out(last.number, last.text, "a rule between items, the site draws its own")
    return []


def with_images(line: Line, copying: Copying) -> str:
    """The text of a line whose pictures are images of the site; code and addresses of other sites stay."""
    parts: list[str] = []
    start = 0
    for code in CODE_SPAN.finditer(line.text):
        parts += [place_images(line, line.text[start : code.start()], copying), code[0]]
        start = code.end()
    return "".join([*parts, place_images(line, line.text[start:], copying)])


def place_images(line: Line, text: str, copying: Copying) -> str:
    return IMAGE.sub(lambda match: place_image(line, match, copying), text)


def place_image(line: Line, match: re.Match[str], copying: Copying) -> str:
    path = match["angled"] or match["path"] or ""
    if re.match(r"[a-z][a-z0-9+.-]*:|//", path, re.IGNORECASE) or not path:
        return match[0]
    file = (copying.folder / unquote(path)).resolve()
    inside = file.is_relative_to(copying.folder.resolve()) and file.is_file()
    caption = re.sub(r"\\(.)", r"\1", match["caption"] or match["single"] or "")
    alt = re.sub(r"\\(.)", r"\1", match["alt"])
    name = copying.document.add_figure(
        copying.title,
        PurePath(path).stem,
        line=line.number,
        file=file if inside else None,
        alt=alt,
        caption=caption,
    )
    copying.report.leave_out(line.number, path, f"the picture is media:{name} now")
    if not inside:
        copying.report.guess(line.number, path, "a figure that waits, there is no such picture beside the document")
    title = f' "{escape_title(caption)}"' if caption else ""
    return f"![{match['alt']}](media:{name}{title})"
