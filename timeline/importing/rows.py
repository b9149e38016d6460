"""A Document becomes an issue with its items, all in one transaction or not at all."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.fields.files import FieldFile
from slugify import slugify

from timeline import images, markdown, publishing, variants
from timeline.history import record
from timeline.importing.documents import Document, Entry, Figure
from timeline.importing.report import CannotImport, Report
from timeline.models import Content, Image, Issue, Item, Topic, User
from timeline.sections import section, sections

Made = TypeVar("Made")

OVERRIDE = "Imported as it was finished elsewhere."  # whatever the preflight finds in it


class Writer:
    """Writes one document. What it stored as files is gone again if the transaction does not hold."""

    def __init__(self, document: Document, report: Report, editor: User | None) -> None:
        self.document = document
        self.report = report
        self.editor = editor
        self.names: dict[str, str] = {}  # of images: what the document calls them, what they are called here
        self.stored: list[str] = []  # names
        # Pillow works before the transaction, which keeps all others from writing on SQLite.
        figures = document.figures.values()
        self.pictures = {figure.name: read(figure, figure.file, images.prepare) for figure in figures if figure.file}
        self.captions = {
            figure.name: read(figure, figure.captions, images.prepare_captions) for figure in figures if figure.captions
        }

    def write(self, number: int, *, publish: bool, replace: bool) -> Issue:
        """The new or replaced issue; CannotImport, and nothing has changed, if a row would be invalid."""
        try:
            with transaction.atomic():
                issue = self.write_issue(number, replace)
                if publish and not issue.is_public:
                    issue = publishing.publish(
                        issue, at=self.document.published_at, editor=self.editor, override=OVERRIDE
                    )
        except BaseException:
            for name in self.stored:
                default_storage.delete(name)
            raise
        return issue

    def write_issue(self, number: int, replace: bool) -> Issue:
        issue = Issue.objects.select_for_update().filter(number=number).first()
        if issue and not replace:
            raise CannotImport(
                f"Issue {number} exists already. With --replace the document takes its place (addresses stay, and the "
                f"old state is kept in the history); with --number it becomes another issue."
            )
        old: list[Item] = []
        if issue:
            old = [item for part in sections() for item in part.items(issue)]
            for row in (issue, *old):
                record(row, "before import", self.editor)
        else:
            issue = Issue(number=number)
        self.write_images(issue, old)
        for name, value in self.document.fields.items():
            setattr(issue, name, self.renamed(value))
        if self.document.cover:
            issue.cover = self.image(self.document.cover, "issue.md: cover")
        self.save(issue, "The issue")
        places: dict[str, int] = {}
        for entry in self.document.items:
            places[entry.kind] = places.get(entry.kind, 0) + 1
            row = take_match(entry, old) or section(entry.kind).model()
            self.write_item(row, entry, issue, places[entry.kind])
        for row in old:
            row.issue = None
            self.save(row, f"“{row.title}”")
            self.report.guess(0, row.title, "is not in the document any more: it lies on the shelf")
            record(row, "imported", self.editor)
        self.check_images()
        record(issue, "imported", self.editor)
        return issue

    def write_images(self, issue: Issue, old: list[Item]) -> None:
        """A row for each figure. One that the replaced issue had already keeps its row, and the file it may have."""
        texts = [issue.introduction, issue.closing, *(item.body for item in old)]
        known = {name for text in texts for name in markdown.media_names(text)}
        known |= {image.name for image in [issue.cover, *(item.lead_image for item in old)] if image}
        rows = Image.objects.in_bulk(list(known & self.document.figures.keys()), field_name="name")
        for figure in self.document.figures.values():
            row = rows.get(figure.name) or Image(name=images.free_name(figure.name))
            self.names[figure.name] = row.name
            for name, value in figure.fields.items():
                setattr(row, name, value)
            picture = self.pictures.get(figure.name)
            if picture and not is_stored(picture.file, row.file):
                self.stored += picture.put(row)
            captions = self.captions.get(figure.name)
            if captions and not is_stored(captions, row.captions):
                row.captions.save(str(captions.name), captions, save=False)
                self.stored.append(str(row.captions.name))
            self.save(row, f"The image {figure.place}")
            variants.plan(row)
            record(row, "imported", self.editor)

    def check_images(self) -> None:
        """Every image that a text refers to exists now."""
        wanted = {name for text in self.document.texts for name in markdown.media_names(text)} - self.names.keys()
        missing = wanted - set(Image.objects.filter(name__in=wanted).values_list("name", flat=True))
        if missing:
            raise CannotImport(
                f"The document refers to media:{min(missing)}, but there is no such image: upload it first, or name it "
                "in images.yaml."
            )

    def image(self, name: str, place: str) -> Image:
        image = Image.objects.filter(name=self.names.get(name, name)).first()
        if not image:
            raise CannotImport(f"{place}: no image is called “{name}”: name it in images.yaml.")
        return image

    def write_item(self, row: Item, entry: Entry, issue: Issue, position: int) -> None:
        for name, value in entry.fields.items():
            setattr(row, name, self.renamed(value) if name == "body" else value)
        row.issue, row.position = issue, position
        if entry.slug and not row.pk:
            row.slug = row.free_slug(entry.slug)
        if entry.lead_image:
            row.lead_image = self.image(entry.lead_image, f"{entry.place}: lead_image")
        self.save(row, entry.place)
        if entry.topics is not None:
            row.topics.set([self.topic(name) for name in entry.topics])
        if entry.authors is not None:
            self.write_authors(row, entry)
        record(row, "imported", self.editor)

    def topic(self, name: str) -> Topic:
        topic = Topic.objects.filter(name__iexact=name).first()
        if not topic:
            topic = Topic(name=name)
            self.save(topic, f"The topic “{name}”")
            record(topic, "imported", self.editor)
        return topic

    def write_authors(self, row: Item, entry: Entry) -> None:
        # The model of authors belongs to an app that this one may not import: it is reached through the item's.
        fields: Any = row._meta
        relation = fields.get_field("bylines")
        byline, item = relation.related_model, relation.field.name
        model = byline._meta.get_field("author").related_model
        names = entry.authors or []
        authors = [self.author(model, name, entry) for name in names]
        byline._default_manager.filter(**{item: row}).delete()
        placed: list[Any] = []
        for author, name in zip(authors, names, strict=True):
            if author in placed:
                self.report.leave_out(entry.line, name, "an author who is named twice")
                continue
            placed.append(author)
            byline._default_manager.create(**{item: row}, author=author, position=len(placed))

    def author(self, model: Any, name: str, entry: Entry) -> Any:
        known = list(model.objects.named(name))
        if not known:
            author = model(name=name)
            self.save(author, f"The author “{name}” of {entry.place}")
            record(author, "imported", self.editor)
            return author
        author = next((author for author in known if author.name == name), known[0])
        if len(known) > 1:
            others = ", ".join(f"{author} ({author.slug})" for author in known)
            self.report.guess(entry.line, name, f"taken for {author} ({author.slug}), but it may be any of {others}")
        elif author.name != name:
            self.report.guess(entry.line, name, f"taken for the author {author}")
        return author

    def renamed(self, text: str) -> str:
        """`text` with the names that its images have here."""
        return re.sub(r"(?<=media:)[-\w]+", lambda match: self.names.get(match[0], match[0]), text)

    def save(self, row: Content, place: str) -> None:
        try:
            row.full_clean()
        except ValidationError as error:
            problems = [
                f"{field}: {message}" if field != "__all__" else message
                for field, messages in error.message_dict.items()
                for message in messages
            ]
            raise CannotImport(f"{place}: {' '.join(problems)}") from error
        row.save()


def read(figure: Figure, path: Path, prepare: Callable[[IO[bytes]], Made]) -> Made:
    """What `prepare` makes of a file of the figure; CannotImport if it refuses it."""
    try:
        with path.open("rb") as file:
            return prepare(file)
    except (ValidationError, OSError) as error:
        message = error.messages[0] if isinstance(error, ValidationError) else error.strerror
        raise CannotImport(f"The image {figure.place}, file {path.name}: {message}") from error


def is_stored(made: File, stored: FieldFile) -> bool:
    if not stored:
        return False
    with stored.open("rb") as file:
        return bool(file.read() == made.read())


def take_match(entry: Entry, old: list[Item]) -> Item | None:
    """The item of `old` whose new state `entry` is, taken from it: by address, arXiv id, title or short title."""
    title = slugify(entry.fields["title"])
    short_title = slugify(entry.fields.get("short_title", ""))
    ways: tuple[Callable[[Any], bool], ...] = (
        lambda row: row.slug == entry.slug,
        lambda row: bool(getattr(row, "arxiv_id", "")) and row.arxiv_id in entry.fields.get("arxiv_id", ""),
        lambda row: slugify(row.title) == title,
        lambda row: bool(row.short_title) and slugify(row.short_title) == short_title,
    )
    for is_same in ways:
        for row in old:
            if row.kind == entry.kind and is_same(row):
                old.remove(row)
                return row
    return None
