"""The words of documents and pages, to see that an import loses none."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from timeline import markdown
from timeline.importing import Report
from timeline.importing.encoding import read_file, read_lines
from timeline.models import Image, Issue
from timeline.sections import contents, render_issue

SCORES = re.compile(r"^```scores .*?^```", re.DOTALL | re.MULTILINE)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


class Page(HTMLParser):
    """The words that a reader of a page gets: text, numbers of lists, alternative texts, addresses of links."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.lists: list[int | None] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in {"ol", "ul"}:
            self.lists.append(int(values.get("start") or 1) if tag == "ol" else None)
        elif tag == "li" and self.lists and self.lists[-1] is not None:
            self.parts.append(str(self.lists[-1]))
            self.lists[-1] += 1
        elif tag == "figure" and values.get("class") == "awaited":
            self.hidden = 1  # “Figure to come” is no word of the document
        self.parts += [values["alt"] or ""] if tag == "img" and "alt" in values else []
        if tag == "a" and re.match("https?:|mailto:", values.get("href") or ""):
            self.parts.append(str(values["href"]))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ol", "ul"}:
            self.lists.pop()
        elif tag == "p":
            self.hidden = 0

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)


def of_html(html: str) -> Counter[str]:
    page = Page()
    page.feed(html)
    return words(" ".join(page.parts))


def of_document(path: Path) -> Counter[str]:
    """What the document itself says, once its encoding is mended."""
    text = "\n".join(line.text for line in read_lines(read_file(path, path.name, Report()), Report()))
    return of_html(markdown.to_html(text)) if path.suffix == ".md" else words(text)


def of_page(issue: Issue, report: Report) -> Counter[str]:
    """What readers find on the page of the issue, and all that the import says it left out."""
    return sum((words(entry.text) for entry in report.left_out), of_html(render_issue(issue, "html")))


def of_issue(issue: Issue, report: Report) -> Counter[str]:
    """What an import made of a document: every field that it filled, and all that it says it left out."""
    labels = [str(issue.number), issue.title, issue.tagline]
    texts = [str(issue.introduction), str(issue.closing)]
    for part in contents(issue):
        labels.append(part.title)
        for item in part.items:
            labels += [item.title, item.short_title, *(author.name for author in item.byline)]
            texts.append(item.body)
    names = [name for text in texts for name in markdown.media_names(text)]
    labels += Image.objects.filter(name__in=names).values_list("alt", flat=True)
    return of_parts(labels, texts, report)


def of_parts(labels: list[str], texts: list[str], report: Report) -> Counter[str]:
    """The words of plain labels, of Markdown texts, and of what the report says is left out."""
    scores = [score for text in texts for score in markdown.scores(text)]
    labels += [f"{row.model} {block.shown(row)}" for block in scores for row in block.rows]
    labels += [block.source for block in scores]
    html = "".join(markdown.to_html(SCORES.sub("", text)) for text in texts)
    return words("\n".join([*labels, *(entry.text for entry in report.left_out)])) + of_html(html)
