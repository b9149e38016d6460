from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline.archive import Unusable, verify
from timeline.backup import tell


class Command(BaseCommand):
    help = "Read every byte of a backup, and tell what is in it; the exit code is 1 if anything is damaged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            contents = verify(file)
        except Unusable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(tell(contents))
