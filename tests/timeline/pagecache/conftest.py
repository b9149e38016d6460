"""A page cache in front of the whole site, asked as a server asks it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application

from tests import ways
from timeline import pagecache
from timeline.pagecache import PageCache


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
    """Nothing happens in the background, and what does otherwise is done at once."""
    monkeypatch.setattr(PageCache, "work", lambda self: None)
    monkeypatch.setattr(pagecache, "CALM", 0)


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
