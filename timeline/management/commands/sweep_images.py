from typing import Any

from django.core.management.base import BaseCommand

from timeline.images import sweep


class Command(BaseCommand):
    help = "Delete images that nothing has referred to for seven days."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in sweep():
            self.stdout.write(f"Deleted {name}")
