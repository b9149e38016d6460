"""What the terms cost the pages of a large archive, and what a new term costs its editor.

    python -m benchmarks.glossary         a new SQLite, filled by benchmarks.generator
    python -m benchmarks.glossary here    the database that the environment names, filled if it is empty

Each page is asked for without and with the terms in turn, so that other programs disturb both alike; times are those
of this processor. "cold" is the first request for a text, "warm" every other. The exit code is 1 where a warm page
costs more than a tenth more.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import django
from django.core.management import call_command
from django.db import transaction
from django.db.models import Value
from django.test import Client

from benchmarks import generator
from benchmarks.pages import PRODUCTION

MOST = 1.1
ROUNDS = 7
# Which of the entries of a kind are read: few enough for the memory of Markdown to hold both forms of each.
EVERY = {"issues": 80, "papers": 150, "news": 80}


def milliseconds(paths: Sequence[str], *, cold: bool) -> tuple[float, int]:
    """Of this processor for a page, and its bytes."""
    from timeline import markdown

    client, size = Client(), 0
    start = time.process_time()
    for path in paths:
        if cold:
            markdown.to_html.cache_clear()  # type: ignore[attr-defined]
        size += len(client.get(path).content)
    return 1_000 * (time.process_time() - start) / len(paths), size // len(paths)


def compare() -> bool:
    """Print the table; whether all is within the limit."""
    from timeline.models import Entry

    good = True
    print("ms a page, without and with the terms           more         KB")
    for kind, every in EVERY.items():
        paths = list(Entry.objects.filter(kind=kind).order_by("rank").values_list("path", flat=True)[::every])
        for name in ("cold", "warm"):
            without: list[Any] = []
            having: list[Any] = []
            for _ in range(ROUNDS + 1):  # the first warms up
                with no_terms():
                    without.append(milliseconds(paths, cold=name == "cold"))
                having.append(milliseconds(paths, cold=name == "cold"))
            before, after = (median(took for took, _ in rounds[1:]) for rounds in (without, having))
            good &= name == "cold" or after <= MOST * before
            sizes = f"{without[0][1] / 1_000:6.1f}{having[0][1] / 1_000:6.1f}"
            print(f"{kind:10}{name:10}{before:10.2f}{after:10.2f}{after / before - 1:12.1%}{sizes}", flush=True)
    return good


@contextmanager
def no_terms() -> Iterator[None]:
    """Within it no page knows of terms. What asks for them is written once (timeline.models.prepared): here anew."""
    from timeline.models.content import _publication
    from timeline.models.glossary import TermQuerySet

    with patch.object(TermQuerySet, "all_seals", lambda _: Value(0)):
        _publication.written.cache_clear()
        yield
    _publication.written.cache_clear()


def edit() -> None:
    """Print what it takes to save terms that stand in many items, in some and in few."""
    from timeline.history import record
    from timeline.models import Filing, Term

    words = generator.Chance(2023)
    for word in (words.words[3], *words.terms()[:: generator.TERMS // 4]):
        with transaction.atomic():
            start = time.perf_counter()
            term = Term.objects.filter(name=word).first() or Term.objects.create(name=word, explanation=word)
            record(term, "saved")
            took = time.perf_counter() - start
            uses = Filing.objects.under("term", str(term.uuid)).count()
            print(f"{took:8.2f} s to save a term of {uses:,} items")
            transaction.set_rollback(True)


def here() -> bool:
    django.setup()
    from timeline.models import Issue

    call_command("migrate", verbosity=0)
    if not Issue.objects.exists():
        call_command("collectstatic", verbosity=0, interactive=False)
        generator.fill()
    good = compare()
    edit()
    return good


def main() -> bool:
    with TemporaryDirectory(prefix="timeline-bench-") as folder:
        own = {"VAR_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3"}
        command = [sys.executable, "-m", "benchmarks.glossary", "here"]
        return subprocess.run(command, env=os.environ | PRODUCTION | own).returncode == 0


if __name__ == "__main__":
    sys.exit(not (here() if sys.argv[1:] == ["here"] else main()))
