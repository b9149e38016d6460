"""What `manage.py check` verifies beyond Django: every section has its templates and a kind of its own."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from timeline.sections import MEDIA, sections


@register()
def check_sections(**kwargs: Any) -> list[CheckMessage]:
    try:
        found = sections()
    except (ImproperlyConfigured, ImportError) as error:
        return [Error(f"SECTIONS cannot be read: {error}", id="timeline.E001")]
    missing: list[CheckMessage] = []
    for section in found:
        for medium in MEDIA:
            try:
                get_template(section.template(medium))
            except TemplateDoesNotExist:
                missing.append(
                    Error(
                        f"The section “{section.title}” has no template {section.template(medium)}.",
                        hint="Write it: it gets `items` and `level`.",
                        id="timeline.E002",
                    )
                )
    return missing
