"""What `manage.py check` verifies beyond Django: sections with their templates, the index of search, the edition."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from timeline import edition, search_index
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


@register(Tags.database)
def check_search_index(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Asked for by `check --database default`, and by migrate before it mends what is missing."""
    return [
        Warning(
            f"The index of search is missing or not whole in the database “{using}”: a search may find too little.",
            hint="`manage.py migrate` makes it again.",
            id="timeline.W001",
        )
        for using in databases or ()
        if search_index.is_migrated(using) and not search_index.exists(using)
    ]


@register(Tags.database)
def check_edition(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A warning, as above: migrate asks before it mends."""
    return [
        Warning(
            f"In the database “{using}” nothing counts the changes of {', '.join(sorted(uncounted))}: "
            "no page is kept ready until then.",
            hint="`manage.py migrate` makes the triggers again.",
            id="timeline.W002",
        )
        for using in databases or ()
        if edition.is_migrated(using) and (uncounted := edition.missing(using))
    ]
