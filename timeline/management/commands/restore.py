from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline.archive import Unusable
from timeline.backup import Refused, restore, tell


class Command(BaseCommand):
    help = "Make the site what it was when this backup was made; stop the site and its workers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="Give up what is there now, rows and uploads.")

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            contents = restore(file, replace=replace)
        except (Refused, Unusable, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored. {tell(contents)}")
