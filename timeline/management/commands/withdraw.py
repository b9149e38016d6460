from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from timeline.models import Issue
from timeline.publishing import NotPossible, withdraw


class Command(BaseCommand):
    help = "Take an issue off the site, or undo that it was scheduled."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int)

    def handle(self, *args: Any, number: int, **options: Any) -> None:
        issue = Issue.objects.filter(number=number).first()
        if issue is None:
            raise CommandError(f"There is no issue {number}.")
        try:
            issue = withdraw(issue)
        except NotPossible as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{issue} is {issue.status.label.lower()}.")
