"""A sample of `make drill`, with the same code."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.db import connection


def test_two_editors_lose_nothing_on_a_server_that_is_killed(tmp_path: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "timeline.settings", "VAR_DIR": str(tmp_path)}
    if connection.vendor == "sqlite":
        environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/db.sqlite3"
    command = [sys.executable, "-m", "drills", "here", "--seed", "5", "--edits", "25", "--in-browser", "0"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["lost 0, doubled 0"]), ended.stdout + ended.stderr
