from typing import Any

from django_tasks_db.management.commands import db_worker

from timeline.health import beating


class Command(db_worker.Command):
    """That of django_tasks_db, which says to nobody that it lives."""

    def handle(self, **options: Any) -> None:
        with beating():
            super().handle(**options)
