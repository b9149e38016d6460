"""What is too much: how often one client may ask for what is dear or guarded, and how much it may send.

Requests are counted where all processes of the site see it: in Redis, or else in the database. Pages that are ready
(timeline.pagecache) never come here. Nothing says who asked: a count stands under a keyed hash that is another one in
each window of time.
"""

import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from timeline.models import Count

View = Callable[..., HttpResponse]

log = logging.getLogger(__name__)

MAX_BODY = 110 * 2**20  # bytes of a request with files: the largest film (timeline.film) and its form


@dataclass(frozen=True)
class Limit:
    """At most `most` times in each window of so many seconds; so twice as often across the end of one."""

    name: str
    most: int
    seconds: int

    def wait(self, who: str) -> int:
        """Count one more time of `who`: the seconds that they have to wait for it, 0 for none."""
        if not settings.RATE_LIMITS:
            return 0
        now = int(time.time())
        window = now // self.seconds
        digest = salted_hmac(f"timeline.limits {self.name} {window}", who, algorithm="sha256").hexdigest()
        try:
            count = counted(f"limit:{digest[:32]}", (window + 1) * self.seconds, now)
        except Exception:  # of Redis or the database: readers search and editors sign in while it is away
            log.warning("Requests cannot be counted, so nobody is refused.", exc_info=True)
            return 0
        return (window + 1) * self.seconds - now if count > self.most else 0


COUNT = f"""
INSERT INTO {Count._meta.db_table} (key, ends_at, number) VALUES (%s, %s, 1)
ON CONFLICT (key) DO UPDATE SET number = {Count._meta.db_table}.number + 1 RETURNING number
"""


def counted(key: str, ends_at: int, now: int) -> int:
    """How often this was called for `key`, which is forgotten at `ends_at` (seconds since 1970)."""
    if settings.CACHE_URL:
        cache.add(key, 0, ends_at - now)
        return cache.incr(key)
    # One question, where Django's cache in the database would need four, and lose what others count in between.
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [key, ends_at])
        number: int = cursor.fetchone()[0]
    if number == 1:
        Count.objects.filter(ends_at__lt=now).delete()
    return number


SEARCHES = Limit("search", 60, 60)
DATA = Limit("API", 300, 60)
CONTACTS = Limit("contact", 20, 600)
SIGN_INS = Limit("sign-in", 30, 300)
SIGN_INS_OF_ONE = Limit("sign-in of one person", 20, 900)  # from wherever


def client(request: HttpRequest) -> str:
    """The address that the request comes from; of IPv6 the network, of which everybody has a whole one."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUST_PROXY:
        # The last is the one that the proxy has seen itself; the client may have written the others.
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or int(parsed) >> 64)


def limited(limit: Limit, methods: Collection[str] = ("GET", "HEAD", "POST")) -> Callable[[View], View]:
    """A view that one client may ask only so often by these methods."""

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            seconds = limit.wait(client(request)) if request.method in methods else 0
            return too_many(request, seconds) if seconds else view(request, *args, **kwargs)

        return asked

    return decorate


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, as a page or, for who asks for data, as data."""
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    if request.path.startswith("/api/"):
        told = f"Too many requests from your address: ask again in {seconds} seconds, and more slowly."
        return JsonResponse({"detail": told}, status=429, headers=headers)
    page = render_to_string("429.html", {"seconds": seconds}, request)
    return HttpResponse(page, status=429, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django refuses to read at all, with a page that says why. The request itself may be anything: not used."""
    is_too_big = isinstance(exception, RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent)
    page = render_to_string("400.html", {"is_too_big": is_too_big})
    return HttpResponse(page, status=413 if is_too_big else 400)


def whole_bodies(get_response: View) -> View:
    """Middleware: what a view, or a refusal, left unread of a body is read before the answer goes out.

    A server that answers before it has everything closes the connection on who is still sending. They never see the
    answer, and a proxy tells them 502: an editor whose session has ended would not be asked to sign in.
    """

    def read(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        with suppress(ValueError, OSError):  # no number, or the sender is gone
            is_bounded = int(request.META.get("CONTENT_LENGTH") or 0) <= MAX_BODY
            while is_bounded and request.read(2**16):
                pass
        return response

    return read


class BoundedUpload(FileUploadHandler):
    """The first handler of uploads: a request that is too large is refused before its files are written anywhere."""

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: str | None = None
    ) -> None:
        if content_length > MAX_BODY:
            raise RequestDataTooBig(f"A request of {content_length} bytes.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data  # for the next handler

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None
