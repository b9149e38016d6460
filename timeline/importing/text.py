"""A document in plain text or Markdown, as somebody wrote or copied it."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from timeline.importing import marked, plain
from timeline.importing.blocks import wrap_width
from timeline.importing.documents import Document, Entry
from timeline.importing.frame import read_frame
from timeline.importing.header import read_header, split_closing
from timeline.importing.items import Found, read_items
from timeline.importing.report import Line, Report
from timeline.importing.shapes import words_of
from timeline.models import Publication

LOST_ADDRESS = re.compile(r"\[email\W{1,8}protected\]", re.IGNORECASE)  # left by what hides addresses


def read_text(path: Path, lines: list[Line], publication: Publication, report: Report) -> Document:
    """The document that `lines` of the file at `path` are; CannotImport where it has no title or names no section."""
    lines = [without_lost_address(line, report) for line in lines]
    first = next((line.text for line in lines if line.text.strip()), "")
    is_marked = path.suffix.lower() in {".md", ".markdown"} or bool(re.match(r"# \S", first))
    definitions: dict[str, list[Line]] = {}
    if is_marked:
        lines, definitions = marked.take_definitions(marked.mark(lines))
    else:
        guess_lost_links(lines, report)
    frame = read_frame(lines, marked=is_marked, report=report)
    document = Document()
    above = read_header(frame.header, document, publication.name, marked=is_marked, report=report)
    section, last = frame.parts[-1]
    last, closing = split_closing(last, publication.editor_names, marked=is_marked, report=report)
    frame.parts[-1] = section, last
    found = read_items(frame, marked=is_marked, report=report)
    width = wrap_width(lines)

    def write(lines: list[Line], item: Found | None = None) -> str:
        title = (item.short_title or item.text) if item else document.fields["title"]
        if is_marked:
            return marked.to_markdown(
                lines,
                marked.Copying(document, report, publication.editor_names, path.parent, title, definitions),
            )
        return plain.to_markdown(
            lines,
            plain.Writing(
                report,
                publication.editor_names,
                lambda caption, line: document.add_figure(title, caption, line=line, caption=caption),
                width,
                names_of(item) if item else frozenset(),
                is_item=item is not None,
            ),
        )

    document.fields["introduction"] = write([*above, *frame.introduction])
    if closing:
        document.fields["closing"] = write(closing)
    for item in found:
        fields: dict[str, Any] = {"emoji": item.emoji, "title": item.text, "body": write(item.body, item)}
        if item.short_title:
            fields["short_title"] = item.short_title
        document.items.append(Entry(item.section.kind, item.title.number, fields, authors=item.authors))
    for label in definitions.keys() - set(marked.used(definitions, "\n".join(document.texts))):
        for line in definitions[label]:
            report.leave_out(line.number, line.text, "a footnote or an address that nothing refers to")
    return document


def without_lost_address(line: Line, report: Report) -> Line:
    for lost in LOST_ADDRESS.findall(line.text):
        report.leave_out(line.number, lost, "an address that was hidden and is lost, enter it by hand")
    return replace(line, text=LOST_ADDRESS.sub("", line.text))


def guess_lost_links(lines: list[Line], report: Report) -> None:
    for line in lines:
        if re.search(r"\bhere\W*$", line.text):
            report.guess(line.number, line.text.strip(), "“here” may have been a link, which plain text does not keep")


def names_of(item: Found) -> frozenset[str]:
    """The names in a title, in small letters: those of the short title too, else those before or after a colon."""
    parts = [part for part in re.split(r": | [–—-] ", item.text) if len(part.split()) <= 4]
    text = item.text if item.short_title else " ".join(parts)
    names = {name for word in re.findall(r"\w\S*", text) if not word[0].islower() for name in words_of(word)}
    return frozenset(names & set(words_of(item.short_title)) if item.short_title else names)
