from typing import Any

from django_tasks_db.management.commands import db_worker

from timeline.health import beating
from timeline.leases import leasing


class Command(db_worker.Command):
    """That of django_tasks_db, which says to nobody that it lives, and loses a task whose worker is killed."""

    def handle(self, **options: Any) -> None:
        with beating(), leasing():
            super().handle(**options)
