"""What pages cost with 10 issues and with 1,000: uncached, with Markdown warm, on SQLite.

    python -m benchmarks.growth             two new databases, each filled by benchmarks.generator
    python -m benchmarks.growth FOLDER      the databases in FOLDER/10 and FOLDER/1000, filled if they are empty

And what a page costs that is ready in the memory of the process.

A process for each database; they are asked in turn, so that other programs disturb both alike. Times are those of the
processor, the median of several rounds. It judges no page: KB tell where a page costs more because more is on it.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command
from django.test import Client, RequestFactory

from benchmarks import generator
from benchmarks.pages import PRODUCTION, Page, measure, pages

SIZES = (10, 1_000)  # issues
ROUNDS = 9
PATHS, REQUESTS = 5, 25  # of each page: addresses, and requests in a round
MOST, MOST_READY = 1.3, 1.05  # times what it costs with few issues
READY = "a page that is ready"
READY_REQUESTS = 20_000  # of it in a round


def there(page: Page) -> Page | None:
    """`page` with those of its addresses that this database has; None where there is none, or no HTML."""
    client = Client()
    paths = [path for path in page.paths if client.get(path).status_code == page.status]
    return replace(page, paths=paths[:PATHS]) if paths and page.is_limited else None


def serve(issues: int) -> None:
    """The names of the sorts of pages; then, for each name that comes in, what they cost. Each a line of JSON."""
    django.setup()
    logging.disable(logging.WARNING)  # pages that are not found
    from timeline.models import Issue

    call_command("migrate", verbosity=0)
    if not Issue.objects.exists():
        generator.ISSUES = issues
        call_command("collectstatic", verbosity=0, interactive=False)
        generator.fill()
    application = import_module("timeline.wsgi").application  # as a server does
    shown = {page.name: page for each in pages() if (page := there(each))}
    print(json.dumps(list(shown)), flush=True)
    client = Client()
    for line in sys.stdin:
        if (name := json.loads(line)) == READY:
            print(json.dumps({"cpu": ready(application, f"/issues/{issues // 2}/")}), flush=True)
            continue
        page = shown[name]
        times, processor = measure(page, client, REQUESTS)
        size = max(page.get(client, path) for path in page.paths)
        print(json.dumps({"cpu": processor, "p50": median(times), "kb": size / 1_000}), flush=True)


def ready(application: Any, path: str) -> float:
    """What a page that is kept costs, in µs of the processor; the first request makes it."""
    environ = RequestFactory(headers={"Accept-Encoding": "br", "Host": "testserver"}).get(path).environ
    answers: set[str] = set()
    for requests in (1, READY_REQUESTS):
        start = time.process_time()
        for _ in range(requests):
            b"".join(application(environ.copy(), lambda status, headers: answers.add(status)))
    assert answers == {"200 OK"}, answers
    return 1e6 * (time.process_time() - start) / READY_REQUESTS


class Server:
    """A process that serves a database with so many issues."""

    def __init__(self, issues: int, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        environment = PRODUCTION | {"VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.growth", "serve", str(issues)],
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(self) -> Any:
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ask(self, name: str) -> dict[str, float]:
        assert self.process.stdin
        print(json.dumps(name), file=self.process.stdin, flush=True)
        answer: dict[str, float] = self.told()
        return answer


def compare(servers: Sequence[Server]) -> None:
    few, many = (server.told() for server in servers)
    load = os.getloadavg()[2]
    print(f"{'CPU ms a page, of issues:':30}{SIZES[0]:9}{SIZES[1]:9}    ratio   p50 ms             KB      KB")
    grown = []
    for name in (name for name in many if name in few):
        rounds = [[server.ask(name) for server in servers] for _ in range(ROUNDS + 1)][1:]  # the first warms up
        told = [{key: median(each[at][key] for each in rounds) for key in ("cpu", "p50", "kb")} for at in (0, 1)]
        ratio = told[1]["cpu"] / told[0]["cpu"]
        grown += [name] if ratio > MOST else []
        cells = "".join(f"{one['cpu']:9.1f}" for one in told) + f"{ratio:9.2f}"
        cells += "".join(f"{one['p50']:9.1f}" for one in told) + "".join(f"{one['kb']:8.0f}" for one in told)
        print(f"{name:30}{cells}  {'grows' if ratio > MOST else ''}".rstrip(), flush=True)
    kept = [[server.ask(READY)["cpu"] for server in servers] for _ in range(ROUNDS)]
    small, large = (median(each[at] for each in kept) for at in (0, 1))
    ratio = median(each[1] / each[0] for each in kept)
    verdict = "within" if ratio <= MOST_READY else "more than"
    print(f"\n{READY.capitalize()}: {small:.2f} and {large:.2f} µs, {ratio:.2f} times: {verdict} {MOST_READY}.")
    print(f"More than {MOST} times: {', '.join(grown) or 'none'}.")
    print(f"Only with many issues: {', '.join(name for name in many if name not in few) or 'none'}.")
    print(f"On average {load:.1f} programs at work on {os.cpu_count()} processors.")


def main(folder: Path) -> None:
    servers = [Server(issues, folder / str(issues)) for issues in SIZES]
    try:
        compare(servers)
    finally:
        for server in servers:
            server.process.kill()
            server.process.wait()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", issues]:
            serve(int(issues))
        case [folder]:
            main(Path(folder).resolve())
        case _:
            with TemporaryDirectory(prefix="timeline-growth-") as new:
                main(Path(new))
