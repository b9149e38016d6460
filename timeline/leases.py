"""No task is lost with its worker: while a worker has a task it renews its lease, and one that ran out goes back.

django_tasks_db leaves what a killed worker had begun as running for ever. The lease is the time at which the task was
started: its worker writes a newer one every few seconds, and each worker looks for tasks that were left. So a task may
run twice, also where its worker lives and only came to no renewal: whatever is a task has to bear that.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks.signals import task_finished, task_started
from django_tasks_db.models import DBTaskResult

RENEWAL = 5  # seconds
LEASE = timedelta(seconds=30)
ATTEMPTS = 3  # then it is the task that kills its workers

log = logging.getLogger(__name__)


class Abandoned(Exception):
    """Its workers died, one after the other."""


def give_back() -> int:
    """How many tasks, whose lease has run out, are ready again or, after so many attempts, failed."""
    running = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING, started_at__lt=timezone.now() - LEASE)
    given = 0
    for task in running:
        # Only if it is still so: another worker may look at the same time.
        mine = DBTaskResult.objects.filter(pk=task.pk, status=TaskResultStatus.RUNNING, started_at=task.started_at)
        if len(task.worker_ids) < ATTEMPTS:
            given += mine.update(status=TaskResultStatus.READY, started_at=None)
            log.warning("The worker of %s (%s) is gone: it is to run again.", task.task_path, task.pk)
        else:
            told = f"{ATTEMPTS} workers died while they ran it."
            given += mine.update(
                status=TaskResultStatus.FAILED,
                finished_at=timezone.now(),
                exception_class_path=f"{Abandoned.__module__}.{Abandoned.__qualname__}",
                traceback=told,
            )
            log.error("%s (%s) failed: %s", task.task_path, task.pk, told)
    return given


@contextmanager
def leasing() -> Iterator[None]:
    """While the block, a worker, runs: renew the lease of what it is at, and give back what others left."""
    current: set[Any] = set()
    ended = threading.Event()

    def begin(sender: Any, task_result: Any, **kwargs: Any) -> None:
        current.add(task_result.id)

    def finish(sender: Any, task_result: Any, **kwargs: Any) -> None:
        current.discard(task_result.id)

    def go_on() -> None:
        while True:
            try:
                DBTaskResult.objects.filter(pk__in=list(current), status=TaskResultStatus.RUNNING).update(
                    started_at=timezone.now()
                )
                give_back()
            except (DatabaseError, InterfaceError):
                log.warning("No lease could be renewed.", exc_info=True)
            connection.close()
            if ended.wait(RENEWAL):
                return

    task_started.connect(begin)
    task_finished.connect(finish)
    thread = threading.Thread(target=go_on, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        task_started.disconnect(begin)
        task_finished.disconnect(finish)
