"""The small cast of the tests, and rows with sensible defaults, in the catalogue as history.record() puts them."""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image as Picture

from news.models import NewsAuthorship, NewsItem
from papers.models import Author, Authorship, PaperSummary
from timeline import derived
from timeline.groups import EDITOR, PUBLISHER
from timeline.models import Image, Issue, Item, Term, Topic, User

numbers = count(1)


def edith() -> User:
    """An Editor."""
    return make_user("edith@example.org", EDITOR)


def paula() -> User:
    """A Publisher."""
    return make_user("paula@example.org", PUBLISHER)


def rita() -> User:
    """A reader: signed in, in no group."""
    return make_user("rita@example.org")


def make_user(email: str, *groups: str) -> User:
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, "correct horse battery")
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def make_issue(*, published: bool = True, at: datetime | None = None, **fields: Any) -> Issue:
    fields.setdefault("number", (Issue.objects.values_list("number", flat=True).first() or 0) + 1)
    fields.setdefault("title", f"Title of issue {fields['number']}")
    if published or at:
        fields["published_at"] = at or timezone.now() - timedelta(days=1)
    issue = Issue.objects.create(**fields)
    derived.update(issue)
    return issue


def make_draft(**fields: Any) -> Issue:
    """An issue that nothing keeps from being published."""
    issue = make_issue(published=False, **fields)
    make_paper(issue, authors=["Ada Lovelace"], body="What it says.")
    return issue


def make_paper(issue: Issue | None = None, *, authors: list[str] | None = None, **fields: Any) -> PaperSummary:
    fields.setdefault("title", f"Paper {next(numbers)}: A Study")
    paper = PaperSummary.objects.create(issue=issue, **fields)
    for position, name in enumerate(authors or [], 1):
        Authorship.objects.create(item=paper, author=make_author(name), position=position)
    derived.update(paper)
    return paper


def make_news(issue: Issue | None = None, *, authors: list[str] | None = None, **fields: Any) -> NewsItem:
    fields.setdefault("title", f"News {next(numbers)}")
    item = NewsItem.objects.create(issue=issue, **fields)
    for position, name in enumerate(authors or [], 1):
        NewsAuthorship.objects.create(item=item, author=make_author(name), position=position)
    derived.update(item)
    return item


def tag(item: Item, name: str) -> Topic:
    """Put the topic of that name on `item`."""
    topic = Topic.objects.filter(name=name).first() or Topic.objects.create(name=name)
    item.topics.add(topic)
    derived.update(item)
    return topic


def make_author(name: str, **fields: Any) -> Author:
    return Author.objects.filter(name=name).first() or Author.objects.create(name=name, **fields)


def make_term(name: str, *spellings: str, **fields: Any) -> Term:
    fields.setdefault("explanation", f"What {name} means.")
    term = Term.objects.create(name=name, **fields)
    for spelling in spellings:
        term.spellings.create(name=spelling)
    derived.update(term)
    return term


def make_image(name: str = "", **fields: Any) -> Image:
    return Image.objects.create(name=name or f"image-{next(numbers)}", **fields)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), name: str = "", **options: Any) -> SimpleUploadedFile:
    """An uploaded file with a real picture in it."""
    data = BytesIO()
    Picture.new("RGB", size, "teal").save(data, kind, **options)
    return SimpleUploadedFile(name or f"picture.{kind.lower()}", data.getvalue(), f"image/{kind.lower()}")


def animation(kind: str = "GIF", name: str = "") -> SimpleUploadedFile:
    """Three frames: red, green, blue."""
    data = BytesIO()
    frames = [Picture.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(data, kind, save_all=True, append_images=frames[1:], duration=[50, 60, 70], loop=0)
    return SimpleUploadedFile(name or f"animation.{kind.lower()}", data.getvalue(), f"image/{kind.lower()}")
