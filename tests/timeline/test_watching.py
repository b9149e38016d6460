"""The log: a line for each request that reaches Django, which says nothing about who asked."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.factories import edith, make_issue, make_paper
from timeline.models import Issue
from timeline.watching import JsonLines, OfRequest

pytestmark = pytest.mark.django_db

ID = "0123456789abcdef"


class Log:
    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self, logger: str = "") -> list[dict[str, Any]]:
        """All that was told, or by one of them."""
        told = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in told if logger in ("", line["logger"])]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    """What LOG_FORMAT=json writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(OfRequest())
    logging.getLogger().addHandler(handler)
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "timeline.requests")
    yield Log(stream)
    logging.getLogger().removeHandler(handler)


def test_a_request_has_one_line_with_its_id_and_its_queries(client: Client, log: Log) -> None:
    make_issue(number=2)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/issues/2/", headers={"X-Request-ID": ID})
    (line,) = log.lines("timeline.requests")
    assert answer["X-Request-ID"] == line["request_id"] == ID
    assert (line["ms"] > 0, line["query_ms"] >= 0, line["time"] is not None) == (True, True, True)
    for measured in ("ms", "query_ms", "time"):
        del line[measured]
    assert line == {
        "level": "INFO",
        "logger": "timeline.requests",
        "message": "GET issue 200",
        "request_id": ID,
        "method": "GET",
        "route": "issue",
        "status": 200,
        "queries": len(asked),
    }


def test_whoever_reaches_nothing_has_a_line_too(client: Client, log: Log) -> None:
    client.raise_request_exception = False
    client.get("/nowhere/")
    client.get("/", SERVER_NAME="evil.example")
    client.post("/issues/2/")
    client.generic("PURGE<script>", "/")
    told = [(line["method"], line["route"], line["status"]) for line in log.lines("timeline.requests")]
    assert told == [("GET", "", 404), ("GET", "", 400), ("POST", "issue", 405), ("other", "home", 405)]


@pytest.mark.parametrize("given", ["", "short", "a" * 65, 'evil"\n{"level": "INFO"}', "ümläute-1234", "a b c d e f"])
def test_an_id_that_is_not_sane_is_not_taken(client: Client, log: Log, given: str) -> None:
    answers = [client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] for _ in range(2)]
    assert given not in answers and len(set(answers)) == 2
    assert [line["request_id"] for line in log.lines("timeline.requests")] == answers


def test_what_fails_is_told_with_the_id_and_where(client: Client, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.views.published_issue", lambda number: 1 / 0)
    client.raise_request_exception = False
    answer = client.get("/issues/2/?q=secret", headers={"X-Request-ID": ID})
    (failed,) = log.lines("django.request")
    assert (answer.status_code, answer["X-Request-ID"], failed["request_id"]) == (500, ID, ID)
    assert failed["message"] == "Internal Server Error: issue"
    assert "ZeroDivisionError" in failed["exc_info"]
    assert [line["status"] for line in log.lines("timeline.requests")] == [500]


def test_nothing_says_who_asked_or_what_was_typed(log: Log, settings: Settings) -> None:
    """Neither the lines of requests nor what Django itself tells."""
    settings.SLOW_QUERY_MS = 0.000001  # each query is told
    person = edith()
    person.name = "Edith Piaf"
    person.save()
    make_paper(make_issue(number=2), title="Orca")
    secrets = {"REMOTE_ADDR": "192.0.2.77", "HTTP_X_FORWARDED_FOR": "192.0.2.78", "HTTP_USER_AGENT": "Netscape"}
    client = Client(raise_request_exception=False, **secrets)
    client.post("/admin/login/", {"username": "edith@example.org", "password": "correct horse battery"})
    session = client.cookies["sessionid"].value
    for path in (
        "/admin/",
        "/search/?q=whistleblower",
        "/search/?q=whistleblower&page=99",
        "/api/v1/issues?cursor=whistle-blower",
        "/admin/sign-in/MQ/whistle-token/",
        "/admin/timeline/issue/?q=whistleblower",
    ):
        client.get(path)
    client.post("/admin/login/", {"username": "edith@example.org", "password": "wrong horse"})
    Client(enforce_csrf_checks=True, **secrets).post("/admin/sign-in/MQ/whistle-token/", {"q": "whistleblower"})
    assert len(log.lines("timeline.requests")) == 9
    assert len(log.lines("timeline.queries")) > 20
    assert any("Forbidden" in line["message"] for line in log.lines("django.security.csrf"))
    personal = [
        *("192.0.2.77", "192.0.2.78", "Netscape", "edith", "Edith", "Piaf", "horse", "whistle", session),
        *("csrftoken", "sessionid"),
    ]
    assert [word for word in personal if word in log.text] == []


def test_a_slow_query_is_told_without_what_it_asked_for(client: Client, log: Log, settings: Settings) -> None:
    Issue.objects.filter(title="fast").exists()
    assert log.lines("timeline.queries") == []
    settings.SLOW_QUERY_MS = 0.000001
    Issue.objects.filter(title="secret").exists()
    client.get("/issues/2/", headers={"X-Request-ID": ID})
    outside, *inside = log.lines("timeline.queries")
    assert (outside["level"], outside["request_id"], {line["request_id"] for line in inside}) == ("WARNING", "-", {ID})
    assert " ms: SELECT" in outside["message"] and '"title" = %s' in outside["message"]
    assert "secret" not in log.text


def test_a_query_that_fails_is_counted(client: Client, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")

    monkeypatch.setattr("timeline.views.newest_issues", fails)
    client.raise_request_exception = False
    client.get("/")
    assert [(line["status"], line["queries"]) for line in log.lines("timeline.requests")] == [(500, 2)]


def test_lines_of_other_threads_and_commands_have_no_id(log: Log) -> None:
    logging.getLogger("timeline").warning("Hello %s", "there")
    (line,) = log.lines("timeline")
    assert (line["message"], line["request_id"]) == ("Hello there", "-")
