"""Readers get ready bytes, and never those of an edition that has passed."""

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import brotli
import pytest
import time_machine
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils.autoreload import file_changed
from pytest_django import Settings

from papers.models import PaperSummary
from tests import ways
from tests.factories import edith, make_issue, make_paper
from tests.ways import WAYS, elsewhere, raw
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
def rows() -> None:
    ways.fill()


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


def test_the_next_request_sees_what_was_changed_by_any_way(site: Site, rows: None) -> None:
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


def test_a_page_is_whole_though_it_changes_between_two_of_its_queries(site: Site) -> None:
    make_paper(make_issue(number=2, title="Issue before"), title="Paper before")
    changes: list[object] = []

    @transaction.atomic
    def change() -> None:
        Issue.objects.update(title="Issue after")
        PaperSummary.objects.update(title="Paper after")

    def change_before_papers_are_read(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if f'FROM "{PaperSummary._meta.db_table}"' in sql and not changes:
            changes.append(elsewhere(change))
        return execute(sql, *rest)

    def seen() -> set[bytes]:
        return set(re.findall(rb"(?:Issue|Paper) (?:before|after)", site.ask("/issues/2/").body))

    with connection.execute_wrapper(change_before_papers_are_read):
        assert seen() == {b"Issue before", b"Paper before"}
    assert len(changes) == 1
    assert seen() == {b"Issue after", b"Paper after"}


def test_readers_give_no_notice(site: Site) -> None:
    make_issue(number=2)
    before = edition.notices()[:]
    assert [site.ask(path).status for path in ("/", "/issues/2/", "/issues/9/")] == [200, 200, 404]
    assert edition.notices()[:] == before


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


SITEWIDE = [  # pages of every sort, by their status
    ("/", 200),
    ("/issues/", 200),
    ("/issues/2/", 200),
    ("/issues/2.md", 200),
    ("/papers/", 200),
    ("/papers/orca/", 200),
    ("/papers/orca/paper.bib", 200),
    ("/authors/", 200),
    ("/benchmarks/", 200),
    ("/topics/small-models/", 200),
    ("/glossary/", 200),
    ("/timeline/", 200),
    ("/feed.atom", 200),
    ("/feed.json", 200),
    ("/sitemap.xml", 200),
    ("/robots.txt", 200),
    ("/llms.txt", 200),
    ("/contact/reply/", 200),
    ("/api/", 200),
    ("/papers/moved/", 301),
    ("/issues/99/", 404),
]
OWN = {"cache-control", "content-encoding", "content-length", "etag", "vary", "x-request-id"}


def foreign(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OWN}


def test_headers_and_body_are_those_of_django(
    rows: None,
    still: None,
    make_site: Callable[..., Site],
    settings: Settings,
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 1000
    Publication.objects.update(reply_address="a@b.example")
    WAYS["a slug that leaves a redirect"]()
    site = make_site()
    table = {}
    for path, status in SITEWIDE:
        told = {"x_forwarded_proto": "https", "accept_encoding": "br"}
        django = site.ask(path, server=site.handler, **told)
        for _ in range(2):
            reply = site.ask(path, **told)
            assert reply.status == django.status == status, path
            assert foreign(reply.headers) == foreign(django.headers), path
            assert unpacked(reply) == unpacked(django), path
        table[path] = (reply.headers.get("vary"), reply.headers.get("cache-control"))
        assert "max-age=1000" in reply.headers["strict-transport-security"]
        redirected = site.ask(path, x_forwarded_proto="http")
        assert (redirected.status, redirected.headers["location"]) == (301, f"https://127.0.0.1{path}")
    kept = {path for path, (vary, control) in table.items() if (vary, control) == ("Accept-Encoding", CACHE_CONTROL)}
    assert kept == {path for path, status in SITEWIDE if status == 200}
    assert {"content-security-policy", "x-frame-options", "x-content-type-options", "referrer-policy"} <= {
        *reply.headers
    }


def unpacked(reply: Reply) -> bytes:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}
    return unpack[reply.headers.get("content-encoding")](reply.body)


def test_every_encoding_is_made_once_and_has_its_own_etag(site: Site, rows: None) -> None:
    plain = site.ask("/issues/2/")
    asked = {
        "br": "gzip, deflate, br, zstd",
        "gzip": "gzip, br;q=0",
        "": "zstd",
        "identity": "br;q=0.0, gzip;q=0",
    }
    replies = {name: site.ask("/issues/2/", accept_encoding=header) for name, header in asked.items()}
    again = {name: site.ask("/issues/2/", accept_encoding=header) for name, header in asked.items()}
    assert site.was_asked() == ["/issues/2/"]
    assert all(again[name].body is reply.body for name, reply in replies.items())
    told = {name: reply.headers.get("content-encoding", "") for name, reply in replies.items()}
    assert told == {"br": "br", "gzip": "gzip", "": "", "identity": ""}
    assert {unpacked(reply) for reply in replies.values()} == {plain.body}
    etags = [reply.headers["etag"] for reply in replies.values()]
    assert len(set(etags)) == 3 and not any(etag.startswith("W/") for etag in etags)
    for reply in replies.values():
        assert (reply.headers["content-length"], reply.headers["vary"]) == (str(len(reply.body)), "Accept-Encoding")
    assert len(replies["br"].body) < len(replies["gzip"].body) < len(plain.body) / 2


def test_a_short_answer_is_not_packed(site: Site) -> None:
    reply = site.ask("/robots.txt", accept_encoding="br")
    assert ("content-encoding" in reply.headers, b"Sitemap" in reply.body) == (False, True)


def test_who_has_the_page_hears_so_until_it_is_another_one(site: Site, rows: None) -> None:
    first = site.ask("/issues/2/", accept_encoding="br")
    etag = first.headers["etag"]
    for condition in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        reply = site.ask("/issues/2/", accept_encoding="br", if_none_match=condition)
        assert (reply.status, reply.body, reply.headers["etag"]) == (304, b"", etag)
        gone = {"content-type", "content-length", "content-encoding"}
        assert reply.headers == {name: value for name, value in first.headers.items() if name not in gone}
    for condition in ('"other"', etag.strip('"'), etag[:-2] + '"'):
        assert site.ask("/issues/2/", accept_encoding="br", if_none_match=condition).status == 200
    assert site.ask("/issues/2/", if_none_match=etag).status == 200  # in another encoding
    Topic.objects.create(name="Another edition")
    assert site.ask("/issues/2/", accept_encoding="br", if_none_match=etag).status == 304  # of the same text
    Issue.objects.filter(number=2).update(title="Another")
    assert site.ask("/issues/2/", accept_encoding="br", if_none_match=etag).status == 200
    assert site.ask("/issues/99/", if_none_match="*").status == 404


def test_head_has_the_headers_of_get_and_no_body(site: Site, rows: None) -> None:
    for path, told in (("/issues/2/", {}), ("/issues/2/", {"accept_encoding": "br"}), ("/issues/99/", {})):
        head = site.ask(path, "HEAD", **told)
        get = site.ask(path, **told)
        for reply in (head, get):
            reply.headers.pop("x-request-id", None)
        assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert site.was_asked().count("/issues/2/") == 1


def test_a_query_counts_where_it_is_read_and_nowhere_else(site: Site, rows: None) -> None:
    plain = site.ask("/issues/2/")
    for query in ("?utm_source=x", "?page=2", "?", "?" + "a" * 5000):
        assert site.ask(f"/issues/2/{query}") == plain
    assert site.was_asked() == ["/issues/2/"]
    assert b"/papers/orca/" in site.ask("/search/?q=orca").body
    assert b"/papers/orca/" not in site.ask("/search/?q=nothing").body
    make_issue(number=1)
    first = site.ask("/api/v1/issues?limit=1").body
    assert first != site.ask("/api/v1/issues").body
    assert site.ask("/issues?a=b").headers["location"] == "/issues/?a=b"


def test_a_view_that_reads_the_query_or_a_cookie_is_not_kept_wherever_it_is(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    rows: None,
) -> None:
    monkeypatch.setattr(pagecache, "LIVE", ("/nowhere/",))
    assert b"/papers/orca/" in site.ask("/search/?q=orca").body
    assert b"/papers/orca/" not in site.ask("/search/?q=nothing").body
    editor = Client()
    editor.force_login(edith())
    cookie = f"sessionid={editor.cookies['sessionid'].value}"
    assert [site.ask("/admin/", **told).status for told in ({"cookie": cookie}, {}, {"cookie": cookie})] == [
        200,
        302,
        200,
    ]


def test_only_hosts_of_the_site_are_served(site: Site, settings: Settings, rows: None) -> None:
    settings.ALLOWED_HOSTS = ["example.org", ".example.com"]
    pages = [
        site.ask("/issues/2/", host=host) for host in ("example.org", "EXAMPLE.ORG", "example.org:8000", "example.org.")
    ]
    assert ([page.status for page in pages], site.was_asked()) == ([200] * 4, ["/issues/2/"])
    assert site.ask("/issues/2/", host="www.example.com").status == 200
    for host in ("evil.example", "example.org@evil.example", "", "example.org:x"):
        assert site.ask("/issues/2/", host=host).status == 400
    assert {host for (_, host), _ in site.cache.stock.pages} == {"example.org", "www.example.com"}


def test_what_is_posted_goes_to_django(site: Site, rows: None) -> None:
    Publication.objects.update(reply_address="a@b.example")
    site.was_asked()
    assert [site.ask("/contact/reply/", method).status for method in ("GET", "POST", "POST", "DELETE")] == [
        200,
        200,
        200,
        405,
    ]
    assert site.was_asked() == ["/contact/reply/"] * 4
    assert b"a@b.example" not in site.ask("/contact/reply/").body


def test_memory_is_bounded_and_what_was_asked_for_longest_ago_goes_first(
    still: None, make_site: Callable[..., Site]
) -> None:
    issues = [make_issue(number=number) for number in range(1, 31)]
    paths = [issue.get_absolute_url() for issue in issues]
    site = make_site(room=200_000)
    for path in paths:
        site.ask(path, accept_encoding="br")
        site.ask("/issues/1/")
    stock = site.cache.stock
    assert stock.size == sum(page.size for page in stock.pages.values()) <= 200_000
    kept = [path for _, path in stock.pages]
    assert "/issues/1/" in kept and 3 < len(kept) < 31
    assert [path for path in kept if path != "/issues/1/"] == paths[-len(kept) + 1 :]
    assert {path for path, *_ in stock.ready} <= {*kept}
    for number in range(500):
        site.ask(f"/nothing/{number}/")
    assert [path for _, path in stock.pages] == kept


def test_a_page_too_large_for_the_room_is_served_and_not_kept(
    still: None,
    make_site: Callable[..., Site],
    rows: None,
) -> None:
    site = make_site(room=10_000)
    assert [site.ask("/issues/2/").status for _ in range(2)] == [200, 200]
    assert (site.was_asked(), site.cache.stock.size) == (["/issues/2/"] * 2, 0)


class Call(threading.Thread):
    """Something that runs beside the test."""

    def __init__(self, run: Callable[[], Any]) -> None:
        super().__init__()
        self.call = run
        self.start()

    def run(self) -> None:
        try:
            self.value = self.call()
        finally:
            connection.close()

    def given(self) -> Any:
        self.join(timeout=30)
        return self.value


def test_one_thread_makes_a_page_for_all_that_wait(
    site: Site,
    rows: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make, waiting, others = site.cache.make, threading.Semaphore(0), []

    def noted(*given: Any) -> Any:
        waiting.release()
        return make(*given)

    def others_come(path: str) -> None:
        """While Django makes the page for one."""
        if not others:
            others.extend(Call(lambda: site.ask("/issues/2/").status) for _ in range(3))
            assert all(waiting.acquire(timeout=30) for _ in range(4))

    monkeypatch.setattr(site.cache, "make", noted)
    site.watch = others_come
    assert site.ask("/issues/2/").status == 200
    assert [other.given() for other in others] == [200, 200, 200]
    assert site.was_asked() == ["/issues/2/"]


def test_nobody_waits_for_ever_for_another_who_makes_the_page(
    site: Site,
    rows: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pagecache, "PATIENCE", 0.01)
    others: list[int] = []

    def another_comes(path: str) -> None:
        if not others:
            others.append(0)
            others[:] = [Call(lambda: site.ask("/issues/2/").status).given()]

    site.watch = another_comes
    assert (site.ask("/issues/2/").status, others, site.was_asked()) == (200, [200], ["/issues/2/"] * 2)


def test_the_pages_most_asked_for_are_made_before_anybody_asks(
    still: None, make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        make_issue(number=number)
    monkeypatch.setattr(pagecache, "HOT", 2)
    site = make_site()
    for number, times in ((1, 2), (2, 5), (3, 1), (4, 4), (5, 1)):
        for _ in range(times):
            site.ask(f"/issues/{number}/", accept_encoding="br")
    site.was_asked()
    for _ in range(2):  # they stay warm while nobody asks for a while
        Topic.objects.update_or_create(slug="a", defaults={"name": f"Another {_}"})
        site.cache.warm(site.cache.look())
        assert sorted(site.was_asked()) == ["/issues/2/", "/issues/4/"]
        assert {variant for page in site.cache.stock.pages.values() for variant in page.variants} == {"br"}
    for _ in range(3):
        Topic.objects.update_or_create(slug="a", defaults={"name": f"Again {_}"})
        site.cache.warm(site.cache.look())
    assert site.was_asked()[-1:] != [] and site.cache.look().hot == {}
    Topic.objects.update(name="Cold")
    site.cache.warm(site.cache.look())
    assert site.was_asked() == []


def test_warming_ends_where_a_newer_edition_begins(site: Site) -> None:
    for number in (1, 2, 3):
        make_issue(number=number)
        for _ in range(3):
            site.ask(f"/issues/{number}/")
    Topic.objects.create(name="Another")
    site.was_asked()
    site.watch = lambda path: elsewhere(lambda: Topic.objects.update(name=path)) and None
    site.cache.warm(site.cache.look())
    assert len(site.was_asked()) == 1
    site.watch = lambda path: None
    site.cache.warm(site.cache.look())
    assert len(site.was_asked()) == 3


def unnoticed() -> Any:
    """As by another machine, or by a process that is killed between its commit and its notice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edition, "give_notice", lambda: None)
        Issue.objects.filter(number=2).update(title="After")


def test_a_change_that_nobody_tells_of_is_found_by_looking(site: Site) -> None:
    make_issue(number=2, title="Before")
    assert b"Before" in site.ask("/issues/2/").body
    unnoticed()
    site.cache.look()
    assert b"After" in site.ask("/issues/2/").body


def test_somebody_looks_all_the_time(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made anew though nobody asks for it."""
    monkeypatch.setattr(pagecache, "POLL", 0.01)
    make_issue(number=2, title="Before")
    made = threading.Semaphore(0)
    site = make_site(watch=lambda path: made.release())
    for _ in range(2):
        assert b"Before" in site.ask("/issues/2/").body
    assert made.acquire(timeout=30)
    unnoticed()
    assert made.acquire(timeout=30)
    assert b"After" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"] * 2


def test_processes_of_a_machine_hear_of_a_commit_at_once_and_of_a_rollback_never(site: Site) -> None:
    make_issue(number=2)
    notices = edition.notices()
    before = notices[:]
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert notices[:] == before
        transaction.set_rollback(True)
    Issue.objects.count()
    assert notices[:] == before
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert notices[:] == before
    assert notices[:] != before


def test_while_the_database_does_not_answer_the_last_edition_is_served_for_a_time(
    site: Site,
    rows: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(using: str = "default") -> int:
        raise OperationalError("There is no database.")

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        site.ask("/issues/2/")
        site.was_asked()
        monkeypatch.setattr(edition, "number", fails)
        clock.shift(pagecache.TRUST - 1)
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, [])
        clock.shift(1)
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, ["/issues/2/"])
        monkeypatch.undo()
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, [])


def test_nothing_is_kept_while_a_table_is_not_counted(site: Site, rows: None) -> None:
    raw(
        "DROP TRIGGER "
        + ("edition_timeline_issue_update" if connection.vendor == "sqlite" else "edition ON timeline_issue")
    )
    assert [site.ask("/issues/2/").status for _ in range(2)] == [200, 200]
    assert (site.was_asked(), site.cache.stock) == (["/issues/2/"] * 2, None)
    edition.create()
    assert [site.ask("/issues/2/").status for _ in range(2)] == [200, 200]
    assert site.was_asked() == ["/issues/2/"]


def test_a_template_that_a_developer_changes_is_seen(site: Site, rows: None) -> None:
    site.ask("/issues/2/")
    assert not any(
        stop for _, stop in file_changed.send(sender=None, file_path=Path("page.html"))
    )  # that would be a restart
    site.ask("/issues/2/")
    assert site.was_asked() == ["/issues/2/"] * 2
