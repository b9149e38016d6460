"""Fields of our own: Markdown, addresses and lists of links, each checked where it is typed."""

import zoneinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from markdownx.models import MarkdownxField

from timeline import markdown


def validate_markdown(text: str) -> None:
    problems = markdown.problems(text)
    if problems:
        raise ValidationError([f"Line {problem.line}: {problem.message}" for problem in problems])


def validate_links(text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        label, _, url = line.strip().rpartition(" ")
        if line.strip() and not (label and markdown.safe_href(url)):
            raise ValidationError(f"Line {number}: write a name and an address, such as “Website https://example.org”.")


def validate_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is no time zone: write one such as “Europe/Berlin” or “UTC”.")


class MarkdownField(MarkdownxField):
    """Markdown as it was typed; timeline.markdown makes HTML of it when it is read."""

    default_validators = [validate_markdown]


class WebField(models.URLField):
    """An address that readers may follow: http or https, nothing else."""

    default_validators = [URLValidator(schemes=["http", "https"])]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("max_length", 500)
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https", **kwargs})


class LinksField(models.TextField):
    """Links, one a line: a name, a space, an address."""

    default_validators = [validate_links]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("help_text", "One a line: a name, a space, an address.")
        super().__init__(*args, **kwargs)


def parse_links(text: str) -> list[tuple[str, str]]:
    """(name, address) of each line of a LinksField; lines with an unsafe address are left out."""
    pairs = (line.strip().rpartition(" ") for line in text.splitlines())
    return [(label, url) for label, _, url in pairs if label and markdown.safe_href(url)]
