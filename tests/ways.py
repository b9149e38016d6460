"""Every way by which content changes, on a small site; and how another connection sees it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from news.models import NewsItem
from papers.merging import merge
from papers.models import Author, Authorship, PaperSummary, Spelling
from tests.factories import make_draft, make_image, make_issue, make_news, make_paper, make_term, tag
from timeline import images
from timeline.models import Image, Issue, Publication, TermSpelling, Topic
from timeline.publishing import publish, withdraw


def fill() -> None:
    """Something of everything."""
    issue = make_issue(number=2)
    paper = make_paper(issue, slug="orca", title="Orca", authors=["Ada Lovelace", "A. Lovelace"], body="What it says.")
    tag(paper, "Small models")
    tag(make_news(issue, slug="news"), "Small models")
    make_draft(number=3)
    make_image("chart")
    make_term("LCM", "LCMs")
    Publication().save()


def raw(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def paper() -> PaperSummary:
    return PaperSummary.objects.get(slug="orca")


def move() -> None:
    moved = paper()
    moved.slug = "moved"
    moved.save()
    moved.slug = "orca"
    moved.save()


def sweep() -> None:
    Image.objects.update(created_at=timezone.now() - timedelta(days=30), variants={})
    images.sweep()


def topic(name: str) -> Topic:
    return Topic(name=name, slug=name.lower())


# Each can be done after all those before it.
WAYS: dict[str, Callable[[], object]] = {
    "save": lambda: paper().save(),
    "create": lambda: make_paper(Issue.objects.get(number=2)),
    "QuerySet.update": lambda: PaperSummary.objects.update(title="Other"),
    "bulk_create": lambda: Topic.objects.bulk_create([topic("a"), topic("b")]),
    "bulk_create that ignores conflicts": lambda: Topic.objects.bulk_create(
        [topic("c"), topic("a")], ignore_conflicts=True
    ),
    "bulk_create that updates": lambda: Topic.objects.bulk_create(
        [topic("A")], update_conflicts=True, unique_fields=["slug"], update_fields=["name"]
    ),
    "bulk_update": lambda: Issue.objects.bulk_update([Issue.objects.get(number=2)], ["tagline"]),
    "many-to-many": lambda: paper().topics.add(Topic.objects.get(name="b")),
    "many-to-many, from the other side": lambda: Topic.objects.get(name="b").papersummary_set.clear(),
    "through rows": lambda: Authorship.objects.filter(position=2).update(position=3),
    "a spelling": lambda: Spelling.objects.create(author=Author.objects.get(name="Ada Lovelace"), name="Lovelace"),
    "a spelling of a term": lambda: TermSpelling.objects.update(name="Other"),
    "the settings": lambda: Publication.objects.update(tagline="Other"),
    "raw SQL": lambda: raw("UPDATE timeline_topic SET name = 'Ours' WHERE slug = 'b'"),
    "raw SQL behind WITH": lambda: raw("WITH one AS (SELECT 1) UPDATE timeline_topic SET name = 'B' WHERE slug = 'b'"),
    "a slug that leaves a redirect": move,
    "copies of an image, by the worker": lambda: Image.objects.update(variants={"avif": [40]}),
    "the sweep of images": sweep,
    "merge": lambda: merge(Author.objects.get(name="Ada Lovelace"), Author.objects.get(name="A. Lovelace")),
    "publish": lambda: publish(Issue.objects.get(number=3)),
    "withdraw": lambda: withdraw(Issue.objects.get(number=3)),
    "schedule": lambda: publish(Issue.objects.get(number=3), at=timezone.now() + timedelta(days=1)),
    "QuerySet.delete": lambda: NewsItem.objects.all().delete(),
    "delete without signals": lambda: Authorship.objects.all()._raw_delete("default"),
    "delete": lambda: paper().delete(),
}


def elsewhere(ask: Callable[[], Any]) -> Any:
    """What `ask` gives on another connection."""
    given: list[Any] = []

    def run() -> None:
        try:
            given.append(ask())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=30)
    assert given, "It waited for ever, or failed."
    return given[0]
