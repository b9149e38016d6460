"""A site of its own: a real server process on a loopback port, which can be killed and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command

from tests.factories import edith, make_issue, make_news, make_paper, paula
from timeline.history import record
from timeline.models import Item

SECONDS_TO_START = 60


class Server:
    """Not started yet."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = Path(settings.VAR_DIR, "server.log")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self, **variables: str) -> None:
        """Start the server and wait until it listens; RuntimeError if it does not."""
        command = [sys.executable, "manage.py", "runserver", "--noreload", "--skip-checks", str(self.port)]
        own = {"SITE_URL": self.url, "LOG_LEVEL": "ERROR", "PYTHONUNBUFFERED": "1", "RATE_LIMITS": "0"}
        environment = os.environ | own | variables
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self.starts += 1
        deadline = time.monotonic() + SECONDS_TO_START
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)  # it does not say when it listens
        raise RuntimeError(f"The server did not start: {self.told()}")

    def kill(self) -> None:
        """As if the power failed."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def told(self) -> str:
        """The end of what the server wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]


class Site(Server):
    """On the database of this process, which is filled with a draft issue of three items."""

    def __init__(self) -> None:
        super().__init__()
        call_command("migrate", verbosity=0)
        self.editors = [edith(), paula()]
        issue = make_issue(published=False)
        begun = "How it began.\n\nWhat it was about.\n\nHow it ends."
        self.items: list[Item] = [
            make_paper(issue, title="Orca 2", authors=["Ada", "Bob"], body=begun),
            make_paper(issue, title="Large Concept Models", authors=["Zoë"], body=begun),
            make_news(issue, title="A model was released", body=begun),
        ]
        for item in self.items:
            record(item, "added")

    def sign_out(self, session: str) -> None:
        Session.objects.filter(pk=session).delete()

    def sign_everybody_out(self) -> None:
        Session.objects.all().delete()
