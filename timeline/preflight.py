"""The preflight: what somebody should mend before an issue is published, each finding with the way to its field."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import models

from timeline import markdown
from timeline.fields import MarkdownField
from timeline.findings import Finding, Severity
from timeline.links import Link, Row, Text, links, texts
from timeline.models import CheckedLink, Image, Issue, Item
from timeline.sections import Filled, filled, render_issue, section, sections

# Gmail cuts a letter off behind this, with a link to the rest that few follow.
CLIPPED = 102 * 1024  # bytes of HTML
NEARLY_CLIPPED = 90 * 1024

# What people write where something is still to come; “TK” is the word of journalists for it.
_LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|XXX|(?:TK)+|(?i:lorem ipsum))\b")


@dataclass(frozen=True)
class Preflight:
    findings: list[Finding]  # by issue and item in the order of reading, hard ones first
    links: list[Link]
    checked: int  # of the different addresses in `links`

    @property
    def hard(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_hard]

    @property
    def urls(self) -> set[str]:
        return {link.url for link in self.links}

    @property
    def by_row(self) -> list[tuple[Row, list[Finding]]]:
        rows = list(dict.fromkeys(finding.row for finding in self.findings))
        return [(row, [finding for finding in self.findings if finding.row == row]) for row in rows]


def findings(issue: Issue) -> list[Finding]:
    return inspect(issue).findings


def inspect(issue: Issue, *, doubts: bool = True) -> Preflight:
    """It has no side effect, and asks nobody but the database: a dozen queries, however many the items.

    Without `doubts` it leaves out soft findings that take the longer, the more is published.
    """
    parts = filled([issue], "html")[issue]
    items = [item for part in parts for item in part.items]
    rows: list[Row] = [issue, *items]
    read = texts(rows)
    found_links = links(rows, read)
    asked = {link.url: link for link in CheckedLink.objects.filter(url__in={link.url for link in found_links})}
    found = [
        *of_parts(issue, items),
        *of_words(rows, read),
        *(finding for text in read for finding in of_text(text)),
        *of_pictures(issue, items, read),
        *of_scores(read),
        *(finding for kind in sections() for finding in kind.findings(items)),
        *(finding for kind in sections() if doubts for finding in kind.doubts(items)),
        *of_links(found_links, asked),
        *of_letter(issue, parts),
    ]
    order = {row: place for place, row in enumerate(rows)}
    found.sort(key=lambda finding: (order[finding.row], not finding.is_hard))
    return Preflight(found, found_links, len(asked))


def of_parts(issue: Issue, items: Sequence[Item]) -> Iterator[Finding]:
    if not items:
        yield Finding("no-items", "hard", "Add an item: this issue has none.", issue, "")
    for item in items:
        if not item.body.strip():
            yield Finding("no-text", "soft", "Write the text of this item, or take it out.", item, "body")


def of_words(rows: Sequence[Row], read: Sequence[Text]) -> Iterator[Finding]:
    """What is left over in texts and in all other fields that people write in."""
    written: list[tuple[Row, str, int | None, str]] = [
        (row, field.name, None, getattr(row, field.name))
        for row in rows
        for field in row._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, MarkdownField | models.URLField | models.SlugField)
    ]
    written += [(text.row, text.field, line, words) for text in read for line, words in text.outline.words]
    for row, field, line, words in written:
        if left := _LEFT_OVER.search(words):
            yield Finding("left-over", "hard", f"Write what “{left[0]}” stands for, or remove it.", row, field, line)


def of_text(text: Text) -> Iterator[Finding]:
    def finding(code: str, severity: Severity, message: str, line: int) -> Finding:
        return Finding(code, severity, message, text.row, text.field, line)

    for problem in markdown.problems(text.typed):
        yield finding("markdown", "hard", problem.message, problem.line)
    for picture in text.outline.pictures:
        if not picture.name and not picture.alt:
            message = "Say in the brackets of this picture what it shows: ![…]."
            yield finding("picture-alt", "hard", message, picture.line)
    for heading in text.outline.headings:
        if heading.is_empty:
            yield finding("heading-empty", "soft", f"Write what belongs under “{heading.text}”.", heading.line)
    for above, heading in pairwise(text.outline.headings):
        if heading.level > above.level + 1:
            message = (
                f"Write “{heading.text}” with {'#' * (above.level + 1)}: the heading above it has {'#' * above.level}."
            )
            yield finding("heading-skips", "soft", message, heading.line)


@dataclass(frozen=True)
class Shown:
    """Where an image stands: in a field of its own, or in a text on a line."""

    row: Row
    field: str
    name: str
    line: int | None = None
    alt: str = ""  # as typed there
    caption: str = ""  # as typed there


def of_pictures(issue: Issue, items: Sequence[Item], read: Sequence[Text]) -> Iterator[Finding]:
    """Of each image once, where it is shown first. One query."""
    known = {image.name: image for image in (issue.cover, *(item.lead_image for item in items)) if image}
    shown = [
        *([Shown(issue, "cover", issue.cover.name)] if issue.cover else []),
        *(
            Shown(text.row, text.field, picture.name, picture.line, picture.alt, picture.caption)
            for text in read
            for picture in text.outline.pictures
            if picture.name
        ),
        *(Shown(item, "lead_image", item.lead_image.name) for item in items if item.lead_image),
    ]
    known |= {image.name: image for image in Image.objects.filter(name__in={one.name for one in shown} - known.keys())}
    seen: set[str] = set()
    for one in shown:
        if one.name in seen:
            continue
        seen.add(one.name)
        if image := known.get(one.name):
            yield from of_picture(one, image)
        else:
            message = f"Upload the picture, or correct its name: there is no media:{one.name}."
            yield Finding("picture-unknown", "hard", message, one.row, one.field, one.line)


def of_picture(shown: Shown, image: Image) -> Iterator[Finding]:
    if not image.file:
        message = f"Upload the file of “{image.name}”, or take the picture out: readers see a frame that waits."
        yield Finding("picture-awaited", "hard", message, shown.row, "file", shown.line, image)
        return
    wanted: list[tuple[str, Severity, bool, str]] = [
        ("alt", "hard", bool(shown.alt or image.alt), "Say what “{}” shows, for those who do not see it."),
        # A picture in a field of its own has no place for one.
        ("caption", "soft", bool(shown.caption or image.caption or not shown.line), "Write a caption for “{}”."),
        ("credit", "soft", bool(image.credit), "Name who made “{}”."),
        ("rights", "hard", bool(image.rights), "Write down why we may show “{}”."),
    ]
    for field, severity, is_there, message in wanted:
        if not is_there:
            told = message.format(image.name)
            yield Finding(f"picture-{field}", severity, told, shown.row, field, shown.line, image)


def of_scores(read: Sequence[Text]) -> Iterator[Finding]:
    """Numbers that nobody can look up. Those of the paper itself are in the paper, which the item links."""
    for text in read:
        is_linked = isinstance(text.row, Item) and section(text.row.kind).addresses(text.row)
        for line, scores in text.outline.scores:
            if scores.source and not scores.source_url:
                message = f"Give the address where {scores.source} published these scores, behind the name."
            elif not scores.source and not is_linked:
                message = "Say who measured these scores, or link the paper that they are from."
            else:
                continue
            yield Finding("scores-source", "soft", message, text.row, text.field, line)


def of_links(found: Sequence[Link], asked: dict[str, CheckedLink]) -> Iterator[Finding]:
    """Those that did not answer, each once; of one that nobody has asked yet nothing is known."""
    for url, link in {link.url: link for link in reversed(found)}.items():
        if (known := asked.get(url)) and known.is_broken:
            why = known.error or f"It answers {known.status}."
            message = f"Correct or remove the link to {url}: {why[0].lower()}{why[1:]}"
            yield Finding("link-broken", "soft", message, link.row, link.field, link.line)


def of_letter(issue: Issue, parts: list[Filled]) -> Iterator[Finding]:
    try:
        size = len(render_issue(issue, "email.html", parts=parts).encode())
    except markdown.TextTooLong:
        return  # of_text() tells that
    told = f"the letter has {size / 1024:.0f} KB, and Gmail shows {CLIPPED // 1024}"
    if size > CLIPPED:
        yield Finding("letter-clipped", "hard", f"Shorten the issue: {told}.", issue, "")
    elif size > NEARLY_CLIPPED:
        yield Finding("letter-large", "soft", f"Do not make the issue longer: {told}.", issue, "")
