from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline.archive import Unusable
from timeline.backup import Refused, back_up, tell


class Command(BaseCommand):
    help = "Write everything (database, uploads) to one file while the site is in use; run it each night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="It is replaced by the new one once that is whole and verified.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            contents = back_up(file)
        except (Refused, Unusable, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(tell(contents))
