from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from timeline.models import Issue, Publication
from timeline.publishing import NotPossible, publish


class Command(BaseCommand):
    help = "Publish an issue, now or at a time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int)
        parser.add_argument("--at", help="such as 2026-12-01T09:00, in the time zone of the publication if it has none")
        parser.add_argument(
            "--override", default="", metavar="REASON", help="why to publish it in spite of what its preflight finds"
        )

    def handle(self, *args: Any, number: int, at: str | None, override: str, **options: Any) -> None:
        issue = Issue.objects.filter(number=number).first()
        if issue is None:
            raise CommandError(f"There is no issue {number}.")
        time = None
        if at is not None:
            try:
                time = parse_datetime(at)
            except ValueError:
                time = None
            if time is None:
                raise CommandError(f"“{at}” is no time: write it like 2026-12-01T09:00.")
            if timezone.is_naive(time):
                time = timezone.make_aware(time, Publication.objects.current().zone)
        try:
            issue = publish(issue, at=time, override=override)
        except NotPossible as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{issue} is {issue.status.label.lower()}: {issue.published_at:%Y-%m-%d %H:%M %Z}")
