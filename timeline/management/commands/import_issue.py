from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from timeline.importing import CannotImport, import_issue
from timeline.sections import contents


class Command(BaseCommand):
    help = "Makes an issue of a document: plain text, Markdown, or a folder in the format of demo/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the document, or the folder")
        parser.add_argument("--number", type=int, help="of the issue, instead of the one that the document names")
        parser.add_argument("--publish", action="store_true", help="now, or at the time that the folder names")
        parser.add_argument("--replace", action="store_true", help="the issue that has this number")

    def handle(self, *, path: Path, number: int | None, publish: bool, replace: bool, **options: Any) -> None:
        try:
            issue, report = import_issue(path, number=number, publish=publish, replace=replace)
        except CannotImport as error:
            raise CommandError(str(error)) from error
        counts = ", ".join(f"{part.title} × {len(part.items)}" for part in contents(issue))
        self.stdout.write(f"{issue} ({issue.status.label.lower()}): {counts}")
        if str(report):
            self.stdout.write(f"\n{report}")
