"""All that is published, as files: a line of JSON for each document of the API, a file for each of its lists."""

import gzip
import hashlib
from datetime import timedelta
from secrets import token_hex
from tempfile import TemporaryFile
from typing import Any, cast

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from timeline.models import Dump, Issue, Publication
from timeline.resources import Resource, resources

LICENCE = "LICENCE.txt"
ENDING = ".jsonl.gz"
ABANDONED = timedelta(days=1)  # since when a dump that is not finished was begun


class Outdated(Exception):
    """An issue was withdrawn while it stood in the dump: make it again."""


def make_dump() -> Dump:
    """Write a new dump and take the ones before it away. Readers find the old one, whole, until the new one is.

    Each document is as it was when its line was written; there is no lock. Raises Outdated.
    """
    started = timezone.now()
    dump = Dump.objects.create(folder=f"dumps/{started:%Y-%m-%d}-{token_hex(8)}", started_at=started)
    try:
        files = [write(dump, resource) for resource in resources()]
        default_storage.save(dump.path(LICENCE), ContentFile(licence_note(started.date().isoformat())))
        with transaction.atomic():
            if Issue.objects.filter(withdrawn_at__gte=started).exists():
                raise Outdated("An issue was withdrawn while it was dumped. Run the command again.")
            dump.files, dump.finished_at = files, timezone.now()
            dump.save()
    except BaseException:
        delete(dump)
        raise
    for old in Dump.objects.exclude(pk=dump.pk):
        if old.finished_at or old.started_at < timezone.now() - ABANDONED:
            delete(old)
    return dump


def write(dump: Dump, resource: Resource) -> dict[str, str | int]:
    name, rows = f"{resource.name}{ENDING}", 0
    with TemporaryFile() as file:
        # Neither name nor time of the machine: the same documents are the same bytes.
        with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            for document in resource.all():
                packed.write(document.model_dump_json().encode() + b"\n")
                rows += 1
        size = file.tell()
        file.seek(0)
        digest = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
        file.seek(0)
        default_storage.save(dump.path(name), File(file, name))
    return {"name": name, "title": resource.title, "rows": rows, "bytes": size, "sha256": digest}


def licence_note(day: str) -> str:
    publication = Publication.objects.current()
    return "\n\n".join([f"{publication.name}, as it was on {day}", publication.licence_text]) + "\n"


def delete(dump: Dump) -> None:
    """The row first: a file without its row is litter, a row without its file would be a link that leads nowhere."""
    folder = dump.folder
    dump.delete()
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)
