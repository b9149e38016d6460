"""What every format is read into, before any row is made."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from slugify import slugify


@dataclass
class Figure:
    """An image that a text refers to as media:NAME; without a file it waits for one."""

    name: str
    line: int = 0
    file: Path | None = None
    fields: dict[str, str] = field(default_factory=dict)  # of the model: caption, alt, credit, rights
    captions: Path | None = None

    @property
    def place(self) -> str:
        return f"“{self.name}”" + (f" (line {self.line})" if self.line else "")


@dataclass
class Entry:
    """An item of the document. `fields` holds values of fields of its model by name."""

    kind: str
    line: int
    fields: dict[str, Any]
    slug: str = ""
    authors: list[str] | None = None  # None: the document says nothing of them
    topics: list[str] | None = None
    lead_image: str = ""

    @property
    def place(self) -> str:
        return f"“{self.fields['title']}”" + (f" (line {self.line})" if self.line else "")


@dataclass
class Document:
    number: int | None = None
    published_at: datetime | None = None
    fields: dict[str, str] = field(default_factory=dict)  # of the issue: title, tagline, introduction, closing
    cover: str = ""
    items: list[Entry] = field(default_factory=list)
    figures: dict[str, Figure] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Everything that is Markdown."""
        own = [self.fields[name] for name in ("introduction", "closing") if name in self.fields]
        return [*own, *(entry.fields["body"] for entry in self.items)]

    def add_figure(self, item: str, text: str, *, line: int, file: Path | None = None, **fields: str) -> str:
        """A new figure; its name, made from the title of its item and from `text`."""
        stem = slugify(item, max_length=40, word_boundary=True, save_order=True)
        base = slugify(text, max_length=60, word_boundary=True, save_order=True) or "figure"
        base = base if base.startswith(stem) else f"{stem}-{base}"
        name, count = base, 1
        while name in self.figures:
            count += 1
            name = f"{base}-{count}"
        self.figures[name] = Figure(name, line, file, fields)
        return name
