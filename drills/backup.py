"""The drill of the backup: killed at any moment there is a whole one or none, and what comes back is what there was.

    python -m drills.backup        on a new SQLite and a new PostgreSQL

While somebody edits, uploads and deletes all the time, the backup is killed again and again; each time the file must be
one that verifies, or not be there. One that was not killed must be of one moment. Then, in a quiet site, all rows, all
uploads and a page must be the same after it was restored: on a new database of the same kind, and on one of the other.
It prints a table, and the exit code is 1 where anything is not so. `--seed` repeats the moments, not what happens then.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from secrets import randbelow
from signal import SIGTERM, signal
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

KILLED = 50  # times, on each database
MOST_SECONDS = 1_200  # then something hangs, or the machine does much else


def here(seed: int, killed: int, folder: Path, others: list[str]) -> bool:
    set_up()
    from django.db import connection

    from drills.backup_steps import Drill

    drill = Drill(seed, folder, others)
    known = drill.run(killed)
    drill.done |= {"rows compared, twice": known["rows"], "uploads compared, twice": len(known["uploads"])}
    drill.done["bytes of the file"] = drill.file.stat().st_size
    print(f"\n{connection.vendor}, seed {seed}\n{'':40}  how often")
    for name, count in drill.done.items():
        print(f"{name:40}{count:11}")
    print(f"faults: {len(drill.faults)}", *drill.faults, sep="\n", flush=True)
    return not drill.faults


def set_up() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "timeline.settings"
    django.setup()


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
            environment["DATABASE_POOL"] = "0"  # a pool is not to be shared by what forks
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
        set_up()
        from drills.backup_steps import tell

        print(json.dumps(tell()))
    else:
        numbers = (given.seed, given.killed)
        sys.exit(not (here(*numbers, given.folder, given.others) if given.what else main(*numbers)))
