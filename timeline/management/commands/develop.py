import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import yaml
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from timeline.dumps import make_dump
from timeline.history import record
from timeline.models import Issue, Publication, Term

EDITOR_ADDRESS = "editor@example.org"
SECONDS_TO_STOP = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    help = "Run a development site at SITE_URL: migrate, load the demo once, print a sign-in link, serve, work."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("develop is for development: with DEBUG=0 run `manage.py serve` and db_worker instead.")
        stop_quietly_on_signals()
        address = listening_address(settings.SITE_URL)
        call_command("migrate", verbosity=0)
        load_demo(settings.BASE_DIR / "demo")
        self.stdout.write(f"The site: {settings.SITE_URL}/ (Ctrl-C stops it and its worker)")
        self.stdout.write(f"Sign in as {EDITOR_ADDRESS}, once: ", ending="")
        call_command("signin_link", EDITOR_ADDRESS, create=True, stdout=self.stdout)
        self.stdout.flush()
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        ended = run_together([*manage, "runserver", address], [*manage, "db_worker", "--no-reload"])
        raise CommandError(f"`{' '.join(ended[2:])}` ended by itself, so the other was stopped too.")


def stop_quietly_on_signals() -> None:
    """Make Ctrl-C, `kill` and a closed terminal leave through every `finally`, without a traceback."""

    def leave(*_: Any) -> NoReturn:
        ignore_signals()
        sys.exit(0)

    for number in SIGNALS:
        signal.signal(number, leave)


def ignore_signals() -> None:
    """From now on: an impatient second Ctrl-C must not leave half of what we started running."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def listening_address(url: str) -> str:
    """The host:port of `url`, for runserver; CommandError where nothing can listen there."""
    site = urlsplit(url)
    if site.scheme != "http":
        raise CommandError(f"develop serves plain HTTP: set SITE_URL to http://127.0.0.1:8000 or the like, not {url}.")
    host, port = site.hostname or "", site.port or 80
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise CommandError(
            f"Cannot listen on {host}:{port}, perhaps something else does: try another port, `make run PORT=8001`."
        ) from error
    return f"{host}:{port}"


def load_demo(folder: Path) -> None:
    """Settings, terms and every issue in `folder`, published, all or none, into a database that has no issue at all."""
    if Issue.objects.exists():
        return
    with transaction.atomic():
        if not Publication.objects.exists():
            settings_of_demo = yaml.safe_load((folder / "publication.yaml").read_text(encoding="utf-8"))
            record(Publication.objects.create(**settings_of_demo), "imported")
        if not Term.objects.exists():
            for told in yaml.safe_load((folder / "glossary.yaml").read_text(encoding="utf-8")):
                spellings = told.pop("spellings", [])
                term = Term.objects.create(**told)
                for name in spellings:
                    term.spellings.create(name=name)
                record(term, "imported")
        for path in sorted(folder.glob("*/issue.md")):
            call_command("import_issue", path.parent, publish=True)
    make_dump()


def run_together(*commands: Sequence[str]) -> Sequence[str]:
    """Run the commands side by side until the first one ends: that one. On the way out, also by a signal, none is left.

    Each gets a process group of its own: runserver has children (its reloader), and a Ctrl-C in the terminal must
    reach only us, so that everything is stopped once and in order.
    """
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.extend(subprocess.Popen(command, start_new_session=True) for command in commands)
        while all(process.poll() is None for process in processes):
            time.sleep(0.1)
        return next(command for command, process in zip(commands, processes, strict=True) if process.poll() is not None)
    finally:
        ignore_signals()
        signal_groups(processes, signal.SIGTERM)
        deadline = time.monotonic() + SECONDS_TO_STOP
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0, deadline - time.monotonic()))
        signal_groups(processes, signal.SIGKILL)


def signal_groups(processes: Sequence[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
