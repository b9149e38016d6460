"""A folder in the project's own format, as demo/ has it: docs/importing.md describes it."""

import os
import re
from collections.abc import Hashable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from timeline.importing.documents import Document, Entry, Figure
from timeline.importing.encoding import read_file
from timeline.importing.report import CannotImport, Report
from timeline.models import Publication
from timeline.sections import Section, section, sections

ISSUE_FIELDS = ("title", "tagline", "closing")
ISSUE_KEYS = {*ISSUE_FIELDS, "number", "published_at", "cover", "sections"}
IMAGE_FIELDS = ("alt", "caption", "credit", "rights")
IMAGE_FILES = ("file", "captions")
IMAGE_KEYS = {*IMAGE_FIELDS, *IMAGE_FILES, "name"}
NOT_KEYS = {"issue", "position", "slug", "body", "lead_image"}  # of fields that the folder tells in other ways
NAME = re.compile(r"[-a-zA-Z0-9_]{1,120}")


class Loader(yaml.BaseLoader):
    """Everything stays text: as a number, the arXiv id 2311.11040 would lose its last digit. A key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return mapping


class Folder:
    """Reads the files of one folder; CannotImport names the file and the key that are wrong."""

    def __init__(self, root: Path, report: Report) -> None:
        self.root = root
        self.report = report
        self.seen: set[Path] = set()

    def file(self, name: str, where: str) -> Path:
        """The file that `where` calls `name`. It has to stand in the folder, wherever a link on the way may lead."""
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise CannotImport(f"{where}: “{name}” leads out of the folder.")
        if not path.is_file():
            raise CannotImport(f"{where}: there is no file “{name}”.")
        self.seen.add(path)
        return path

    def text(self, name: str, where: str) -> tuple[Mapping[str, Any], str]:
        """(front matter, body) of a text of the folder."""
        text = read_file(self.file(name, where), name, self.report).replace("\r\n", "\n")
        match = re.match(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
        if not match:
            raise CannotImport(f"{name}: it has to begin with its keys between two lines “---”.")
        return mapping(load(match[1], name) or {}, "between the lines “---”", name), text[match.end() :].strip("\n")

    def leave_out_the_rest(self) -> None:
        """Report every file that nothing refers to."""
        for directory, _, names in os.walk(self.root):
            for name in sorted(names):
                path = Path(directory, name)
                if path.resolve() not in self.seen and not name.startswith("."):
                    self.report.leave_out(0, str(path.relative_to(self.root)), "a file that nothing names")


def read_folder(path: Path, publication: Publication, report: Report) -> Document:
    folder = Folder(path, report)
    front, body = folder.text("issue.md", "the folder")
    refuse_unknown(front, ISSUE_KEYS, "issue.md")
    document = Document(
        number=whole_number(scalar(front.get("number", ""), "number", "issue.md")),
        published_at=moment(scalar(front.get("published_at", ""), "published_at", "issue.md"), publication),
        fields={name: scalar(front[name], name, "issue.md") for name in ISSUE_FIELDS if name in front},
        cover=scalar(front.get("cover", ""), "cover", "issue.md"),
    )
    if not document.fields.get("title"):
        raise CannotImport("issue.md: it has no title, write “title: …” between its lines “---”.")
    document.fields["introduction"] = body
    for kind, slugs in mapping(front.get("sections") or {}, "sections", "issue.md").items():
        try:
            part = section(kind)
        except LookupError:
            kinds = ", ".join(section.kind for section in sections())
            raise CannotImport(f"issue.md: sections: no kind is called “{kind}”, there are {kinds}.") from None
        for slug in names_of(slugs, f"sections: {kind}", "issue.md"):
            if not NAME.fullmatch(slug):
                raise CannotImport(f"issue.md: sections: {kind}: “{slug}” is no slug.")
            document.items.append(read_item(folder, part, slug))
    document.figures = read_images(folder)
    folder.leave_out_the_rest()
    return document


def read_item(folder: Folder, part: Section, slug: str) -> Entry:
    name = f"{part.kind}/{slug}.md"
    front, body = folder.text(name, f"issue.md: sections: {part.kind}")
    concrete = part.model._meta.concrete_fields
    fields = {field.name for field in concrete if field.editable and not field.primary_key} - NOT_KEYS
    lists = {"topics", "authors"} if part.has_authors else {"topics"}
    refuse_unknown(front, fields | lists | {"lead_image"}, name)
    if not front.get("title"):
        raise CannotImport(f"{name}: title: every item needs one.")
    return Entry(
        part.kind,
        line=0,
        fields={key: scalar(value, key, name) for key, value in front.items() if key in fields} | {"body": body},
        slug=slug,
        authors=names_of(front["authors"], "authors", name) if "authors" in front else None,
        topics=names_of(front["topics"], "topics", name) if "topics" in front else None,
        lead_image=scalar(front.get("lead_image", ""), "lead_image", name),
    )


def read_images(folder: Folder) -> dict[str, Figure]:
    if not (folder.root / "images.yaml").exists():
        return {}
    name = "images.yaml"
    records = load(read_file(folder.file(name, "the folder"), name, folder.report), name)
    if not isinstance(records, list):
        raise CannotImport("images.yaml: write a list of images, each beginning with “- name: …”.")
    figures: dict[str, Figure] = {}
    for record in records:
        values = {key: scalar(value, key, name) for key, value in mapping(record, "a record", name).items()}
        refuse_unknown(values, IMAGE_KEYS, name)
        image = values.get("name", "")
        if not NAME.fullmatch(image) or image in figures:
            raise CannotImport(f"images.yaml: name: “{image}” is no name, or stands there twice.")
        file, captions = (
            folder.file(values[key], f"images.yaml: {image}: {key}") if values.get(key) else None for key in IMAGE_FILES
        )
        fields = {key: values[key] for key in IMAGE_FIELDS if key in values}
        figures[image] = Figure(image, file=file, fields=fields, captions=captions)
    return figures


def load(text: str, name: str) -> Any:
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise CannotImport(f"{name}: its YAML is wrong{line}: {getattr(error, 'problem', None) or error}.") from error


def refuse_unknown(given: Mapping[str, Any], known: set[str], name: str) -> None:
    for key in given:
        if key not in known:
            raise CannotImport(f"{name}: there is no key “{key}”; the keys are {', '.join(sorted(known))}.")


def mapping(value: Any, key: str, name: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise CannotImport(f"{name}: {key}: write keys and values.")
    return value


def names_of(value: Any, key: str, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(part, str) and part.strip() for part in value):
        raise CannotImport(f"{name}: {key}: write a list of names, such as [one, two].")
    return [part.strip() for part in value]


def scalar(value: Any, key: str, name: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise CannotImport(f"{name}: {key}: write one value as text.")
    return value


def whole_number(value: str) -> int | None:
    if value and not (value.isascii() and value.isdigit()):
        raise CannotImport(f"issue.md: number: “{value}” is no whole number.")
    return int(value) if value else None


def moment(value: str, publication: Publication) -> datetime | None:
    """The time that `value` says, in the time zone of the publication if it names none."""
    try:
        time = parse_datetime(value)
    except ValueError:
        time = None
    if value and not time:
        raise CannotImport(f"issue.md: published_at: “{value}” is no time, write one such as 2023-11-27T15:00:00Z.")
    return timezone.make_aware(time, publication.zone) if time and timezone.is_naive(time) else time
