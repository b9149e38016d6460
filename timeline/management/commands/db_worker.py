from typing import Any

from django_tasks_db.management.commands import db_worker

from timeline.leases import leasing


class Command(db_worker.Command):
    """That of django_tasks_db, with which a task whose worker is killed is lost."""

    def handle(self, **options: Any) -> None:
        with leasing():
            super().handle(**options)
