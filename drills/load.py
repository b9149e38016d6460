"""The drill of what readers see while everything changes: every answer is compared with the truth at its time.

    python -m drills.load                                 on SQLite, on PostgreSQL, and on two nodes
    python -m drills.load --seconds 3 --only SQLite       a sample

Readers ask for every sort of page, with and without the tag of what they have. A writer publishes, edits, withdraws and
schedules all the time, and is killed between its commit and its notice. On one machine a request that is made after a
commit returned has to see it; on another machine, or after such a death, one second later. Nobody may ever see a draft.
It prints a table, and the exit code is 1 where an answer was none of those that were true, or was an error.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from secrets import randbelow
from signal import SIGTERM, signal
from tempfile import TemporaryDirectory

from drills.production import ROOT, Web, environment, run
from drills.readers import Readers
from drills.truth import DRAFT, Judge, Verdict, pages, read_log
from drills.world import NUMBERS

SITUATIONS = ("SQLite", "PostgreSQL", "two nodes")
PROCESSES = 4
CROWD = 6  # readers
ELSEWHERE = 1.0  # seconds after which other machines see a change
PAGES = pages((*NUMBERS, DRAFT))


def drill(name: str, folder: Path, seconds: float, seed: int) -> Verdict:
    """The writer is on the first node."""
    if name == "SQLite":
        return measure(name, folder, f"sqlite:///{folder}/db.sqlite3", [0.0], seconds, seed)
    from tests.postgres import server

    with server() as url:
        return measure(name, folder, url, [0.0] if name == "PostgreSQL" else [0.0, ELSEWHERE], seconds, seed)


def measure(name: str, folder: Path, database: str, promises: list[float], seconds: float, seed: int) -> Verdict:
    homes = [environment(folder / f"node{n}", database, STATIC_ROOT=f"{folder}/static") for n, _ in enumerate(promises)]
    run("-m", "drills.world", "fill", env=homes[0])
    webs = [Web(f"web{n}", home, PROCESSES // len(homes)) for n, home in enumerate(homes)]
    try:
        for web in webs:
            web.start()
        readers = Readers(zip([web.url for web in webs], promises, strict=True), PAGES, CROWD // len(webs))
        readers.start()
        log = folder / "moments"
        command = [sys.executable, "-m", "drills.world", "write", str(seconds), str(seed), str(log)]
        writer = subprocess.run(command, cwd=ROOT, env=homes[0], capture_output=True, text=True)
        answers = readers.stop()
        used = [round(each, 1) for web in webs for each in web.seconds_used()]
        moments = read_log(log)
        verdict = Judge(moments, PAGES).judge(answers)
        if writer.returncode:
            verdict.faults.insert(0, f"The writer failed: {writer.stderr}")
        verdict.faults += [f"{web.name} ended: {web.told()}" for web in webs if not web.is_running()]
    finally:
        for web in webs:
            web.end()
    tell(name, len(moments), verdict, used)
    said = [] if verdict.is_good else [f"{web.name} wrote: {web.told()}" for web in webs]
    for trouble in [*readers.troubles[:5], *verdict.faults[:20], *said]:
        print(trouble, flush=True)
    return verdict


def tell(name: str, moments: int, verdict: Verdict, used: list[float]) -> None:
    load = os.getloadavg()[0]
    print(f"\n{name}: CPU seconds of each process {used}, load of the machine {load:.1f}")
    for what, count in {
        "answers": verdict.answers,
        "of them 304": verdict.not_modified,
        "states of the site": moments,
        "states seen": len(verdict.states),
        "oldest answer, ms late": round(1_000 * verdict.oldest),
        "errors": verdict.errors.total(),
        "answers that were not true": len(verdict.faults),
    }.items():
        print(f"{what:30}{count:11}")
    for error, count in verdict.errors.most_common(5):
        print(f"{error:30}{count:11}", flush=True)


def main(seconds: float, only: list[str], seed: int) -> bool:
    print(f"seed {seed}, {seconds:g} seconds each")
    verdicts = []
    for name in only:
        with TemporaryDirectory(prefix="timeline-load-") as folder:
            verdicts.append(drill(name, Path(folder), seconds, seed))
    return all(verdict.is_good for verdict in verdicts)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m drills.load")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=randbelow(1_000_000))
    parser.add_argument("--only", action="append", choices=SITUATIONS)
    told = parser.parse_args()
    signal(SIGTERM, lambda *_: sys.exit(1))  # by way of `finally`: what we started goes with us
    sys.exit(not main(told.seconds, told.only or list(SITUATIONS), told.seed))
