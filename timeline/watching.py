"""Each request that reaches Django: its id, its line in the log, its figures. And slow queries, whoever asks them.

A page that is ready (timeline.pagecache) is no such request: the proxy's log has it. Nothing here says who asked, or
what was typed: no address, no name, no query string, no parameter of a query.
"""

import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

SANE = re.compile("[-_.A-Za-z0-9]{8,64}")  # an id that may stand in our log
LONGEST = 2_000  # characters of a query that the log takes

requests = logging.getLogger("timeline.requests")
queries = logging.getLogger("timeline.queries")


@dataclass(slots=True)
class Watched:
    """A request while it is answered."""

    id: str
    queries: int = 0
    seconds: float = 0.0  # that they took


current: ContextVar[Watched | None] = ContextVar("request", default=None)


def watch(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, and the first: what stands behind it is counted."""
    metrics: Any = import_module("timeline.metrics") if settings.METRICS_TOKEN else None

    def watched(request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        seen = Watched(given if SANE.fullmatch(given) else uuid4().hex)
        token = current.set(seen)
        start = perf_counter()
        try:
            response = get_response(request)
            seconds = perf_counter() - start
            route = route_of(request)
            told = {
                "method": request.method if request.method in METHODS else "other",
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
                "queries": seen.queries,
                "query_ms": round(seen.seconds * 1000, 1),
            }
            requests.info("%(method)s %(route)s %(status)s", told, extra=told)
            if metrics:
                metrics.observe(route, response.status_code, seconds, seen.queries, seen.seconds)
            response["X-Request-ID"] = seen.id
            return response
        finally:
            current.reset(token)

    return watched


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}  # other words are somebody's invention


def route_of(request: HttpRequest) -> str:
    """The name of what answers; "" where nothing of ours does, or a file."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else ""


def time_queries(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """For a new connection."""
    if time_query not in connection.execute_wrappers:
        connection.execute_wrappers.append(time_query)


def time_query(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    start = perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = perf_counter() - start
        if seen := current.get():
            seen.queries += 1
            seen.seconds += seconds
        if settings.SLOW_QUERY_MS and seconds * 1000 >= settings.SLOW_QUERY_MS:
            queries.warning("%d ms: %s", seconds * 1000, " ".join(str(sql).split())[:LONGEST])


class OfRequest(logging.Filter):
    """Puts the request's id on each record; and in the place of an address, in which may be a token, its route."""

    def filter(self, record: logging.LogRecord) -> bool:
        seen = current.get()
        record.request_id = seen.id if seen else "-"
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple) and (route := route_of(request)):
            record.args = tuple(route if part == request.path else part for part in record.args)
        return True


class JsonLines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            ["levelname", "name", "message", "request_id"],
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            # Django hangs the whole request on some records.
            reserved_attrs=[*RESERVED_ATTRS, "request", "status_code"],
        )
