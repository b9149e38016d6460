"""What a ready page says: the bytes and headers that Django would send, to who may have them."""

import gzip
from collections.abc import Callable

import brotli
import pytest
from django.test import Client
from pytest_django import Settings

from tests.factories import edith, make_issue
from tests.timeline.pagecache.conftest import Reply, Site
from tests.ways import WAYS
from timeline import pagecache
from timeline.models import Issue, Publication, Topic
from timeline.pagecache import CACHE_CONTROL

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_whichever_encoding_was_first_the_others_are_made_of_it(site: Site, rows: None) -> None:
    plain = Client().get("/issues/2/").content
    for first in ("br", "gzip", ""):
        Topic.objects.create(name=f"Another edition, {first}")
        for encoding in (first, "", "gzip", "br"):
            reply = site.ask("/issues/2/", accept_encoding=encoding)
            assert (reply.headers.get("content-encoding", ""), unpacked(reply)) == (encoding, plain)
        assert site.was_asked() == ["/issues/2/"]


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
