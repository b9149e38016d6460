"""Everything that the site has, as one file, and back: the rows of the database and the uploads.

An upload is stored before its row is, and goes after its row, a week after it came at the earliest. So all files are
copied first; then the database is read as it is at one moment, in which every file that it names is there; what came or
changed since is copied at the start of that moment. Going back is the same way: files first, which nobody misses or
minds until their rows are there.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import django
from django.apps import apps
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from timeline import archive, edition, rows, search_index
from timeline.archive import Contents, Part, Writer
from timeline.models import Backup, Content, Count, Edition, User

MEDIA, LATE = "media/", "media-late/"  # of the same name, the late one counts
# Not part of a backup: who is signed in, and what a restored database has to have of its own.
LEFT_OUT = {"sessions.session", *(model._meta.label_lower for model in (Backup, Count, Edition))}


class Refused(Exception):
    """It would do harm, or cannot be; the sentence says what to do."""


def back_up(file: Path) -> Contents:
    """Write everything to `file`, in the place of what is there; raises Refused and Unusable.

    Whenever the process ends, there is a whole backup or what was there before. Its memory does not grow with the site.
    """
    if file.resolve().is_relative_to(Path(settings.MEDIA_ROOT).resolve()):
        raise Refused("That is in MEDIA_ROOT, from where everybody could read it: write it elsewhere.")
    with archive.writing(file) as writer:
        copied: dict[str, int] = {}
        add_media(writer, MEDIA, copied)
        with edition.snapshot():
            try:
                migrations = rows.newest_migrations()
            except rows.Unknown as error:
                raise Refused(f"The database is of a newer version of the site: use that. It has {error}.") from error
            made_at = timezone.now()
            add_media(writer, LATE, copied)
            writer.contents.about |= {
                "made_at": made_at.isoformat(),
                "version": settings.VERSION,
                "django": django.__version__,
                "database": connection.vendor,
                "migrations": migrations,
                "tables": {
                    label: add_rows(writer, label, model)
                    for label, model in rows.models(migrations).items()
                    if label not in LEFT_OUT
                },
            }
    if Backup._meta.db_table in connection.introspection.table_names():  # not before an update to this version
        Backup.objects.create(made_at=made_at, bytes=file.stat().st_size)
    return writer.contents


def add_rows(writer: Writer, label: str, model: Any) -> dict[str, Any]:
    count = 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for count, line in enumerate(rows.lines(model), 1):  # noqa: B007
            yield line

    writer.add(rows_path(label), counted(), compress=True)
    return {"fields": [field.attname for field in rows.fields(model)], "rows": count}


def rows_path(label: str) -> str:
    return f"database/{label}.jsonl"


def add_media(writer: Writer, prefix: str, copied: dict[str, int]) -> None:
    """Add the files that are not in `copied`, or not in that size: an upload may have been copied half."""
    for name in stored_files():
        try:
            if name not in copied or default_storage.size(name) != copied[name]:
                copied[name] = writer.add(prefix + name, chunks_of(name), compress=False).bytes
        except FileNotFoundError:
            continue  # deleted since it was listed, so no row names it


def stored_files(folder: str = "") -> Iterator[str]:
    """The names of all uploads."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(filter(None, files)):
        yield os.path.join(folder, name)
    for name in sorted(filter(None, folders)):
        yield from stored_files(os.path.join(folder, name))


def chunks_of(name: str) -> Iterator[bytes]:
    with default_storage.open(name) as file:
        yield from iter(lambda: file.read(archive.CHUNK), b"")


def restore(file: Path, *, replace: bool = False) -> Contents:
    """Make the site what it was; with `replace` in the place of what there is. Raises Refused and Unusable.

    The database changes in one step, after all files are there. Whenever the process ends, it can be run again.
    """
    contents = archive.verify(file)
    about = contents.about
    migrations = [(app, name) for app, name in about["migrations"]]
    try:
        models = rows.models(migrations)
    except rows.Unknown as error:
        raise Refused(
            f"It is of another version of the site, {about['version']}: restore it with that. It needs {error}."
        ) from error
    if not replace and not is_empty():
        raise Refused("The database is not empty: take another one, or give up what is in it with --replace.")
    uploads = uploads_in(contents)
    with ZipFile(file) as packed:
        for name, part in uploads.items():
            put(name, packed, part)
        try:
            with building():
                rows.make_tables(migrations)
                with transaction.atomic():
                    for label, table in about["tables"].items():
                        with packed.open(rows_path(label)) as lines:
                            rows.load(models[label], table["fields"], lines)
                    rows.finish([models[label] for label in about["tables"]])
                call_command("migrate", interactive=False, verbosity=0)
                Backup.objects.create(made_at=datetime.fromisoformat(about["made_at"]), bytes=file.stat().st_size)
        except DatabaseError as error:
            raise Refused(f"The rows cannot be written to this database, which is as it was: {error}") from error
    edition.give_notice()
    if replace:
        for name in list(stored_files()):
            if name not in uploads:
                default_storage.delete(name)
    return contents


def is_empty() -> bool:
    """Whether there is nothing but what migrate makes, and of no other program; Refused where that cannot be read."""
    try:
        there = {name for name in connection.introspection.table_names() if not name.startswith(search_index.FTS)}
        ours = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {"django_migrations"}
        return there <= ours and not any(
            model._base_manager.exists()
            for model in apps.get_models()
            if (model is User or issubclass(model, Content)) and model._meta.db_table in there
        )
    except DatabaseError as error:
        raise Refused(
            f"The database cannot be read ({error}): move its files away, or take another one, and run this again."
        ) from error


def uploads_in(contents: Contents) -> dict[str, Part]:
    """By name."""
    found = {}
    for part in contents.parts:
        for prefix in (MEDIA, LATE):
            if part.path.startswith(prefix):
                found[part.path.removeprefix(prefix)] = part
    return found


def put(name: str, packed: ZipFile, part: Part) -> None:
    """Store an upload, unless it is there."""
    if default_storage.exists(name):
        if archive.is_same(chunks_of(name), part):
            return
        default_storage.delete(name)  # half of it, by a process that was killed, or another one
    with packed.open(part.path) as stream:
        if default_storage.save(name, File(stream, name)) != name:
            raise Refused(f"{name} could not be stored under its name: is another process storing files?")


@contextmanager
def building() -> Iterator[None]:
    """The database without tables; at the end it takes the place of what there was, in one transaction."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            for table in connection.introspection.table_names():
                cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")
            yield
        return
    live = str(connection.settings_dict["NAME"])
    beside = f"{live}.restoring"
    remove(beside)  # of a process that was killed
    connection.close()
    connection.settings_dict["NAME"] = beside
    try:
        yield
        connection.close()
        copy(beside, live)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = live
        remove(beside)


def copy(source: str, target: str) -> None:
    """SQLite's own way to write a database into another one: to all who have that open a transaction like any other.

    To rename the file would leave them in the old one, and its log beside the new one.
    """
    with closing(sqlite3.connect(source)) as new, closing(sqlite3.connect(target, timeout=60)) as old:
        try:
            new.backup(old)
        except sqlite3.DatabaseError as error:
            raise Refused(
                f"The database cannot be written ({error}): move its files away and run this again."
            ) from error


def remove(database: str) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(database + ending).unlink(missing_ok=True)


def tell(contents: Contents) -> str:
    """What is in it, as lines of text."""
    about, uploads = contents.about, uploads_in(contents)
    tables = {label: table["rows"] for label, table in about["tables"].items() if table["rows"]}
    return "\n".join(
        [
            f"The site as it was at {about['made_at']}, version {about['version']}, from {about['database']}.",
            *(f"{label}: {count} row{'' if count == 1 else 's'}" for label, count in tables.items()),
            f"uploads: {len(uploads)}, {sum(part.bytes for part in uploads.values())} bytes",
        ]
    )
