from typing import Any

from django.core.management.base import BaseCommand, CommandError

from timeline.dumps import Outdated, make_dump


class Command(BaseCommand):
    help = "Write all that is published as files for everybody (JSONL, gzip); run it each night."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            dump = make_dump()
        except Outdated as error:
            raise CommandError(str(error)) from error
        for file in dump.files:
            self.stdout.write(f"{file['name']}: {file['rows']} rows, {file['bytes']} bytes")
