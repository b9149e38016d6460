"""`manage.py serve`, as production runs it: a server, and other processes that change what it shows."""

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from deploy.local import free_port
from tests.test_setup import PRODUCTION, ROOT, answer, environment, manage

ISSUE = """
from django.utils import timezone
from timeline.models import Issue
Issue.objects.create(number=7, title="A first issue", published_at=timezone.now())
"""


def test_serve_refuses_development(settings: Settings) -> None:
    settings.DEBUG = True

    with pytest.raises(CommandError, match="set DEBUG=0"):
        call_command("serve")


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """A site with one issue, and its port."""
    env = environment(**PRODUCTION | {"ALLOWED_HOSTS": "127.0.0.1", "VAR_DIR": str(tmp_path)})
    for command in (["migrate"], ["shell", "--command", ISSUE]):
        run = manage(*command, env=env)
        assert run.returncode == 0, run.stderr
    return env | {"GRANIAN_PORT": str(free_port()), "GRANIAN_WORKERS": "1", "GRANIAN_RESPAWN_INTERVAL": "1"}


@pytest.fixture
def server(production: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "manage.py", "serve"], cwd=ROOT, env=production, stdout=subprocess.PIPE)
    yield process
    process.terminate()
    process.communicate(timeout=60)


def test_serve_shows_what_other_processes_change_with_the_next_request(
    production: dict[str, str], server: subprocess.Popen[bytes]
) -> None:
    site = f"http://127.0.0.1:{production['GRANIAN_PORT']}"

    def is_public() -> bool:
        """Not by 404: that page names static files, and to collect them takes long."""
        try:
            with urllib.request.urlopen(f"{site}/issues/7.md", timeout=30):
                return True
        except HTTPError:
            return False

    assert "A first issue" in answer(f"{site}/issues/7.md")
    seen = [is_public()]
    for command in (["withdraw", "7"], ["publish", "7", "--override", "A test."]):
        assert manage(*command, env=production).returncode == 0
        seen.append(is_public())
    assert seen == [True, False, True]

    server.send_signal(signal.SIGHUP)
    assert server.stdout
    said: list[bytes] = []
    for line in server.stdout:
        said.append(line)
        if b"Stopped old worker" in line:
            break
    assert b"HUP signal received" in b"".join(said)
    assert "A first issue" in answer(f"{site}/issues/7.md")

    server.terminate()
    assert server.wait(timeout=30) == 0
