import os
import socket
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker, Settings

# A busy machine is no failure. Where CI decides, the same code must give the same answer: no random examples.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile(
    "ci",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_configure() -> None:
    wanted = os.environ.get("TEST_DATABASE", "sqlite")
    if connection.vendor != wanted:
        raise pytest.UsageError(
            f"TEST_DATABASE asks for {wanted}, but the settings give {connection.vendor}. "
            "For PostgreSQL: python -m tests.postgres .venv/bin/pytest"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no database is the same beside each of them: once is enough."""
    if connection.vendor != "sqlite":
        kept, left = [], []
        for item in items:
            asks = item.get_closest_marker("django_db") or "_django_db_helper" in getattr(item, "fixturenames", ())
            (kept if asks else left).append(item)
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def pytest_report_header() -> str:
    return f"database: {connection.vendor}"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """No test reaches beyond this machine."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: tuple[str, int] | str) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"A test tried to reach {address}: tests stay on this machine.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture(autouse=True)
def nothing_left_over(settings: Settings, tmp_path: Path) -> None:
    """Each test has its own folder of uploads and an empty cache."""
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()


@pytest.fixture(scope="module")
def shared_rows(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """For fixtures of a module: the rows that they write are there for each test, which changes them for itself alone.

    The tests have to be marked with django_db, without transaction=True. Files that the fixtures store are not there.
    """
    with (
        django_db_blocker.unblock(),
        transaction.atomic(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
    ):
        yield
        transaction.set_rollback(True)
