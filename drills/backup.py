"""The drill of the backup: killed at any moment there is a whole one or none, and what comes back is what there was.

    python -m drills.backup        on a new SQLite and a new PostgreSQL

While somebody edits, uploads and deletes all the time, the backup is killed again and again; each time the file must be
one that verifies, or not be there. One that was not killed must be of one moment. Then, in a quiet site, all rows, all
uploads and a page must be the same after it was restored: on a new database of the same kind, and on one of the other.
It prints a table, and the exit code is 1 where anything is not so. `--seed` repeats the moments, not what happens then.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from secrets import randbelow
from signal import SIGKILL, SIGTERM, signal
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

KILLED = 50  # times, on each database
UPLOADS, BYTES = 40, 250_000  # what there is from the beginning, and of each
PAGE = "/issues/1/"
MOST_SECONDS = 600  # then something hangs, or the machine does much else


def here(seed: int, killed: int, folder: Path, others: list[str]) -> bool:
    """On the database of the environment; restored to `others`, addresses of new databases."""
    set_up()
    from drills.site import Server
    from timeline import archive
    from timeline.backup import back_up

    chance, done, faults = Random(seed), Counter[str](), list[str]()
    file, old = folder / "backup.zip", folder.parent / "old.zip"
    places = [
        {"VAR_DIR": f"{folder.parent}/restored-{kind}", "DATABASE_URL": other} for kind, other in enumerate(others)
    ]
    fill()
    writer = fork(edit_for_ever)
    try:
        start = time.perf_counter()
        os.waitpid(fork(lambda: back_up(old)), 0)
        seconds = time.perf_counter() - start
        for _ in range(killed):
            file.unlink(missing_ok=True)
            if chance.random() < 0.5:
                os.link(old, file)  # there is one already
            process = fork(lambda: back_up(file))
            time.sleep(chance.triangular(0, 1.4 * seconds, seconds))
            os.kill(process, SIGKILL)
            ended = os.waitpid(process, 0)[1]
            done["killed" if ended == SIGKILL else "done before it could be killed" if not ended else "failed"] += 1
            if not file.exists():
                done["then there is none"] += 1
                continue
            try:
                archive.verify(file)
                done["then there is the old one" if file.samefile(old) else "then there is a new one"] += 1
            except archive.Unusable as error:
                faults.append(str(error))
        if done["failed"]:
            faults.append("A backup failed.")
        back_up(file)
        if len(os.listdir(folder)) > 1:
            faults.append(f"Something was left behind: {os.listdir(folder)}")
        manage(places[0], "restore", str(file))
        faults += ask(places[0])["torn"]
    finally:
        os.kill(writer, SIGTERM)
        os.waitpid(writer, 0)

    back_up(file)
    known = tell()
    for place in places:
        manage(place, "restore", str(file), "--replace")
        found = ask(place)
        faults += [f"{place['DATABASE_URL']}: {name} are not the same" for name in known if found[name] != known[name]]
    server, pages = Server(), set()
    for variables in ({}, places[0]):
        server.start(**variables)
        try:
            pages.add(fetch(server.url + PAGE))
        finally:
            server.kill()
    if len(pages) > 1:
        faults.append(f"{PAGE} is another page after it was restored.")

    from django.db import connection

    print(f"\n{killed} backups, {connection.vendor}, seed {seed}\n{'':46}  how often")
    for name, count in done.items():
        print(f"{name:46}{count:11}")
    print(f"{'rows compared, twice':46}{known['rows']:11}")
    print(f"{'uploads compared, twice':46}{len(known['uploads']):11}")
    print(f"{'bytes of the file':46}{file.stat().st_size:11}")
    print(f"{'ms of a backup while the site is in use':46}{1_000 * seconds:11.0f}")
    print(f"faults: {len(faults)}", *faults, sep="\n", flush=True)
    return not faults


def set_up() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "timeline.settings"
    django.setup()


def fork(do: Callable[[], object]) -> int:
    """A process that does that and ends; its number. It has loaded everything, so that all its time is the work's."""
    from django.db import connections

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
    from django.core.management import call_command

    from tests.factories import edith, make_issue, make_news, make_paper
    from timeline.history import record

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
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from timeline.models import Image

    digest = hashlib.sha256(content).hexdigest()
    name = default_storage.save(f"images/{digest[:32]}.png", ContentFile(content))
    return Image.objects.create(name=digest[:32], file=name, rights=digest)


def edit_for_ever() -> None:
    """Two rows in one transaction, which are the same at every moment; a new upload; one that goes, the row first."""
    from itertools import count

    from django.db import transaction

    from papers.models import PaperSummary
    from timeline.history import record
    from timeline.images import delete_files

    pair = PaperSummary.objects.order_by("pk").values_list("pk", flat=True)[:2]
    uploads: list[Any] = []
    for turn in count():
        with transaction.atomic():
            for pk in pair:
                PaperSummary.objects.filter(pk=pk).update(body=f"Turn {turn}.")
                record(PaperSummary.objects.get(pk=pk), "saved")
        uploads.append(upload(os.urandom(BYTES // 10)))
        if len(uploads) > 20:
            gone = uploads.pop(0)
            gone.delete()
            delete_files(gone)
        time.sleep(0.02)  # an editor, not a benchmark


def manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)


def ask(environment: dict[str, str]) -> dict[str, Any]:
    """What tell() tells of the site in that environment."""
    command = [sys.executable, "-m", "drills.backup", "tell"]
    told = subprocess.run(command, env=os.environ | environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout)


def tell() -> dict[str, Any]:
    """A digest of each table and of each upload; and what is not of one moment."""
    set_up()
    from django.apps import apps
    from django.core.files.storage import default_storage

    from papers.models import PaperSummary
    from timeline.backup import LEFT_OUT, chunks_of, stored_files
    from timeline.models import Image
    from timeline.rows import lines

    count, tables = 0, {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and model._meta.label_lower not in LEFT_OUT:
            digest = hashlib.sha256()
            for line in lines(model):
                count += 1
                digest.update(json.dumps(json.loads(line), sort_keys=True).encode())  # PostgreSQL sorts keys of its own
            tables[model._meta.label_lower] = digest.hexdigest()
    uploads = {name: hashlib.sha256(b"".join(chunks_of(name))).hexdigest() for name in stored_files()}
    first, second, *_ = PaperSummary.objects.order_by("pk")
    torn = [f"{image} is torn" for image in Image.objects.all() if uploads.get(str(image.file)) != image.rights]
    if first.body != second.body:
        torn.append("A transaction is torn.")
    assert default_storage.exists("images")
    return {"rows": count, "tables": tables, "uploads": uploads, "torn": torn}


def fetch(url: str) -> bytes:
    import requests

    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer.content


def main(seed: int, killed: int) -> bool:
    from tests.postgres import server

    start = time.perf_counter()
    with TemporaryDirectory(prefix="timeline-backup-") as scratch, server() as postgresql:
        processes = []
        for name in ("sqlite", "postgresql"):
            folder = Path(scratch, name)
            Path(folder, "backups").mkdir(parents=True)
            databases = [new_database(postgresql, f"{name}_{number}") for number in range(2)]
            own = f"sqlite:///{folder}/site/db.sqlite3" if name == "sqlite" else databases.pop()
            others = [f"sqlite:///{folder}/other/db.sqlite3", databases[0]]
            if name == "postgresql":
                others.reverse()  # first one of the same kind
            numbers = ["--seed", str(seed), "--killed", str(killed), "--folder", f"{folder}/backups"]
            environment = os.environ | {"VAR_DIR": f"{folder}/site", "DATABASE_URL": own, "LOG_LEVEL": "ERROR"}
            command = [sys.executable, "-m", "drills.backup", "here", *numbers, "--others", *others]
            processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        try:
            for process in processes:  # side by side, and told one after the other
                told, _ = process.communicate(timeout=max(1, MOST_SECONDS - (time.perf_counter() - start)))
                print(told, end="", flush=True)
        finally:
            for process in processes:
                process.terminate()  # does nothing to one that has ended
    print(f"\nseconds in all: {time.perf_counter() - start:.0f}")
    return all(process.returncode == 0 for process in processes)


def new_database(server: str, name: str) -> str:
    """Its address."""
    import psycopg

    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m drills.backup")
    parser.add_argument("what", nargs="?", choices=["here", "tell"])
    parser.add_argument("--seed", type=int, default=randbelow(1_000_000))
    parser.add_argument("--killed", type=int, default=KILLED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--others", nargs="*", default=[])
    given = parser.parse_args()
    signal(SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`: what we started goes with us
    if given.what == "tell":
        print(json.dumps(tell()))
    else:
        numbers = (given.seed, given.killed)
        sys.exit(not (here(*numbers, given.folder, given.others) if given.what else main(*numbers)))
