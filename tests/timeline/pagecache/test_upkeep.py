"""Pages are made once, for all that wait and before anybody asks, and their memory is bounded."""

import gzip
import threading
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from django.db import connection
from django.test import Client

from tests.factories import make_issue
from tests.timeline.pagecache.conftest import Reply, Site
from tests.ways import elsewhere
from timeline import pagecache
from timeline.models import Topic

pytestmark = pytest.mark.django_db(transaction=True)


def test_django_makes_a_page_once(site: Site) -> None:
    make_issue(number=2)
    first = site.ask("/issues/2/")
    assert site.was_asked() == ["/issues/2/"]
    assert (site.ask("/issues/2/"), site.was_asked()) == (first, [])
    assert first.body == Client().get("/issues/2/").content


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


def test_a_page_that_is_asked_for_again_is_packed_tightly(
    site: Site, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagecache, "QUIET", 0)

    def ask(encoding: str, **headers: str) -> Reply:
        return site.ask("/issues/2/", accept_encoding=encoding, **headers)

    loose, zipped, stock = ask("br"), ask("gzip"), site.cache.stock
    site.ask("/issues/")
    site.cache.tighten(stock)
    tight = ask("br")
    assert len(tight.body) < len(loose.body)
    assert brotli.decompress(tight.body) == brotli.decompress(loose.body) == gzip.decompress(ask("gzip").body)
    assert tight.headers["content-length"] == str(len(tight.body))
    assert {name for name in tight.headers if tight.headers[name] != loose.headers[name]} == {"content-length", "etag"}
    assert (ask("br", if_none_match=tight.headers["etag"]).status, ask("gzip")) == (304, zipped)
    assert ask("br", if_none_match=loose.headers["etag"]).status == 200  # other bytes are another page to a browser
    assert stock.size == sum(page.size for page in stock.pages.values())
    site.cache.tighten(stock)  # the list was asked for once
    assert [(path, page.is_tight) for (_, path), page in stock.pages.items()] == [
        ("/issues/2/", True),
        ("/issues/", False),
    ]


def test_nothing_is_packed_tightly_while_pages_change_or_a_reader_waits(
    site: Site, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        first = site.ask("/issues/2/", accept_encoding="br")
    site.cache.tighten(site.cache.stock)
    monkeypatch.setattr(pagecache, "QUIET", 0)
    with site.cache.reader():
        site.cache.tighten(site.cache.stock)
    assert site.ask("/issues/2/", accept_encoding="br") == first
    site.cache.tighten(site.cache.stock)
    assert site.ask("/issues/2/", accept_encoding="br") != first


def test_a_page_that_went_meanwhile_does_not_come_back(site: Site, rows: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        site.ask("/issues/2/", accept_encoding="br")
    stock = site.cache.stock
    (loose,) = [stock.loose()]
    del stock.pages[loose[0]]
    stock.size -= loose[1].counted
    stock.tighten(*loose)
    assert (stock.pages, stock.size, stock.ready) == ({}, 0, {})


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


class Waits(threading.Condition):
    """One that tells when somebody waits."""

    def __init__(self, told: threading.Event) -> None:
        super().__init__()
        self.told = told

    def wait(self, timeout: float | None = None) -> bool:
        self.told.set()
        return super().wait(timeout)


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


def keep_one_warm(site: Site) -> None:
    """Two issues, of which the first was asked for before something changed."""
    for number in (1, 2):
        make_issue(number=number)
    for _ in range(3):
        site.ask("/issues/1/")
    Topic.objects.create(name="Another")
    site.was_asked()


def test_readers_come_before_pages_that_nobody_has_asked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_one_warm(site)
    waits, seen = threading.Event(), []
    monkeypatch.setattr(site.cache, "waiting", Waits(waits))
    warming: list[Call] = []

    def a_reader_waits(path: str) -> None:
        if path == "/issues/2/":
            warming.append(Call(lambda: site.cache.warm(site.cache.look())))
            seen.append((waits.wait(20), list(site.asked)))

    site.watch = a_reader_waits
    assert site.ask("/issues/2/").status == 200
    warming[0].given()
    assert (seen, site.was_asked()) == ([(True, ["/issues/2/"])], ["/issues/2/", "/issues/1/"])


def test_a_page_does_not_give_way_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagecache, "YIELD", 0)
    keep_one_warm(site)
    site.watch = lambda path: path == "/issues/2/" and site.cache.warm(site.cache.look())
    site.ask("/issues/2/")
    assert site.was_asked() == ["/issues/2/", "/issues/1/"]


def test_a_page_that_gives_way_is_given_up_for_a_newer_edition(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagecache, "YIELD", 3_600)
    keep_one_warm(site)
    waits = threading.Event()
    monkeypatch.setattr(site.cache, "waiting", Waits(waits))

    with site.cache.reader():  # all the while
        warming = Call(lambda: site.cache.warm(site.cache.look()))
        waits.wait(20)
        elsewhere(lambda: Topic.objects.update(name="Newer"))
        warming.given()
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


def test_words_are_known_up_to_a_number_and_none_are_that_nobody_would_send(
    site: Site, rows: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagecache, "KNOWN", 3)
    replies = [site.ask("/issues/2/", accept_encoding=f"br, x{number}") for number in range(8)]
    assert all(reply == replies[0] for reply in replies)
    assert (site.was_asked(), 0 < len(site.cache.stock.ready) <= 3) == (["/issues/2/"], True)
    before = dict(site.cache.stock.ready), dict(site.cache.stock.pages)
    path = f"/issues/{'0' * pagecache.LONG}2/"
    for _ in range(2):
        assert site.ask(path).status == 200
        assert site.ask("/issues/2/", accept_encoding="x" * pagecache.LONG).status == 200
    assert site.was_asked() == [path, "/issues/2/"] * 2
    assert (site.cache.stock.ready, site.cache.stock.pages) == before
