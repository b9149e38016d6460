"""The links of issues and items, and whether somebody answers there.

A save, or a look at the preflight, plans a check; the worker asks each address at most once a day and each host at
most once a second. Of an issue that readers see, only a look at its preflight has links checked.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urldefrag

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django_tasks import task

from timeline import markdown
from timeline.fetching import Failed, Fetcher, Refused
from timeline.fields import MarkdownField
from timeline.models import CheckedLink, Content, Issue, Item
from timeline.sections import filled, section

FRESH = timedelta(days=1)
BROKEN_FRESH = timedelta(minutes=10)  # what is broken may be mended soon
SECONDS_BETWEEN = 1  # two requests to one host

Row = Issue | Item


@dataclass(frozen=True)
class Text:
    """A Markdown text of an issue or an item, and what stands in it: nothing, if it is too long to be read."""

    row: Row
    field: str
    typed: str
    outline: markdown.Outline


@dataclass(frozen=True)
class Link:
    row: Row
    field: str
    line: int | None  # in the text of the field
    url: str  # without its fragment


def texts(rows: Iterable[Row]) -> list[Text]:
    found = []
    for row in rows:
        for field in row._meta.concrete_fields:
            if isinstance(field, MarkdownField) and (typed := getattr(row, field.name)):
                found.append(Text(row, field.name, typed, outline(typed)))
    return found


def outline(typed: str) -> markdown.Outline:
    try:
        return markdown.outline(typed)
    except markdown.TextTooLong:
        return markdown.Outline((), (), (), (), ())


def links(rows: Collection[Row], read: Iterable[Text]) -> list[Link]:
    """What leads to other sites from the fields of `rows` and from their texts, `read`."""
    typed = [
        *((row, *own, None) for row in rows if isinstance(row, Item) for own in section(row.kind).addresses(row)),
        *((text.row, text.field, url, line) for text in read for line, url in text.outline.links),
    ]
    found = [Link(row, field, line, urldefrag(url).url) for row, field, url, line in typed]
    here = f"{settings.SITE_URL}/"
    return [link for link in found if len(link.url) <= CheckedLink.MAX_LENGTH and not f"{link.url}/".startswith(here)]


def due(urls: Iterable[str]) -> list[str]:
    """Those of `urls` that nobody has asked lately. One query."""
    wanted = list(dict.fromkeys(urls))
    now = timezone.now()
    asked = CheckedLink.objects.filter(url__in=wanted, checked_at__gt=now - FRESH)
    fresh = {link.url for link in asked if not link.is_broken or link.checked_at > now - BROKEN_FRESH}
    return [url for url in wanted if url not in fresh]


def plan(row: Content) -> None:
    """Let the worker check the links of `row`, as it is now saved. Call it in the transaction of the save."""
    issue = row if isinstance(row, Issue) else row.issue if isinstance(row, Item) else None
    if issue and isinstance(row, Row) and not issue.is_public:
        plan_all(issue, links([row], texts([row])))


def plan_all(issue: Issue, found: Iterable[Link], *, looked_at: bool = False) -> None:
    """Let the worker check the links of `issue` if one of those that were found in it is due."""
    if due(link.url for link in found):
        check_links.enqueue(str(issue.uuid), looked_at=looked_at)


@task()
def check_links(issue_uuid: str, looked_at: bool) -> None:
    """Ask all that is due. An issue that came in finished, and public, is left alone until it was `looked_at`."""
    issue = Issue.objects.filter(uuid=issue_uuid).first()
    if issue and (looked_at or not issue.is_public):
        rows: list[Row] = [issue, *(item for part in filled([issue], "html")[issue] for item in part.items)]
        fetcher = Fetcher(limit=0, before=wait_for_turn)
        for url in due(link.url for link in links(rows, texts(rows))):
            check(url, fetcher)


def check(url: str, fetcher: Fetcher) -> None:
    told: dict[str, object] = {"status": None, "error": "", "checked_at": timezone.now()}
    try:
        told["status"] = fetcher.get(url).status
    except (Refused, Failed) as error:
        told["error"] = str(error)[:300]
    CheckedLink.objects.update_or_create(url=url, defaults=told)


def wait_for_turn(host: str) -> None:
    """Until nobody, in whatever process, has asked `host` for a second."""
    while not cache.add(f"asked:{host[:200]}", True, SECONDS_BETWEEN):
        time.sleep(SECONDS_BETWEEN / 10)
