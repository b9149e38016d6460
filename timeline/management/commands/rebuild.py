from typing import Any

from django.core.management.base import BaseCommand

from timeline import derived


class Command(BaseCommand):
    help = "Write anew all that is derived: what lists, the timeline, search and boards know; readers notice nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        done = sum(1 for _ in derived.rebuild())
        self.stdout.write(f"Rebuilt from {done} rows of content.")
