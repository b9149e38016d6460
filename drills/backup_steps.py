"""What the drill of the backup does in one site; `python -m drills.backup` starts it."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGTERM, signal
from typing import Any

import requests
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connections, transaction

from drills.site import Server
from papers.models import PaperSummary
from tests.factories import edith, make_issue, make_news, make_paper
from timeline import archive
from timeline.backup import LEFT_OUT, back_up, chunks_of, stored_files
from timeline.history import record
from timeline.images import delete_files
from timeline.models import Image
from timeline.rows import lines

RESTORES_KILLED = 5
UPLOADS, BYTES = 40, 250_000  # what there is from the beginning, and of each
PAGE = "/issues/1/"
MANAGE = [sys.executable, "manage.py"]


class Drill:
    """On the database of the environment; restored to `others`, addresses of new databases."""

    def __init__(self, seed: int, folder: Path, others: list[str]) -> None:
        self.chance, self.done, self.faults = Random(seed), Counter[str](), list[str]()
        self.file, self.old = folder / "backup.zip", folder.parent / "old.zip"
        self.places = [
            {"VAR_DIR": f"{folder.parent}/restored-{number}", "DATABASE_URL": other}
            for number, other in enumerate(others)
        ]

    def run(self, killed: int) -> dict[str, Any]:
        """What was known of the site in the end."""
        fill()
        writer = fork(edit_for_ever)
        try:
            self.kill_backups(killed)
            back_up(self.file)
            if len(os.listdir(self.file.parent)) > 1:
                self.faults.append(f"Something was left behind: {os.listdir(self.file.parent)}")
            start = time.perf_counter()
            manage(self.places[0], "restore", str(self.file))
            seconds = time.perf_counter() - start
        finally:
            os.kill(writer, SIGTERM)
            os.waitpid(writer, 0)
        earlier = ask(self.places[0])
        self.faults += earlier["torn"]
        back_up(self.file)
        known = tell()
        self.kill_restores(seconds, [earlier["tables"], known["tables"]])
        self.compare(known)
        return known

    def kill_backups(self, times: int) -> None:
        start = time.perf_counter()
        os.waitpid(fork(lambda: back_up(self.old)), 0)
        seconds = time.perf_counter() - start
        while self.done["backup killed"] < times:
            self.file.unlink(missing_ok=True)
            if self.chance.random() < 0.5:
                os.link(self.old, self.file)  # there is one already
            process = fork(lambda: back_up(self.file))
            time.sleep(self.chance.triangular(0, 1.4 * seconds, seconds))
            os.kill(process, SIGKILL)
            ended = os.waitpid(process, 0)[1]
            if ended not in {0, SIGKILL}:
                self.faults.append("A backup failed.")
            self.done["backup killed" if ended else "backup done before it could be killed"] += 1
            seconds *= 1.05 if ended else 0.8  # the machine does other things, too
            try:
                if self.file.exists():
                    archive.verify(self.file)
                    self.done["then the old one" if self.file.samefile(self.old) else "then a new one, whole"] += 1
                else:
                    self.done["then none"] += 1
            except archive.Unusable as error:
                self.faults.append(str(error))

    def kill_restores(self, seconds: float, either: list[Any]) -> None:
        """Each leaves one of two sites, with all the uploads that it names."""
        while self.done["restore killed"] < RESTORES_KILLED:
            command = [*MANAGE, "restore", str(self.file), "--replace"]
            restore = subprocess.Popen(command, env=os.environ | self.places[0], stdout=subprocess.DEVNULL)
            time.sleep(self.chance.uniform(0.3, 1.2) * seconds)
            restore.kill()
            ended = restore.wait()
            self.done["restore killed" if ended else "restore done before it could be killed"] += 1
            seconds *= 1.05 if ended else 0.8
            found = ask(self.places[0])
            self.faults += found["torn"]
            if found["tables"] not in either:
                self.faults.append("A restore that was killed left neither the old site nor the new one.")
                continue
            self.done[["then the old site", "then the new site"][either.index(found["tables"])]] += 1

    def compare(self, known: dict[str, Any]) -> None:
        for place in self.places:
            manage(place, "restore", str(self.file), "--replace")
            found = ask(place)
            differing = [name for name in known if found[name] != known[name]]
            self.faults += [f"{place['DATABASE_URL']}: {name} are not the same" for name in differing]
        server, pages = Server(), set()
        for variables in ({}, self.places[0]):
            server.start(**variables)
            try:
                pages.add(fetch(server.url + PAGE))
            finally:
                server.kill()
        if len(pages) > 1:
            self.faults.append(f"{PAGE} is another page after it was restored.")


def fork(do: Callable[[], object]) -> int:
    """A process that does that and ends; its number. It has loaded everything, so that all its time is the work's."""
    connections.close_all()
    if process := os.fork():
        return process
    signal(SIGTERM, lambda *_: os._exit(0))
    try:
        do()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def fill() -> None:
    call_command("migrate", verbosity=0)
    text = "What it says, with $x^2$ and *more*.\n\n" * 40
    for number in range(1, 31):
        issue = make_issue(number=number)
        for item in (make_paper(issue, authors=[f"Author {number}"], body=text), make_news(issue, body=text)):
            record(item, "added", edith())
    for _ in range(UPLOADS):
        upload(os.urandom(BYTES))


def upload(content: bytes) -> Any:
    """An image that tells what its file has to be; stored as an upload is: first the file, then the row."""
    digest = hashlib.sha256(content).hexdigest()
    name = default_storage.save(f"images/{digest[:32]}.png", ContentFile(content))
    return Image.objects.create(name=digest[:32], file=name, rights=digest)


def edit_for_ever() -> None:
    """Two rows in one transaction, which are the same at every moment; a new upload; one that goes, the row first."""
    pair = PaperSummary.objects.order_by("pk").values_list("pk", flat=True)[:2]
    uploads: list[Any] = []
    for turn in count():
        with transaction.atomic():
            for pk in pair:
                PaperSummary.objects.filter(pk=pk).update(body=f"Turn {turn}.")
                record(PaperSummary.objects.get(pk=pk), "saved")
        uploads.append(upload(os.urandom(BYTES // 10)))
        if len(uploads) > 100:  # some seconds old: the site deletes nothing that is younger than a week
            gone = uploads.pop(0)
            gone.delete()
            delete_files(gone)
        time.sleep(0.03)  # an editor, not a benchmark


def manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([*MANAGE, *arguments], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)


def ask(environment: dict[str, str]) -> dict[str, Any]:
    """What tell() tells of the site in that environment."""
    command = [sys.executable, "-m", "drills.backup", "tell"]
    told = subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout)


def tell() -> dict[str, Any]:
    """A digest of each table and of each upload; and what is not of one moment."""
    rows, tables = 0, {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and model._meta.label_lower not in LEFT_OUT:
            digest = hashlib.sha256()
            for line in lines(model):
                rows += 1
                digest.update(json.dumps(json.loads(line), sort_keys=True).encode())  # PostgreSQL sorts keys of its own
            tables[model._meta.label_lower] = digest.hexdigest()
    uploads = {name: hashlib.sha256(b"".join(chunks_of(name))).hexdigest() for name in stored_files()}
    first, second, *_ = PaperSummary.objects.order_by("pk")
    torn = [f"{image} is torn" for image in Image.objects.all() if uploads.get(str(image.file)) != image.rights]
    if first.body != second.body:
        torn.append("A transaction is torn.")
    return {"rows": rows, "tables": tables, "uploads": uploads, "torn": torn}


def fetch(url: str) -> bytes:
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer.content
