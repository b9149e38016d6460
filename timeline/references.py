"""What a text refers to: addresses, and pictures of the media by their names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from timeline.glossary import Glossary

MEDIA = "media:"
# Within this site. No colon before the first slash, else it would be a scheme; no second slash, which names a host.
_RELATIVE = re.compile(r"(?!//)[^\s:/?#\\]*(?:[/?#][^\s\\]*)?")


FILMS = {".mp4": "video/mp4", ".webm": "video/webm"}


@dataclass(frozen=True)
class Variant:
    """A lighter copy of a picture."""

    type: str  # such as "image/avif"
    width: int  # pixels
    src: str


@dataclass(frozen=True)
class Figure:
    """A picture or film as its editors described it; its size in pixels, or None where it is not known."""

    src: str  # "" while it is awaited
    width: int | None
    height: int | None
    alt: str
    caption: str
    credit: str
    poster: str = ""  # the still of what moves
    captions: str = ""  # of a film: the address of its WebVTT
    variants: tuple[Variant, ...] = ()

    @property
    def film_type(self) -> str:
        """Such as "video/mp4"; "" of a picture."""
        return FILMS.get(PurePosixPath(self.src).suffix, "") if self.poster else ""

    @property
    def still(self) -> str:
        """The address of what shows it where nothing can move."""
        return self.poster or self.src


_AWAITED = Figure("", None, None, "", "", "")


@dataclass(frozen=True)
class Context:
    """What a text cannot know itself: pictures by their names, where this site is (for mail and feeds), the terms."""

    figures: Mapping[str, Figure] = field(default_factory=dict)
    base_url: str = ""
    glossary: Glossary | None = None

    def figure(self, src: str, *, alt: str, caption: str) -> Figure:
        """The picture at `src`. The `alt` and `caption` that were typed win over those that are known."""
        name = media_name(src)
        if not name:
            return Figure(safe_href(src), None, None, alt, caption, "")
        known = self.figures.get(name, _AWAITED)
        return replace(
            known,
            src=self.address(known.src),
            poster=self.address(known.poster),
            captions=self.address(known.captions),
            alt=alt or known.alt,
            caption=caption or known.caption,
        )

    def address(self, url: str) -> str:
        """`url`, complete where base_url is known; "" where a browser would run it instead of following it."""
        if safe_href(url) or url.startswith("#") or not is_safe(url) or not self.base_url:
            return url if is_safe(url) else ""
        return f"{self.base_url.rstrip('/')}/{url.removeprefix('/')}"


def media_name(src: str) -> str:
    return src.removeprefix(MEDIA) if src.startswith(MEDIA) else ""


@lru_cache(maxsize=2_000)
def safe_href(url: str) -> str:
    """`url` if it is an http, https or mailto address without anything hidden in it, otherwise ""."""
    if not url.isprintable() or re.search(r'[ <>"\\]', url):  # not printable: control, invisible and odd white space
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if (parts.netloc if parts.scheme in {"http", "https"} else parts.scheme == "mailto") else ""


def is_safe(url: str) -> bool:
    """Whether it is what safe_href takes, or an address within this site: /issues/2/, #results."""
    return bool(safe_href(url)) or (url != "" and url.isprintable() and _RELATIVE.fullmatch(url) is not None)
