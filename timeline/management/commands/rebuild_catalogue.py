from typing import Any

from django.core.management.base import BaseCommand

from timeline import catalogue


class Command(BaseCommand):
    help = "Write anew what lists, the timeline and search know of every issue and item; readers notice nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        done = sum(1 for _ in catalogue.rebuild())
        self.stdout.write(f"The catalogue holds {done} issue{'' if done == 1 else 's'} and all that is in them.")
