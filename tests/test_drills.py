"""Samples of `make drill`, with the same code; and that its judge does find what it looks for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from drills.truth import Answer, Judge, Moment, pages


def test_two_editors_lose_nothing_on_a_server_that_is_killed(tmp_path: Path) -> None:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "timeline.settings", "VAR_DIR": str(tmp_path)}
    if connection.vendor == "sqlite":
        environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/db.sqlite3"
    command = [sys.executable, "-m", "drills", "here", "--seed", "5", "--edits", "25", "--in-browser", "0"]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout.splitlines()[-1:]) == (0, ["lost 0, doubled 0"]), ended.stdout + ended.stderr


@pytest.mark.parametrize("situation", ["SQLite", "two nodes"])
def test_readers_see_what_is_true_while_everything_changes(situation: str) -> None:
    command = [sys.executable, "-m", "drills.load", "--seed", "5", "--seconds", "3", "--only", situation]
    ended = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    figures = dict(re.findall(r"^(.+?)  +(\d+)$", ended.stdout, re.MULTILINE))
    assert (figures["errors"], figures["answers that were not true"]) == ("0", "0")
    assert int(figures["answers"]) > 20
    assert int(figures["states seen"]) > 2


# Issue 1 is public all the time, issue 2 from 10 to 20 and then after the death of a process at 30; 1 is edited at 40.
MOMENTS = [
    Moment(float("-inf"), float("-inf"), {1: 1}, "the beginning"),
    Moment(10, 11, {1: 1, 2: 1}, "publish 2"),
    Moment(20, 21, {1: 1}, "withdraw 2"),
    Moment(30, 31, {1: 1, 2: 1}, "publish 2 and be killed", grace=1),
    Moment(40, 41, {1: 2, 2: 1}, "edit 1"),
]


@pytest.mark.parametrize(
    ("page", "asked", "got", "seen", "promise", "told"),
    [
        ("/", 5, 6, {"q1v1z"}, 0, ""),
        ("/", 9.9, 10.1, {"q1v1z", "q2v1z"}, 0, ""),
        ("/", 10.5, 10.6, {"q1v1z"}, 0, ""),
        ("/", 11.5, 11.6, {"q1v1z"}, 0, "0.500 s late, before “publish 2”"),
        ("/", 11.5, 11.6, {"q1v1z"}, 1, ""),
        ("/", 12.5, 12.6, {"q1v1z"}, 1, "1.500 s late, before “publish 2”"),
        ("/", 31.5, 31.6, {"q1v1z"}, 0, ""),
        ("/", 32.5, 32.6, {"q1v1z"}, 0, "1.500 s late, before “publish 2 and be killed”"),
        ("/", 5, 6, {"q1v1z", "q2v1z"}, 1, "draft"),
        ("/", 38, 39, {"q1v2z", "q2v1z"}, 1, "draft"),
        ("/", 42, 43, {"q1v2z", "q2v1z"}, 0, ""),
        ("/", 42, 43, {"q1v1z", "q1v2z", "q2v1z"}, 0, "never true"),
        ("/issues/2/", 5, 6, None, 0, ""),
        ("/issues/2/", 15, 16, None, 0, "4.000 s late, before “publish 2”"),
        ("/issues/2/", 15, 16, {"q1v1z", "q2v1z"}, 0, ""),
        ("/issues/2/", 21.5, 22, {"q1v1z", "q2v1z"}, 0, "0.500 s late, before “withdraw 2”"),
        ("/issues/2.md", 42, 43, {"q2v1z"}, 0, ""),
        ("/papers/paper-2/", 42, 43, {"b2v1z"}, 0, ""),
        ("/sitemap-issues-1.xml", 22, 23, {"/issues/1/", "/issues/2/"}, 0, "1.000 s late, before “withdraw 2”"),
    ],
)
def test_the_judge_knows_what_was_true(
    page: str, asked: float, got: float, seen: set[str] | None, promise: float, told: str
) -> None:
    answer = Answer(page, asked, got, 404 if seen is None else 200, None if seen is None else frozenset(seen), promise)
    faults = Judge(MOMENTS, pages((1, 2))).judge([answer]).faults
    assert [fault.split(":")[0] for fault in faults] == ([told] if told else [])


def test_the_judge_takes_no_error_for_an_answer() -> None:
    verdict = Judge(MOMENTS, pages((1, 2))).judge([Answer("/", 5, 6, 500, None, 0), Answer("/", 5, 6, 0, None, 0)])
    assert (dict(verdict.errors), verdict.is_good) == ({"500 for /": 1, "no answer for /": 1}, False)
