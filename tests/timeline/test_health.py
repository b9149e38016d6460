"""What machines ask: alive, ready, figures."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.db import OperationalError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from timeline import health
from timeline.management.commands import db_worker

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WELL = {"database": "ok", "cache": "ok", "migrations": "ok", "worker": "ok"}


def ready(client: Client) -> tuple[int, bool, list[str]]:
    """Status, verdict, and what fails."""
    answer = client.get("/readyz")
    told = answer.json()
    assert "no-store" in answer["Cache-Control"] and set(told["parts"]) == set(WELL)
    return answer.status_code, told["ready"], [name for name, state in told["parts"].items() if state != "ok"]


def test_a_node_is_ready_where_everything_answers(client: Client, django_assert_max_num_queries: Callable) -> None:
    health.beat()
    with django_assert_max_num_queries(4):
        assert ready(client) == (200, True, [])


def test_a_worker_that_is_silent_is_told_and_readers_still_come(client: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        assert ready(client) == (200, True, ["worker"])
        health.beat()
        clock.shift(health.SILENT - 1)
        assert ready(client) == (200, True, [])
        clock.shift(1)
        assert ready(client) == (200, True, ["worker"])


def test_a_node_with_a_migration_ahead_is_not_ready(client: Client) -> None:
    health.beat()
    MigrationRecorder.Migration.objects.filter(app="timeline", name="0011_edition").delete()
    assert ready(client) == (503, False, ["migrations"])


def test_a_cache_that_forgets_is_told_and_readers_still_come(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    health.beat()
    monkeypatch.setattr(health.shared, "set", lambda *args: None, raising=False)
    assert ready(client) == (200, True, ["cache"])


def test_a_cache_that_is_away_is_told_and_readers_still_come(client: Client, settings: Settings) -> None:
    settings.RATE_LIMITS = True
    settings.CACHES = {"default": {"BACKEND": "tests.timeline.test_health.Away"}}
    assert ready(client) == (200, True, ["cache", "worker"])
    assert [client.get(path).status_code for path in ("/", "/search/?q=orca", "/api/v1/issues")] == [200] * 3


class Away(BaseCache):
    """A cache whose server does not answer."""

    def __init__(self, location: str, params: dict[str, object]) -> None:
        super().__init__(params)

    def get(self, *args: object, **kwargs: object) -> None:
        raise ConnectionError("There is no cache.")

    add = set = delete = get


def test_a_node_without_its_database_is_not_ready_and_tells_no_secret(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OperationalError("connection to postgres://timeline:password@db failed")

    health.beat()
    monkeypatch.setattr(health.connection, "cursor", fails, raising=False)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "parts": WELL | {"database": "fails", "migrations": "fails"}},
    )


def test_machines_ask_over_plain_http(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.METRICS_TOKEN = "a token of the tests"
    answers = {path: Client().get(path).status_code for path in ("/healthz", "/readyz", "/metrics", "/healthz/x", "/")}
    assert answers == {"/healthz": 200, "/readyz": 200, "/metrics": 404, "/healthz/x": 301, "/": 301}


def test_a_worker_shows_that_it_lives_as_long_as_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    beats = threading.Semaphore(0)
    monkeypatch.setattr(health, "BEAT", 0.001)
    monkeypatch.setattr(health, "beat", lambda: beats.release() or True)
    monkeypatch.setattr(db_worker.db_worker.Command, "handle", lambda self: [beats.acquire(timeout=30) for _ in "abc"])
    db_worker.Command().handle()
    assert [thread.name for thread in threading.enumerate() if thread.name == "heartbeat"] == []


def test_a_beat_that_fails_is_not_the_last(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    beats = threading.Semaphore(0)

    def fails() -> bool:
        beats.release()
        raise OperationalError("There is no database.")

    monkeypatch.setattr(health, "BEAT", 0.001)
    monkeypatch.setattr(health, "beat", fails)
    with health.beating():
        assert all(beats.acquire(timeout=30) for _ in range(3))
    assert "This fails: the worker's beat" in caplog.text


@pytest.mark.parametrize("given", ["", "Bearer wrong", "a token of the tests", "Bearer ä", "Basic x"])
def test_figures_are_for_who_has_the_token(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = "a token of the tests"
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 404


def test_without_a_token_there_are_no_figures(client: Client) -> None:
    assert [client.get("/metrics", headers={"Authorization": f"Bearer{end}"}).status_code for end in ("", " ")] == [
        404,
        404,
    ]


def test_the_age_of_the_last_beat_is_known_for_a_day(client: Client) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        health.beat()
        clock.shift(timedelta(hours=1))
        assert health.worker_age() == 3600
        cache.clear()
        assert health.worker_age() is None
