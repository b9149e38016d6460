"""Whatever is asked of the public site, by address, query, header and method: it answers, and never by a failure."""

import gzip
import logging
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import brotli
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, given, note
from hypothesis import settings as fuzzing
from hypothesis import strategies as st
from pytest_django import Settings

from tests import ways
from timeline.models import Publication
from timeline.pagecache import PageCache

pytestmark = pytest.mark.django_db(transaction=True)


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """The expressions of all addresses outside the admin, as one text each."""
    for pattern in patterns:
        regex = before + pattern.pattern.regex.pattern.removeprefix("^").removesuffix("\\Z").removesuffix("$")
        if isinstance(pattern, URLPattern):
            yield regex
        elif getattr(pattern, "namespace", "") != "admin":
            yield from routes(pattern.url_patterns, regex)


ROUTES = [*routes(get_resolver().url_patterns), *routes(get_resolver("timeline.api").url_patterns, "api/")]
THERE = [  # in the rows of ways.fill()
    *("issues/2/", "issues/2.md", "issues/2/corrections/", "papers/orca/", "papers/orca.md", "papers/orca/paper.bib"),
    *("news/news/", "authors/ada-lovelace/", "authors/ada-lovelace/feed.json", "topics/small-models/", "glossary/lcm/"),
    *("timeline/topics/small-models/", "search/", "api/v1/issues", "api/v1/papers", "contact/reply/", "issues/3/"),
]
FRAGMENTS = [
    *(
        "\x00",
        "\n",
        "\r\nX: y",
        "..",
        "../../etc/passwd",
        "%2e%2e/",
        "%00",
        "%",
        "\ud800",
        "\u202e",
        "é",
        "e\u0301",
        "🐳",
    ),
    *("٣", "²", "0" * 500, "9" * 40, "-1", "1e9", "//", "\\", ";", "?", "#", "&", "'", '"', "<script>", "{{ 7 }}", " "),
    *("a" * 5_000, "1", "2", "NaN", "null", "[]", "[x]", "%F0%9F", "\x7f", ":", "@", "*", '""', "AND", "-", "(", "^"),
]
hostile = st.one_of(
    st.sampled_from(FRAGMENTS),
    st.text(st.characters(), max_size=20),  # with surrogates
    st.lists(st.sampled_from(FRAGMENTS), max_size=4).map("".join),
)
of_route = {route: st.from_regex(route, fullmatch=True) for route in ROUTES}
addresses = st.one_of(st.sampled_from(THERE), st.sampled_from(ROUTES).flatmap(of_route.__getitem__))


@st.composite
def paths(draw: st.DrawFn) -> str:
    """One that is there or might be, often with something in it that is not."""
    path = draw(addresses)
    if draw(st.booleans()):
        begin, end = sorted(draw(st.tuples(*[st.integers(0, len(path))] * 2)))
        path = path[:begin] + draw(hostile) + path[end:]
    return f"/{path}"


NAMES = [
    "q",
    "kind",
    "topic",
    "author",
    "organisation",
    "year",
    "page",
    "sort",
    "limit",
    "after",
    "cursor",
    "since",
    "next",
]
queries = st.one_of(
    st.just(""),
    st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), hostile), hostile), max_size=4).map(
        lambda pairs: "&".join(f"{encoded(name)}={encoded(value)}" for name, value in pairs)
    ),
    hostile,
)


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))


HEADERS = {
    "HTTP_ACCEPT_ENCODING": ["gzip", "br", "gzip, br;q=0", "identity", "*;q=0", "br;q=" + "0" * 99],
    "HTTP_IF_NONE_MATCH": ["*", '""', 'W/"x"', '"' * 99],
    "HTTP_IF_MODIFIED_SINCE": ["Sat, 29 Nov 2025 00:00:00 GMT", "Sat, 99 Foo 99999 00:00:00 GMT", "0"],
    "HTTP_IF_UNMODIFIED_SINCE": ["Sat, 29 Nov 1925 00:00:00 GMT"],
    "HTTP_IF_MATCH": ["*", '"x"'],
    "HTTP_RANGE": ["bytes=0-1", "bytes=-", "bytes=9-0,0-" + "9" * 30],
    "HTTP_X_FORWARDED_PROTO": ["https", "http, https", "gopher"],
    "HTTP_X_FORWARDED_FOR": ["::1, 127.0.0.1", "x" * 999],
    "HTTP_X_FORWARDED_HOST": ["evil.example"],
    "HTTP_COOKIE": ["sessionid=x", "csrftoken=", "=;=;", 'messages="[[', "sessionid=" + "x" * 5_000],
    "HTTP_AUTHORIZATION": ["Basic eA==", "Bearer"],
    "HTTP_ACCEPT": ["application/json", "*/*;q=x", "text/html;level=\x00"],
    "HTTP_ACCEPT_LANGUAGE": ["xx-" + "y" * 600, "*"],
    "CONTENT_TYPE": ["application/json; charset=nothing", "multipart/form-data", "multipart/form-data; boundary=x"],
    "CONTENT_LENGTH": ["0", "-1", "x", "9" * 30],
}
latin = st.text(st.characters(max_codepoint=255), max_size=20)  # what a server may make of bytes
headers = st.fixed_dictionaries(
    {}, optional={name: st.one_of(st.sampled_from(values), latin) for name, values in HEADERS.items()}
)
HOSTS = [
    *("LOCALHOST:8000", "site.example", "127.0.0.1.", "evil.example", "127.0.0.1@evil.example", "127.0.0.1:x", "[::1"),
    *("", " ", "\x00", "\xff", "a" * 300, "site.example, evil.example", "127.0.0.1/../evil.example"),
]
OURS = {"127.0.0.1", "localhost", "site.example"}
hosts = st.sampled_from(["127.0.0.1"] * 2 * len(HOSTS) + HOSTS)
CONDITIONAL = {304, 412}  # by headers like If-None-Match
methods = st.sampled_from([*["GET"] * 20, "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"])


def ask(application: Any, told: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    environ = {
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        **told,
    }
    given: list[Any] = []
    chunks = application(environ, lambda *start: given.extend(start))
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    return int(given[0].split()[0]), {name.lower(): value for name, value in given[1]}, content


def as_sent(text: str) -> str:
    """As a server gives the bytes to WSGI."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def masked(body: bytes) -> bytes:
    """Without what Django draws anew for each answer."""
    return re.sub(rb'csrfmiddlewaretoken" value="\w+"', b"", body)


def unpacked(headers: dict[str, str], body: bytes) -> bytes:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(headers.get("content-encoding", ""), bytes)
    return unpack(body) if body else b""


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[PageCache]:
    """In front of the whole site, with something of everything in it and nothing in the background."""
    settings.ALLOWED_HOSTS = sorted(OURS)
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    monkeypatch.setattr(PageCache, "work", lambda self: None)
    ways.fill()
    Publication.objects.update(reply_address="a@b.example")
    cache = PageCache(WSGIHandler())
    logging.disable()  # or a failure stands behind thousands of lines
    yield cache
    logging.disable(logging.NOTSET)
    cache.close()


@pytest.fixture
def failures() -> Iterator[list[BaseException]]:
    """What made Django answer with 500."""
    found: list[BaseException] = []

    def failed(**kwargs: Any) -> None:
        error = sys.exc_info()[1]
        assert error
        found.append(error)

    got_request_exception.connect(failed)
    yield found
    got_request_exception.disconnect(failed)


def test_whatever_is_asked_has_an_answer_and_from_the_page_cache_the_same(
    cache: PageCache, failures: list[BaseException]
) -> None:
    @given(path=paths(), query=queries, host=hosts, method=methods, told=headers, body=st.binary(max_size=50))
    @fuzzing(max_examples=200, suppress_health_check=list(HealthCheck))
    def each(path: str, query: str, host: str, method: str, told: dict[str, str], body: bytes) -> None:
        asked = told | {
            "PATH_INFO": as_sent(path),
            "QUERY_STRING": as_sent(query),
            "HTTP_HOST": host,
            "REQUEST_METHOD": method,
        }
        status, headers, content = ask(cache.django, asked, body)
        for _ in range(2):
            again, heard, sent = ask(cache, asked, body)
            note(f"Django: {status}, the cache: {again}")
            assert (status < 500, failures) == (True, [])
            if {status, again} & CONDITIONAL:  # the cache knows other ETags than views do
                assert {status, again} <= {200, *CONDITIONAL}
            else:
                assert (again, heard.get("location")) == (status, headers.get("location"))
                if method != "HEAD":  # Django leaves it to the server to send no body
                    assert masked(unpacked(heard, sent)) == masked(unpacked(headers, content))

    each()
    assert cache.stock and cache.stock.ready
    assert {host for (_, host), _ in cache.stock.pages} <= OURS
