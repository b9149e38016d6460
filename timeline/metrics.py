"""The figures of all processes of this machine for Prometheus. Only loaded where METRICS_TOKEN is set.

Each process writes into files of its own in VAR_DIR/metrics, and whichever is asked adds them up. `manage.py serve`
begins with none.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Max, Min
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from timeline.health import worker_age

FOLDER: Path = settings.VAR_DIR / "metrics"
FOLDER.mkdir(parents=True, exist_ok=True)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)  # the library looks once, when it is loaded

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest  # noqa: E402
from prometheus_client.core import GaugeMetricFamily, Metric  # noqa: E402
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # noqa: E402
from prometheus_client.registry import Collector  # noqa: E402

REQUESTS = Histogram(
    "timeline_request_seconds",
    "Requests that reached Django, and how long they took.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
QUERIES = Counter("timeline_queries", "Queries of these requests.")
QUERY_SECONDS = Counter("timeline_query_seconds", "Seconds that these queries took.")
ANSWERS = Counter(
    "timeline_page_cache_answers",
    "Requests to the page cache: sent (200 from ready bytes), unchanged (304) and passed (on to Django); "
    "and made, the pages that Django made for it.",
    ["kind"],
)
EDITIONS = Counter("timeline_page_cache_editions", "How often a process dropped its pages for a new edition.")
PAGES = Gauge("timeline_page_cache_pages", "Ready pages of all processes.", multiprocess_mode="livesum")
BYTES = Gauge("timeline_page_cache_bytes", "Their size in memory.", multiprocess_mode="livesum")


def observe(route: str, status: int, seconds: float, queries: int, query_seconds: float) -> None:
    REQUESTS.labels(route, f"{status // 100}xx").observe(seconds)
    QUERIES.inc(queries)
    QUERY_SECONDS.inc(query_seconds)


def observe_pages(more: Mapping[str, int], editions: int, pages: int, size: int) -> None:
    """What a page cache did since the last time, and what it has now."""
    for kind, count in more.items():
        ANSWERS.labels(kind).inc(count)
    EDITIONS.inc(editions)
    PAGES.set(pages)
    BYTES.set(size)


class Tasks(Collector):
    """What the database and the cache know of the background work of all machines."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        tasks = GaugeMetricFamily("timeline_tasks", "Tasks by what became of them.", labels=["status"])
        for status, count in DBTaskResult.objects.order_by().values_list("status").annotate(Count("pk")):
            tasks.add_metric([status.lower()], count)
        yield tasks
        waiting = DBTaskResult.objects.ready().aggregate(since=Min("enqueued_at"))["since"]
        finished = DBTaskResult.objects.aggregate(at=Max("finished_at"))["at"]
        for name, what, seconds in (
            (
                "timeline_task_wait_seconds",
                "How long the oldest task that could be done has waited.",
                (now - waiting).total_seconds() if waiting else 0,
            ),
            (
                "timeline_task_finished_age_seconds",
                "Since the last task was done.",
                (now - finished).total_seconds() if finished else None,
            ),
            ("timeline_worker_age_seconds", "Since the last sign of life of a worker.", worker_age()),
        ):
            if seconds is not None:
                yield GaugeMetricFamily(name, what, seconds)


def exposition() -> tuple[bytes, str]:
    """All of it as text, and its media type."""
    for file in FOLDER.glob("gauge_live*_*.db"):
        found = re.search(r"_(\d+)\.db$", file.name)
        if found and not Path("/proc", found[1]).exists():
            mark_process_dead(int(found[1]))  # its pages are gone; what it has counted stays
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    registry.register(Tasks())
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4
