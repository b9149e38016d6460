"""The page cache: readers get ready bytes before Django starts.

Public pages are the same for everybody, so a page depends on scheme, host and path alone. That is not hoped for: Django
is asked by a request that has nothing else in it (`Question`), and what looks at the query or the cookies all the same
is not kept, but asked again as the reader asked.

All that is kept belongs to one edition (timeline.edition) and to the time until the next scheduled issue; then it is
dropped as a whole. The edition is read before the first query for a page, so a page that was made while something
changed goes with the edition that it may not belong to.
"""

import gzip
import logging
import threading
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nlargest
from importlib import import_module
from typing import Any, NamedTuple
from wsgiref.types import StartResponse
from wsgiref.util import setup_testing_defaults

import brotli
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host
from django.http.response import HttpResponseBase
from django.utils.autoreload import file_changed

from timeline import edition
from timeline.compression import QUALITY, SHORT, best, packed
from timeline.models import Issue

Headers = list[tuple[str, str]]
Origin = tuple[str, str]  # scheme, and host without a port
Key = tuple[Origin, str]  # and the path
Words = tuple[str, str, str, str, str | None]  # path, host, encodings, scheme and what a proxy says, as they came
Application = Callable[[dict[str, Any], StartResponse], Any]

# Never kept, so not even asked for twice: what lies there is for one person, reads its query, or is a file.
LIVE = (
    *("/admin/", "/api/v1/", "/markdownx/", "/search/", "/healthz", "/readyz", "/metrics"),
    *(settings.STATIC_URL, settings.MEDIA_URL),
)
# Browsers ask each time and mostly hear 304; a shared cache in between may keep a page for the second that we promise.
CACHE_CONTROL = "public, max-age=0, s-maxage=1, must-revalidate"
# Headers that we write ourselves, or that belong to the one request for which the page was made.
OWN = {"cache-control", "content-encoding", "content-length", "etag", "vary", "x-request-id"}
POLL = 0.4  # seconds between two looks at the database: changes by other machines are seen within one
TRUST = 60  # seconds for which the last edition is served while the database does not answer
PATIENCE = 5  # seconds for which one waits for another's work on the same page
HOT = 16  # pages that are made anew before anybody asks
CALM = 0.05  # seconds after the last page that a reader waited for, until one is made that nobody has asked for
YIELD = 1  # seconds for which such a page gives way to readers, at most
TIGHT = 11  # Brotli's quality for pages that many read: an eighth less than with QUALITY, in twenty times the time
QUIET = 2  # seconds for which an edition has lasted before a page is packed so
UNPACK: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}
OVERHEAD = 3_000  # bytes of a page in memory beside its own
LONG = 1_000  # characters of `Words`, more than a browser ever sends
KNOWN = 4_096  # of all `Words`, the most that are known

UNKNOWN = (DatabaseError, OSError)  # what is raised where the edition cannot be read
log = logging.getLogger(__name__)


class Variant(NamedTuple):
    """A page in one encoding, ready to be sent."""

    encoding: str  # not always the one that was asked for: what gets no shorter stays as it is
    etag: str
    headers: Headers
    unchanged: Headers  # of a 304
    body: bytes


@dataclass(slots=True, eq=False)
class Page:
    """It is kept as it was asked for, and that is mostly packed: plain it would need four times the room."""

    headers: Headers
    variants: dict[str, Variant] = field(default_factory=dict)  # by the encoding that was asked for
    asked: int = 0  # how often
    seen: int = 0  # how often by the time that it was the oldest
    counted: int = 0  # the bytes for which its stock has accounted
    is_tight: bool = False

    @property
    def size(self) -> int:
        return OVERHEAD + sum(len(variant.body) for variant in self.variants.values())

    def plain(self) -> bytes:
        variant = next(iter(self.variants.values()))
        return UNPACK[variant.encoding](variant.body)

    def pack(self, plain: bytes, asked: str, quality: int = QUALITY) -> Variant:
        encoding, body = "", plain
        if asked and len(plain) >= SHORT:
            shorter = packed(plain, quality) if asked == "br" else gzip.compress(plain, mtime=0)
            if len(shorter) < len(plain):
                encoding, body = asked, shorter
        own = {name.lower(): value for name, value in self.headers}
        digest = urlsafe_b64encode(blake2b(body, digest_size=12).digest()).decode()
        etag = f'"{digest}"'
        unchanged = [
            *((name, value) for name, value in self.headers if name.lower() not in {*OWN, "content-type"}),
            ("Cache-Control", own.get("cache-control", CACHE_CONTROL)),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        ]
        headers = [
            ("Content-Type", own["content-type"]),
            ("Content-Length", str(len(body))),
            *([("Content-Encoding", encoding)] if encoding else []),
            *unchanged,
        ]
        self.variants[asked] = Variant(encoding, etag, headers, unchanged, body)
        return self.variants[asked]


Ready = tuple[Page, Variant]


class Stock:
    """The pages of one edition in memory: at most `room` bytes, and what nobody asks for any more goes first.

    Readers take no lock. A page counts how often it was asked for, and who needs room looks whether that was so since
    the last time.
    """

    def __init__(self, number: int | None, next_issue: float, room: int, hot: dict[Key, Page]) -> None:
        self.number = number  # of the edition
        self.since = time.monotonic()
        self.next_issue = next_issue  # seconds since 1970: when one comes out by itself
        self.notice = 0  # where another one is, or it is `until`, the database is asked whether this is the edition
        self.until = 0.0
        self.room = room
        self.hot = hot  # the most asked ones of the edition before, until they are made anew
        self.size = 0
        self.pages: OrderedDict[Key, Page] = OrderedDict()
        self.ready: dict[Words, Ready] = {}  # of pages that are here, for who asks in the same words again
        self.lock = threading.Lock()

    def put(self, key: Key, page: Page) -> None:
        """Keep it, unless a few like it would fill everything. Call it again when it has grown."""
        with self.lock:
            if page.size > self.room // 8:
                return
            before = self.pages.get(key, page)
            self.pages[key] = page
            self.size += page.size - before.counted
            page.counted = page.size
            while self.size > self.room:
                key, oldest = next(iter(self.pages.items()))
                if oldest.asked > oldest.seen:
                    oldest.seen = oldest.asked
                    self.pages.move_to_end(key)
                else:
                    del self.pages[key]
                    self.size -= oldest.counted
                    oldest.counted = 0
                    self.ready.clear()

    def remember(self, words: Words, key: Key, ready: Ready) -> None:
        with self.lock:
            if self.pages.get(key) is ready[0]:
                if len(self.ready) >= KNOWN:
                    self.ready.clear()
                self.ready[words] = ready

    def loose(self) -> tuple[Key, Page] | None:
        """The hottest page that could be packed more tightly: one that was asked for again since it was made."""
        for key, page in self.hottest().items():
            if not page.is_tight and "br" in page.variants and self.pages.get(key) is page:
                return key, page
        return None

    def tighten(self, key: Key, page: Page) -> None:
        page.pack(page.plain(), "br", TIGHT)
        page.is_tight = True
        if self.pages.get(key) is page:
            self.put(key, page)
        with self.lock:
            self.ready.clear()  # or who asks in the same words again would get it as it was

    def hottest(self) -> dict[Key, Page]:
        with self.lock:
            known = {**self.hot, **self.pages}
        asked = ((key, page) for key, page in known.items() if page.asked)
        return dict(nlargest(HOT, asked, key=lambda pair: pair[1].asked))


class Question(dict[str, Any]):
    """The environ of a request for one page and nothing else; it knows whether somebody looked for a query.

    The id of the request that made us ask is for the log alone.
    """

    is_query_read = False

    def __init__(self, key: Key, request_id: str) -> None:
        (scheme, host), path = key
        super().__init__({"wsgi.url_scheme": scheme, "HTTP_HOST": host, "PATH_INFO": path, "REQUEST_METHOD": "GET"})
        self["HTTP_X_REQUEST_ID"] = request_id
        setup_testing_defaults(self)

    def get(self, name: str, default: Any = None) -> Any:
        self.is_query_read |= name == "QUERY_STRING"
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.is_query_read |= name == "QUERY_STRING"
        return super().__getitem__(name)


def whole_pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, the innermost one: a page that is made for all readers is made of one state of the database."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not isinstance(getattr(request, "environ", None), Question):
            return get_response(request)
        with edition.snapshot():
            return get_response(request)

    return answer


class Answer(NamedTuple):
    status: str
    headers: Headers
    body: bytes


class PageCache:
    """`django` with ready pages in front; `room` is in bytes."""

    def __init__(self, django: Application, room: int = settings.PAGE_CACHE_MB * 2**20) -> None:
        self.django = django
        self.room = room
        self.stock: Stock | None = None
        self.notices: memoryview | None = None  # of one number
        self.lock = threading.Lock()
        self.renderers = [threading.Lock() for _ in range(64)]  # a page has one of them, by its hash
        self.forwarded = settings.SECURE_PROXY_SSL_HEADER[0] if settings.SECURE_PROXY_SSL_HEADER else ""
        self.waiting = threading.Condition()
        self.readers, self.calm_at = 0, 0.0  # how many wait for a page to be made, and when it is calm after the last
        self.wake = threading.Event()
        self.is_closed = False
        self.worker: threading.Thread | None = None
        # What it did, for timeline.metrics: plain numbers, because an addition is all that a ready page has time for.
        self.sent = self.unchanged = self.passed = self.made = self.editions = 0
        self.told = {"sent": 0, "unchanged": 0, "passed": 0, "made": 0, "editions": 0}
        self.metrics: Any = import_module("timeline.metrics") if settings.METRICS_TOKEN else None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method, get = environ["REQUEST_METHOD"], environ.get
        stock = self.current() if method == "GET" or method == "HEAD" else None
        if not stock:
            self.passed += 1
            return self.django(environ, start_response)
        words = (
            environ["PATH_INFO"],
            get("HTTP_HOST", ""),
            get("HTTP_ACCEPT_ENCODING", ""),
            environ["wsgi.url_scheme"],
            get(self.forwarded),
        )
        if ready := stock.ready.get(words):
            page, variant = ready
            page.asked += 1
        else:
            found = None
            if "HTTP_AUTHORIZATION" not in environ:
                found = self.find(stock, words, get("HTTP_X_REQUEST_ID", ""))
            if not found:
                self.passed += 1
                return self.django(environ, start_response)
            if isinstance(found, Answer):
                start_response(found.status, found.headers)
                return [found.body] if method == "GET" else []
            _, variant = found
        known = get("HTTP_IF_NONE_MATCH")
        # Copies: a server may add to the list that it gets.
        if known and (variant.etag in known or known == "*"):
            self.unchanged += 1
            start_response("304 Not Modified", variant.unchanged.copy())
            return []
        self.sent += 1
        start_response("200 OK", variant.headers.copy())
        return [variant.body] if method == "GET" else []

    def find(self, stock: Stock, words: Words, request_id: str) -> Ready | Answer | None:
        """The page, made where it is not there; an answer that is no page; None: ask as you were asked."""
        path, host, accepted, scheme, forwarded = words
        if path.startswith(LIVE) or sum(len(word or "") for word in words) > LONG:
            return None
        asked = origin(scheme, forwarded, host)
        if not asked:
            return None
        key, encoding = (asked, path), best(accepted)
        found: Ready | Answer | None = None
        if page := stock.pages.get(key):
            page.asked += 1
            if variant := page.variants.get(encoding):
                found = page, variant
        if not found:
            with self.reader():
                found = self.make(key, encoding, request_id)
        if found and not isinstance(found, Answer):
            stock.remember(words, key, found)
        return found

    def current(self) -> Stock | None:
        """The stock of the edition that the database has now; None while nobody knows which."""
        stock = self.stock
        try:
            if stock and self.notices and self.notices[0] == stock.notice and time.time() < stock.until:
                return stock
            return self.look()
        except UNKNOWN:
            log.warning("The edition cannot be read, so no page is ready.", exc_info=True)
            return None

    def look(self) -> Stock:
        """The same, but the database is asked."""
        with self.lock:
            notices = self.notices or self.open()
            notice = notices[0]  # first: what changes from now on changes it once more
            stock = self.stock
            try:
                number = edition.number()
                now = time.time()
                if not stock or stock.number != number or now >= stock.next_issue:
                    following = Issue.objects.next_publication()
                    next_issue = following.timestamp() if following else float("inf")
                    stock = self.stock = Stock(number, next_issue, self.room, stock.hottest() if stock else {})
                    self.editions += 1
                    self.wake.set()
                stock.notice, stock.until = notice, min(stock.next_issue, now + TRUST)
            finally:
                connection.close_if_unusable_or_obsolete()
            return stock

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Somebody waits for a page."""
        with self.waiting:
            self.readers += 1
        try:
            yield
        finally:
            with self.waiting:
                self.readers -= 1
                self.calm_at = time.monotonic() + CALM
                self.waiting.notify_all()

    def gives_way(self, end: float) -> bool:
        """Whether a reader waits, or did a moment ago: who has got one page will ask for the next. Not after `end`.

        If so it has waited, but no longer than one may without a look at the database.
        """
        with self.waiting:
            now = time.monotonic()
            calm = end if self.readers else min(end, self.calm_at)
            if now >= calm:
                return False
            self.waiting.wait(min(calm - now, POLL / 4))
            return True

    def make(self, key: Key, encoding: str, request_id: str = "") -> Ready | Answer | None:
        """As find(), by one thread for all that wait."""
        lock = self.renderers[hash(key) % len(self.renderers)]
        has_lock = lock.acquire(timeout=PATIENCE)
        try:
            stock = self.current()  # anew: something may have changed while one waited
            if not stock:
                return None
            page = stock.pages.get(key)
            if not page:
                self.made += 1
                answer, is_public = self.ask(key, request_id)
                if not is_public:
                    return None
                if not answer.status.startswith("200"):
                    return answer if answer.status.startswith(("301", "404", "5")) else None
                page = Page(answer.headers)
                variant = page.pack(answer.body, encoding)
            else:
                variant = page.variants.get(encoding) or page.pack(page.plain(), encoding)
            stock.put(key, page)
            return page, variant
        finally:
            if has_lock:
                lock.release()

    def ask(self, key: Key, request_id: str) -> tuple[Answer, bool]:
        """What Django answers, and whether it would answer everybody so."""
        question = Question(key, request_id)
        told: list[Any] = []
        with closing(self.django(question, lambda *given: told.extend(given))) as chunks:  # type: ignore[arg-type]
            body = b"".join(chunks)
        answer = Answer(told[0], told[1], body)
        headers = [(name.lower(), value.lower()) for name, value in answer.headers]
        is_personal = any(
            name == "set-cookie"
            or (name == "vary" and value != "accept-encoding")
            or (name == "cache-control" and any(word in value for word in ("private", "no-store", "no-cache")))
            for name, value in headers
        )
        return answer, not is_personal and not question.is_query_read

    def open(self) -> memoryview:
        """In the process that serves, not in the one that it was forked from."""
        if uncounted := edition.missing():
            raise OSError(f"Nothing counts the changes of {', '.join(sorted(uncounted))}: run manage.py migrate.")
        self.notices = memoryview(edition.notices()).cast("Q")
        self.worker = threading.Thread(target=self.work, name="page cache", daemon=True)
        self.worker.start()
        file_changed.connect(self.forget)
        return self.notices

    def close(self) -> None:
        """Tests do; a server just ends."""
        self.is_closed = True
        self.wake.set()
        if self.worker:
            self.worker.join()

    def forget(self, **kwargs: Any) -> None:
        """In development: a template has changed."""
        self.stock = None

    def work(self) -> None:
        """Look for what other machines have changed, and make the pages that most readers will want."""
        while not self.is_closed:
            self.wake.wait(POLL)
            self.wake.clear()
            try:
                stock = self.look()
                self.warm(stock)
                self.tighten(stock)
                if self.metrics:
                    self.tell()
            except UNKNOWN:
                continue  # a request will say so
            except Exception:  # or nobody would look any more
                log.exception("A page could not be made before anybody asked for it.")
        connection.close()

    def tell(self) -> None:
        """The metrics what was done since the last time."""
        now = {name: getattr(self, name) for name in self.told}
        more = {name: count - self.told[name] for name, count in now.items()}
        self.told = now
        editions, stock = more.pop("editions"), self.stock
        self.metrics.observe_pages(more, editions, len(stock.pages) if stock else 0, stock.size if stock else 0)

    def warm(self, stock: Stock) -> None:
        """Make anew what was asked for most, as long as no newer edition is there. Readers come first."""
        for key, before in list(stock.hot.items()):
            end = time.monotonic() + YIELD
            while True:
                if self.is_closed or self.look() is not stock:
                    return
                if not self.gives_way(end):
                    break
            for encoding in list(before.variants):
                self.make(key, encoding)
            if page := stock.pages.get(key):
                page.asked += before.asked // 2
            del stock.hot[key]

    def tighten(self, stock: Stock) -> None:
        """Pack one of the hottest pages as tightly as it goes, where nothing has changed for a while and nobody waits.

        So most of them fit into the first packets that a server sends. Brotli takes 50 ms for it, in which it lets
        other threads have the interpreter.
        """
        with self.waiting:
            is_calm = not self.readers and time.monotonic() >= self.calm_at
        if is_calm and time.monotonic() >= stock.since + QUIET and (loose := stock.loose()):
            stock.tighten(*loose)


def origin(scheme: str, forwarded: str | None, host: str) -> Origin | None:
    """What Django makes of the server's scheme, of what a trusted proxy says it was, and of a Host header.

    None for a host that is not ours.
    """
    name, _ = split_domain_port(host)
    if not name or not validate_host(name, settings.ALLOWED_HOSTS):
        return None
    if settings.SECURE_PROXY_SSL_HEADER and forwarded is not None:
        is_secure = forwarded.split(",", 1)[0].strip() == settings.SECURE_PROXY_SSL_HEADER[1]
        scheme = "https" if is_secure else "http"
    return scheme, name
