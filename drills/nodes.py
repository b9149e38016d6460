"""The drill of a small house with many nodes: they are killed, started and upgraded while people read and write.

    python -m drills.nodes

The topology of the profile `cluster` of docker-compose.yml as processes of this machine: PostgreSQL, Redis, an S3, two
web nodes and two workers with a folder each, and nginx in front. Readers ask nginx all the time, an editor writes.
Every answer is compared with the truth at its time, no request may fail, nobody is signed out, and every task is done.
It prints a table, and the exit code is 1 where something of this is not so.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from secrets import randbelow, token_hex
from signal import SIGTERM, signal
from tempfile import TemporaryDirectory
from typing import Any

from drills.production import ROOT, Process, Web, environment, run
from drills.programs import object_storage, proxy, redis
from drills.readers import Readers
from drills.truth import DRAFT, Judge, pages, read_log
from drills.world import NUMBERS

READERS = 6
PROMISE = 1.0  # seconds after which everybody sees a change
CALM = 3.0  # seconds between two events
PICTURES = 6
PATIENCE = 120.0  # seconds for all tasks: a lease of half a minute, and the work
READ = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::media/*"}
POLICY = {"Version": "2012-10-17", "Statement": [READ]}  # the proxy has no key
UPGRADED = {"DJANGO_SETTINGS_MODULE": "drills.upgraded"}
PAGES = pages((*NUMBERS, DRAFT))


class Worker(Process):
    def __init__(self, name: str, env: dict[str, str]) -> None:
        super().__init__(name, [sys.executable, "manage.py", "db_worker", "--no-reload", "--worker-id", name], env)


def wait_for(is_so: Callable[[], Any], what: str, seconds: float = PATIENCE) -> None:
    """RuntimeError where it does not come to be so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:g} seconds.")
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError as error:
        return hasattr(error, "code")  # of an answer, though not of a good one


class House:
    """All of it; `stack` ends what was started."""

    def __init__(self, folder: Path, database: str, stack: ExitStack) -> None:
        self.stack = stack
        keeper, cache = redis(folder)
        storage, address = object_storage(folder)
        self.start(keeper)
        self.start(storage)
        wait_for(lambda: answers(address), "The storage answers")
        shared = {
            "SECRET_KEY": token_hex(32),
            "CACHE_URL": cache,
            "MEDIA_STORAGE": f"s3://media?endpoint={address}&region=us-east-1",
            "AWS_ACCESS_KEY_ID": "drill",
            "AWS_SECRET_ACCESS_KEY": token_hex(16),
            "STATIC_ROOT": str(folder / "static"),
            "TRUST_PROXY": "1",
        }
        names = ("office", "web-a", "web-b", "worker-a", "worker-b")
        self.office, *homes = (environment(folder / name, database, **shared) for name in names)
        os.environ.update(self.office)  # this process is at the office, too
        import boto3
        import django

        storing = boto3.client("s3", endpoint_url=address, region_name="us-east-1")
        storing.create_bucket(Bucket="media")
        storing.put_bucket_policy(Bucket="media", Policy=json.dumps(POLICY))
        run("-m", "drills.world", "fill", env=self.office)
        django.setup()
        self.webs = [Web(name, home, 1) for name, home in zip(names[1:3], homes[:2], strict=True)]
        self.workers = [Worker(name, home) for name, home in zip(names[3:], homes[2:], strict=True)]
        front, self.url = proxy(folder, [f"127.0.0.1:{web.port}" for web in self.webs], f"{address}/media")
        for process in (*self.webs, *self.workers, front):
            self.start(process)
        self.processes = [keeper, storage, *self.webs, *self.workers, front]
        wait_for(lambda: answers(self.url), "nginx answers")

    def start(self, process: Process) -> None:
        self.stack.callback(process.end)
        process.start()

    def sign_in(self) -> Callable[[], bool]:
        """Whether an editor, who signed in now, is still known to whichever node answers."""
        from django.conf import settings
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.cached_db import SessionStore

        from tests.factories import edith

        editor, session = edith(), SessionStore()
        session[SESSION_KEY] = str(editor.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = editor.get_session_auth_hash()
        session.save()
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}

        def is_known() -> bool:
            with urllib.request.urlopen(urllib.request.Request(f"{self.url}/admin/", headers=cookie)) as answer:
                return answer.url.endswith("/admin/")

        return is_known


def kill_web(house: House, number: int) -> None:
    house.webs[number].kill()
    time.sleep(CALM)
    house.webs[number].start()


def upgrade(house: House) -> None:
    """The migration first, while the release before it runs; then one node after the other."""
    run("manage.py", "migrate", "--no-input", env=house.office | UPGRADED)
    for node in (*house.webs, *house.workers):
        node.end()
        node.env = node.env | UPGRADED
        node.start()
        time.sleep(CALM)


def kill_worker(house: House) -> tuple[int, int]:
    """In the midst of a task, of many: how many were queued, and how many workers begun the one that was cut off."""
    from django.db import connection
    from django_tasks_db.models import DBTaskResult
    from PIL import Image as Picture

    from tests.factories import picture
    from timeline.images import store_image
    from timeline.models import Image

    victim, _ = house.workers
    images = [store_image(picture(size=(1_600, 1_200)), name=f"drill-{n}") for n in range(PICTURES)]
    drawing = DBTaskResult.objects.filter(task_path="timeline.variants.draw_variants")
    cut: list[Any] = []

    def is_at_it() -> bool:
        cut[:] = [task for task in drawing.filter(status="RUNNING") if task.worker_ids[-1] == victim.name]
        return bool(cut)

    wait_for(is_at_it, f"{victim.name} takes a task")
    victim.kill()
    wait_for(lambda: drawing.filter(status="SUCCESSFUL").count() == len(images), "All pictures are drawn")
    victim.start()
    for image in Image.objects.filter(pk__in=[image.pk for image in images]):
        assert image.variants, f"{image} has no copies."
        for name in image.files:
            with urllib.request.urlopen(f"{house.url}/media/{name}") as answer:
                Picture.open(answer).load()
    task = DBTaskResult.objects.get(pk=cut[0].pk)
    connection.close()
    return len(images), len(task.worker_ids)


def main(seed: int) -> bool:
    from tests.postgres import server

    with TemporaryDirectory(prefix="timeline-nodes-") as name, server() as database, ExitStack() as stack:
        folder = Path(name)
        house = House(folder, database, stack)
        is_known = house.sign_in()
        log = folder / "moments"
        command = [sys.executable, "-m", "drills.world", "write", "600", str(seed), str(log)]
        writer = subprocess.Popen(command, cwd=ROOT, env=house.office, stderr=subprocess.PIPE, text=True)
        stack.callback(writer.kill)
        readers = Readers([(house.url, PROMISE)], PAGES, READERS)
        readers.start()
        events: list[tuple[str, float]] = []
        trouble: list[str] = []

        def event(what: str, happen: Callable[[], Any]) -> Any:
            time.sleep(CALM)
            begun = time.monotonic()
            given = happen()
            events.append((what, time.monotonic() - begun))
            trouble.extend([] if is_known() else [f"After “{what}” the editor is signed out."])
            return given

        event("calm", lambda: time.sleep(CALM))
        event("web node A is killed, and started", lambda: kill_web(house, 0))
        event("web node B is killed, and started", lambda: kill_web(house, 1))
        event("all nodes are upgraded, with a migration", lambda: upgrade(house))
        tasks, times = event("a worker is killed in the midst of a task", lambda: kill_worker(house))
        event("calm again", lambda: time.sleep(CALM))
        writer.send_signal(SIGTERM)
        _, said = writer.communicate(timeout=60)
        given = readers.stop()
        trouble += [f"The writer failed: {said}"] if writer.returncode else []
        trouble += [f"{each.name} ended: {each.told()}" for each in house.processes if not each.is_running()]
        moments = read_log(log)
    verdict = Judge(moments, PAGES).judge(given)
    print(f"two web nodes, two workers, seed {seed}, load of the machine {os.getloadavg()[0]:.1f}\n")
    for what, seconds in events:
        print(f"{what:45}{seconds:8.1f} s")
    for what, count in {
        "answers through the proxy": verdict.answers,
        "of them 304": verdict.not_modified,
        "states of the site": len(moments),
        "states seen": len(verdict.states),
        "oldest answer, ms late": round(1_000 * verdict.oldest),
        "errors": verdict.errors.total(),
        "answers that were not true": len(verdict.faults),
        "tasks queued, and done": tasks,
        "workers of the task that was cut off": times,
    }.items():
        print(f"{what:45}{count:8}")
    for told in [*trouble, *verdict.errors, *readers.troubles[:5], *verdict.faults[:20]]:
        print(told, flush=True)
    return verdict.is_good and not trouble and times == 2


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m drills.nodes")
    parser.add_argument("--seed", type=int, default=randbelow(1_000_000))
    told = parser.parse_args()
    signal(SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`: what we started goes with us
    sys.exit(not main(told.seed))
