from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from timeline import variants
from timeline.models import Image


class Command(BaseCommand):
    help = "Draw the lighter copies of pictures that have none; the worker does it after each upload."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="Draw those of every picture anew.")

    def handle(self, *args: Any, **options: Any) -> None:
        pictures = Image.objects.exclude(file="").filter(poster="")
        wanted = [image for image in pictures.iterator() if options["all"] or not image.variants]
        for image in wanted:
            variants.draw(image)
        self.stdout.write(f"Drew the copies of {len(wanted)} picture{'' if len(wanted) == 1 else 's'}.")
