"""What machines ask about this machine: whether it lives, whether it is ready, and its figures."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from secrets import compare_digest, token_hex

from django.conf import settings
from django.core.cache import cache as shared
from django.db import close_old_connections, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

BEAT = 15  # seconds between two signs of life of a worker
SILENT = 60  # seconds after which none of them is thought to live
WORKER = "worker-beat"  # key in the cache

log = logging.getLogger(__name__)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Who hears nothing should start it anew."""
    return HttpResponse("ok", content_type="text/plain")


def database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def shared_cache() -> bool:
    value = token_hex(8)
    key = f"ready-{value}"
    shared.set(key, value, 10)
    found: str | None = shared.get(key)
    shared.delete(key)
    return found == value


@cache
def migrations_of_code() -> set[tuple[str, str]]:
    """All that this code brings; what an earlier release squashed is none of its business."""
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {})


def migrations() -> bool:
    return not migrations_of_code() - set(MigrationRecorder(connection).applied_migrations())


def worker() -> bool:
    seconds = worker_age()
    return seconds is not None and seconds < SILENT


NEEDED: dict[str, Callable[[], bool]] = {"database": database, "migrations": migrations}
# Told, but no reason to send readers elsewhere: they get their pages without a worker and without the cache, and for
# what all nodes miss at the same time all would be taken out.
TOLD: dict[str, Callable[[], bool]] = {"cache": shared_cache, "worker": worker}


def works(name: str, part: Callable[[], bool]) -> bool:
    try:
        return part()
    except Exception:  # of whichever database or cache
        log.warning("This fails: %s", name, exc_info=True)
        return False


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether readers should be sent here. 503: not now, though the process may be well."""
    found = {name: works(name, part) for name, part in {**NEEDED, **TOLD}.items()}
    is_ready = all(found[name] for name in NEEDED)
    parts = {name: "ok" if well else "fails" for name, well in found.items()}
    return JsonResponse({"ready": is_ready, "parts": parts}, status=200 if is_ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of this machine, for who has the token; for all others there is nothing here."""
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
        raise Http404
    text, content_type = import_module("timeline.metrics").exposition()
    return HttpResponse(text, content_type=content_type)


def beat() -> bool:
    shared.set(WORKER, time.time(), 24 * 60 * 60)
    return True


def worker_age() -> float | None:
    """Seconds since the last sign of life of any worker; None: none for a day."""
    last: float | None = shared.get(WORKER)
    return None if last is None else max(0.0, time.time() - last)


@contextmanager
def beating() -> Iterator[None]:
    """Signs of life while the block runs, however long a single task in it takes."""
    ended = threading.Event()

    def go_on() -> None:
        while True:
            works("the worker's beat", beat)
            close_old_connections()
            if ended.wait(BEAT):
                break
        connection.close()

    heart = threading.Thread(target=go_on, name="heartbeat", daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
