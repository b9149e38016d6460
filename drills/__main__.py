"""The drill: nothing that is typed is ever lost.

    python -m drills                                  all of it, on a new SQLite and a new PostgreSQL
    python -m drills here --edits 50 --in-browser 0   on the database that the environment names, which must be empty

Two editors make random edits in a draft issue on a real server, while requests fail, sessions end and the server is
killed; then the same in Chromium. Each paragraph is typed once in all the drill. In the end, each that nobody took
away must be in its text or offered to be saved or merged, and once everything that is offered was saved, once in its
text. It prints a table, and the exit code is 1 where something was lost or stands twice. `--seed` repeats a drill; what
depends on when the server was killed does not repeat exactly.
"""

import argparse
import os
import subprocess
import sys
from collections import Counter
from resource import RUSAGE_CHILDREN, getrusage
from secrets import randbelow
from signal import SIGTERM, signal
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

ON_SQLITE, ON_POSTGRESQL, IN_BROWSER = 600, 400, 30
MOST_SECONDS = 1_500  # then something hangs, or the machine does much else


def here(seed: int, edits: int, in_browser: int) -> bool:
    """Whether nothing was lost and nothing doubled."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "timeline.settings"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop running in this thread
    django.setup()
    from django.db import connection

    from drills.http_level import Drill
    from drills.in_browser import BrowserDrill
    from drills.site import Site

    site = Site()
    site.start()
    good = True
    try:
        for name, kind, count in (("HTTP", Drill, edits), ("Chromium", BrowserDrill, in_browser)):
            if not count:
                continue
            print(f"\n{count} edits, {name}, {connection.vendor}, seed {seed}", flush=True)
            start = perf_counter()
            drill = kind(site, seed)
            for number in range(1, count + 1):
                drill.edit()
                if number % 100 == 0:
                    print(f"{name}, {connection.vendor}: {number} edits", file=sys.stderr, flush=True)
            lost, doubled = drill.finish()
            tell(drill.done, len(drill.ledger.typed), perf_counter() - start, drill.seconds)
            print(f"lost {len(lost)}, doubled {len(doubled)}", *lost, *doubled, flush=True)
            good = good and not lost and not doubled
    finally:
        site.kill()
    return good


def tell(done: Counter[str], typed: int, seconds: float, requests: list[float]) -> None:
    print(f"{'':30}  how often")
    for name, count in sorted({**done, "paragraphs typed": typed}.items()):
        print(f"{name:30}{count:11}")
    print(f"{'seconds in all':30}{seconds:11.0f}")
    if requests:
        print(f"{'ms of a request, median':30}{1_000 * median(requests):11.0f}")


def main(seed: int) -> bool:
    from tests.postgres import server

    start = perf_counter()
    with TemporaryDirectory(prefix="timeline-drill-") as folder, server() as postgresql:
        processes = []
        for name, url, edits, in_browser in (
            ("sqlite", f"sqlite:///{folder}/sqlite/db.sqlite3", ON_SQLITE, 0),
            ("postgresql", postgresql, ON_POSTGRESQL, IN_BROWSER),
        ):
            numbers = ["--seed", str(seed), "--edits", str(edits), "--in-browser", str(in_browser)]
            environment = os.environ | {"VAR_DIR": f"{folder}/{name}", "DATABASE_URL": url}
            command = [sys.executable, "-m", "drills", "here", *numbers]
            processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        try:
            for process in processes:  # side by side, and told one after the other
                told, _ = process.communicate(timeout=max(1, MOST_SECONDS - (perf_counter() - start)))
                print(told, end="", flush=True)
        finally:
            for process in processes:
                process.terminate()  # does nothing to one that has ended
    used = getrusage(RUSAGE_CHILDREN)
    print(f"\nseconds in all: {perf_counter() - start:.0f}, of processors: {used.ru_utime + used.ru_stime:.0f}")
    return all(process.returncode == 0 for process in processes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m drills")
    parser.add_argument("where", nargs="?", choices=["here"])
    parser.add_argument("--seed", type=int, default=randbelow(1_000_000))
    parser.add_argument("--edits", type=int, default=ON_SQLITE)
    parser.add_argument("--in-browser", type=int, default=IN_BROWSER)
    told = parser.parse_args()
    signal(SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`: what we started goes with us
    sys.exit(not (here(told.seed, told.edits, told.in_browser) if told.where else main(told.seed)))
