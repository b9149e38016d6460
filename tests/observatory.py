"""What the HTTP Observatory of Mozilla gives for an answer, as far as its headers and its page decide.

After https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring and the code of mdn/mdn-http-observatory,
November 2025. Left out: certificates, the redirect (a test of its own) and the list of preloaded hosts, which is worth
5 points more.
"""

import re
from html.parser import HTMLParser

from django.http.response import HttpResponseBase

BROAD = {"ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"}
INLINE = {"'unsafe-inline'", "data:"}
PASSIVE = {"img-src", "media-src"}
PRIVATE = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
A_PLUS = 100


class Scripts(HTMLParser):
    """The addresses of a page's scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script" and (source := dict(attrs).get("src")):
            self.sources.append(source)


def policy(header: str) -> dict[str, set[str]]:
    """The sources of each directive."""
    parts = (part.split() for part in header.split(";") if part.strip())
    return {name.lower(): set(sources) for name, *sources in parts}


def of_policy(found: dict[str, set[str]]) -> int:
    if not found:
        return -25
    default = found.get("default-src", {"*"})
    script, style = found.get("script-src", default), found.get("style-src", default)
    active = set().union(*(sources for name, sources in found.items() if name not in PASSIVE))
    passive = set().union(*(found.get(name, default) for name in PASSIVE))
    if script & (BROAD | INLINE) or found.get("object-src", default) & BROAD:
        return -20
    if any(source.startswith(("http:", "ftp:")) for source in active):
        return -20
    if "'unsafe-eval'" in script | style:
        return -10
    if any(source.startswith(("http:", "ftp:")) for source in passive):
        return -10
    if style & (BROAD | INLINE):
        return 0
    return 10 if default == {"'none'"} else 5


def of_cookies(answer: HttpResponseBase) -> int:
    scores = [0]
    for name, cookie in answer.cookies.items():
        is_session = "login" in name.lower() or "sess" in name.lower()
        scores += [
            (-40 if is_session else -20) if not cookie["secure"] else 0,
            -30 if is_session and not cookie["httponly"] else 0,
            -20 if "csrf" in name.lower() and not cookie["samesite"] else 0,
            -20 if cookie["samesite"] not in {"", "Lax", "Strict"} else 0,
        ]
    has_all = bool(answer.cookies) and all(cookie["samesite"] for cookie in answer.cookies.values())
    return min(scores) or (5 if has_all else 0)


def scores(answer: HttpResponseBase) -> dict[str, int]:
    """The points of each rule for an answer over HTTPS."""
    found = policy(answer.get("Content-Security-Policy", ""))
    age = re.search(r"max-age=(\d+)", answer.get("Strict-Transport-Security", ""))
    referrer = answer.get("Referrer-Policy", "")
    frames = answer.get("X-Frame-Options", "")
    is_page = answer.get("Content-Type", "").startswith("text/html")
    sources = Scripts(answer.content.decode()).sources if is_page else []
    given = {
        "cookies": of_cookies(answer),
        "CORS": 0,  # * is nothing but public, and nobody is answered by name
        "CSP": of_policy(found),
        "HSTS": 0 if age and int(age[1]) >= 15_768_000 else -10 if age else -20,
        "referrer": 5 if referrer in PRIVATE else -5 if referrer else 0,
        "scripts": 0 if all(source.startswith("/") and source[:2] != "//" for source in sources) else -5,
        "nosniff": 0 if answer.get("X-Content-Type-Options") == "nosniff" else -5,
        "frames": 5
        if found.get("frame-ancestors", {"*"}) & BROAD == set()
        else 0
        if frames in {"DENY", "SAMEORIGIN"}
        else -20,
        "CORP": -20 if answer.get("Cross-Origin-Resource-Policy") == "cross-origin" else 0,
    }
    return given


def score(answer: HttpResponseBase) -> int:
    """Bonuses count only where the site would have an A without them."""
    given = scores(answer)
    base = 100 + sum(points for points in given.values() if points < 0)
    return max(0, base + sum(points for points in given.values() if points > 0) if base >= 90 else base)
