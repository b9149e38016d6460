"""Readers get ready bytes, and never those of an edition that has passed."""

import gzip
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import brotli
import pytest
import time_machine
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from tests.factories import edith, make_issue, make_paper
from tests.timeline.test_edition import WAYS, elsewhere, rows  # noqa: F401  (a fixture)
from timeline import edition, pagecache
from timeline.models import Issue, Publication, Topic
from timeline.pagecache import CACHE_CONTROL, PageCache
from timeline.publishing import publish, withdraw

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """A page cache in front of Django that notes what Django was asked for."""

    def __init__(self, room: int = 2**25, watch: Callable[[str], None] = lambda path: None) -> None:
        self.handler = get_wsgi_application()
        self.asked: list[str] = []
        self.watch = watch  # called when Django has answered and before the cache has it
        self.cache = PageCache(self.django, room)

    def django(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        answer = self.handler(environ, start_response)
        self.watch(environ["PATH_INFO"])
        return answer

    def ask(self, path: str, method: str = "GET", host: str = "127.0.0.1", server: Any = None, **headers: str) -> Reply:
        path, _, query = path.partition("?")
        told: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_HOST": host,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        chunks = (server or self.cache)(environ, lambda *given: told.extend(given))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return Reply(int(told[0].split()[0]), {name.lower(): value for name, value in told[1]}, body)

    def was_asked(self) -> list[str]:
        """Since the last time."""
        asked, self.asked[:] = list(self.asked), []
        return asked


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens in the background."""
    monkeypatch.setattr(PageCache, "work", lambda self: None)


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        sites.append(Site(**options))
        return sites[-1]

    yield make
    for site in sites:
        site.cache.close()


@pytest.fixture
def site(still: None, make_site: Callable[..., Site]) -> Site:
    return make_site()


PAGES = ["/", "/issues/2/", "/issues/3/", "/papers/orca/", "/papers/moved/", "/topics/small-models/", "/feed.atom"]


def test_the_next_request_sees_what_was_changed_by_any_way(site: Site, rows: None) -> None:  # noqa: F811
    def seen() -> dict[str, tuple[int, bytes]]:
        replies = {path: site.ask(path) for path in PAGES}
        return {path: (reply.status, reply.body) for path, reply in replies.items()}

    def true() -> dict[str, tuple[int, bytes]]:
        answers = {path: Client().get(path) for path in PAGES}
        return {path: (answer.status_code, answer.content) for path, answer in answers.items()}

    seen()
    site.was_asked()
    wrong = []
    for way, change in WAYS.items():
        change()
        after = seen()
        if after != true() or site.was_asked()[0] != "/":  # the home page is ready in every edition
            wrong.append(way)
    assert wrong == []


def test_django_makes_a_page_once(site: Site) -> None:
    make_issue(number=2)
    first = site.ask("/issues/2/")
    assert site.was_asked() == ["/issues/2/"]
    assert (site.ask("/issues/2/"), site.was_asked()) == (first, [])
    assert first.body == Client().get("/issues/2/").content


def test_the_page_of_a_draft_and_of_a_withdrawn_issue_is_never_ready(site: Site) -> None:
    issue = make_issue(number=2, published=False, title="A secret")
    make_paper(issue, slug="orca", body="A secret.")
    pages = ["/issues/2/", "/papers/orca/", "/issues/2.md"]
    assert [site.ask(page).status for page in pages] == [404] * 3
    publish(issue, override="A test.")
    assert [site.ask(page).status for page in pages] == [200] * 3
    withdraw(issue)
    answers = [site.ask(page) for page in [*pages, "/", "/feed.atom", "/sitemap-issues-1.xml"]]
    assert [answer.status for answer in answers[:3]] == [404] * 3
    assert [b"A secret" in answer.body for answer in answers] == [False] * 6


def test_an_editor_gets_the_page_of_everybody_and_leaves_nothing_in_it(site: Site) -> None:
    make_issue(number=2)
    make_issue(number=3, published=False)
    editor = Client()
    editor.force_login(edith())
    cookie = f"sessionid={editor.cookies['sessionid'].value}"
    page = site.ask("/issues/2/", cookie=cookie)
    assert (page.body, "set-cookie" in page.headers) == (Client().get("/issues/2/").content, False)
    assert site.ask("/issues/3/", cookie=cookie).status == 404
    site.was_asked()
    assert [site.ask("/admin/", cookie=cookie).status for _ in range(2)] == [200, 200]
    assert site.was_asked() == ["/admin/", "/admin/"]
    assert site.ask("/admin/").status == 302


def test_a_scheduled_issue_comes_out_by_itself(site: Site) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        make_issue(number=1, at=noon - timedelta(days=1))
        make_issue(number=2, at=noon + timedelta(hours=1), title="A second issue")
        make_issue(number=3, at=noon + timedelta(hours=2), title="A third issue")

        def seen() -> tuple[int, int, bool, bool]:
            home = site.ask("/").body
            pages = (site.ask("/issues/2/").status, site.ask("/issues/3/").status)
            return *pages, b"A second issue" in home, b"A third issue" in home

        assert seen() == (404, 404, False, False)
        clock.shift(timedelta(minutes=59, seconds=59))
        site.was_asked()
        assert seen() == (404, 404, False, False)
        assert "/" not in site.was_asked()
        clock.shift(timedelta(seconds=1))
        assert seen() == (200, 404, True, False)
        clock.shift(timedelta(hours=1))
        assert seen() == (200, 200, True, True)


def test_a_page_made_while_a_change_is_committed_is_not_served_afterwards(
    still: None, make_site: Callable[..., Site]
) -> None:
    """It has the old title, and is ready only when the new one is there already."""
    make_issue(number=2, title="Before")

    def change(path: str) -> None:
        if Issue.objects.filter(title="Before").exists():
            elsewhere(lambda: Issue.objects.update(title="After"))

    site = make_site(watch=change)
    assert b"Before" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"]
    assert b"After" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"]


def test_what_is_not_committed_is_not_seen_and_does_no_harm(site: Site) -> None:
    make_issue(number=2, title="Before")

    def titles() -> list[bool]:
        return [word in site.ask("/issues/2/").body for word in (b"Before", b"After")]

    assert titles() == [True, False]
    with transaction.atomic():
        Issue.objects.update(title="After")
        assert elsewhere(titles) == [True, False]
        transaction.set_rollback(True)
    assert titles() == [True, False]
    with transaction.atomic():
        Issue.objects.update(title="After")
        assert elsewhere(titles) == [True, False]
    assert titles() == [False, True]
