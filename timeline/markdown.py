"""The only place where Markdown becomes HTML, and the only one that may bless a string as safe.

timeline.dialect reads the text (docs/editing.md shows the dialect), timeline.hypertext and timeline.plaintext write it.
What leaves to_html() has passed nh3 with the lists at the end of this file, whatever those do. No database is needed.
"""

import re
from collections.abc import Callable, Iterator, Sequence, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from sys import getsizeof
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast

import nh3
from cachetools import LRUCache, cached
from django.utils.safestring import SafeString, mark_safe
from markdown_it.token import Token
from pygments.token import STANDARD_TYPES

from timeline.dialect import CONTAINERS, MAX_LENGTH, TextTooLong, parse, read_once
from timeline.hypertext import Html, level_of, with_prefix
from timeline.mathml import CLASSES as MATH_CLASSES
from timeline.mathml import BadLatex, to_mathml
from timeline.outline import Outline
from timeline.outline import outline as outline_of
from timeline.plaintext import to_plaintext
from timeline.references import Context, Figure, Variant, media_name, safe_href
from timeline.scores import Scores

__all__ = [
    "MAX_LENGTH",
    "Context",
    "Figure",
    "Heading",
    "Outline",
    "Problem",
    "Scores",
    "TextTooLong",
    "Variant",
    "block_lines",
    "blocks",
    "headings",
    "media_names",
    "outline",
    "problems",
    "read_once",
    "rehearsed",
    "safe_href",
    "scores",
    "to_html",
    "to_text",
    "word_count",
]


CACHE_SIZE = 4 * 1024 * 1024  # bytes: the texts of a hundred pages
_rehearsed: ContextVar[dict[object, object] | None] = ContextVar("rehearsed", default=None)
_Options = ParamSpec("_Options")
_Result = TypeVar("_Result")


def _size(result: object) -> int:
    """Bytes, with those of its key."""
    if isinstance(result, str | bytes):
        return 400 + getsizeof(result)
    if isinstance(result, Outline):
        return 1_000 + sum(200 + getsizeof(written) for _, written in result.words)
    return 400 + (200 * len(result) if isinstance(result, Sized) else 0)


def _packed(result: object) -> object:
    """HTML as UTF-8: as a string one emoji in it makes each character four bytes."""
    return result.encode(errors="surrogatepass") if isinstance(result, SafeString) else result


def _unpacked(kept: object) -> object:
    return SafeString(kept.decode(errors="surrogatepass")) if isinstance(kept, bytes) else kept


# What a text became, by text and circumstances: a page shows the same texts again and again.
_cache: LRUCache[object, Any] = LRUCache(CACHE_SIZE, getsizeof=_size)
_lock = Lock()


def _key(text: str, *, context: Context | None = None, **options: object) -> tuple[object, ...]:
    """All that decides what comes out, and of the figures only those that the text shows."""
    known = context or Context()
    shown = tuple((name, known.figures.get(name)) for name in media_names(text)) if known.figures else ()
    digest = sha256(text.encode(errors="surrogatepass")).digest()
    return (digest, *sorted(options.items()), known.base_url, known.glossary, shown)


def _remembered(function: Callable[_Options, _Result]) -> Callable[_Options, _Result]:
    """`function`, which is pure and gives what nobody can change; all of these share one memory, and all threads it."""

    def key_of(*args: Any, **options: Any) -> tuple[object, ...]:
        return (function, *_key(*args, **options))

    @cached(_cache, key=key_of, lock=_lock)
    @wraps(function)
    def kept(*args: Any, **options: Any) -> object:
        return _packed(function(*args, **options))

    @wraps(function)
    def remembered(*args: _Options.args, **options: _Options.kwargs) -> _Result:
        own = _rehearsed.get()
        if own is None:
            return cast(_Result, _unpacked(kept(*args, **options)))
        key = key_of(*args, **options)
        with _lock:
            if key in _cache:
                return cast(_Result, _unpacked(_cache[key]))
        if key not in own:
            own[key] = function(*args, **options)
        return cast(_Result, own[key])

    cast(Any, remembered).cache_clear = cast(Any, kept).cache_clear
    return remembered


@contextmanager
def rehearsed() -> Iterator[None]:
    """Within it, what is remembered is read, and what is new is forgotten at the end: nobody else may ever see it."""
    own = _rehearsed.get()
    token = _rehearsed.set({} if own is None else own)
    try:
        yield
    finally:
        _rehearsed.reset(token)


@dataclass(frozen=True)
class Problem:
    line: int  # from 1
    message: str


@dataclass(frozen=True)
class Heading:
    level: int
    id: str
    text: str


@_remembered
def to_html(
    text: str,
    *,
    level: int = 1,
    prefix: str = "",
    medium: str = "html",
    context: Context | None = None,
    first_is_seen: bool = False,
) -> SafeString:
    """`text` for the medium "html" or "email": its shallowest heading at `level`, its ids after `prefix`.

    `first_is_seen`: its first picture is not waited with until somebody scrolls to it. Raises TextTooLong.
    """
    writer = Html(
        level=level, prefix=prefix, email=medium == "email", context=context or Context(), first_is_seen=first_is_seen
    )
    tokens = parse(text)
    if writer.context.glossary and not writer.email:
        tokens = writer.context.glossary.marked(tokens)
    return mark_safe(_CLEANER.clean(writer.render(tokens) + writer.explanations()))


def to_text(text: str, *, context: Context | None = None) -> str:
    """`text` for the medium txt, where nothing that was typed is missing but the markup. Raises TextTooLong."""
    return to_plaintext(parse(text), context or Context())


@_remembered
def outline(text: str) -> Outline:
    """What stands where in it. Raises TextTooLong."""
    return outline_of(text)


def problems(text: str) -> list[Problem]:
    """What an editor should mend, in the order of the lines."""
    try:
        return list(_problems(text))
    except TextTooLong as error:
        return [Problem(text.count("\n", 0, MAX_LENGTH) + 1, str(error))]


@_remembered
def _problems(text: str) -> tuple[Problem, ...]:
    tokens = parse(text)
    found = [*_formula_problems(tokens), *_container_problems(tokens), *_scores_problems(tokens)]
    return tuple(sorted(found, key=lambda problem: problem.line))


def block_lines(text: str) -> list[int]:
    """The line, from 1, at which each block begins that to_html writes at the top for the medium html.

    Footnotes, which are moved behind everything, count as the last block that was typed. Raises TextTooLong.
    """
    lines: list[int] = []
    depth, line = 0, 1
    for token in parse(text):
        if depth == 0 and token.nesting >= 0:
            line = _line(token) if token.map else line
            lines.append(line)
        depth += token.nesting
    return lines


@_remembered
def media_names(text: str) -> tuple[str, ...]:
    """The names of the pictures from the media, in the order of the text. Raises TextTooLong."""
    pictures = (token for token in _pieces(parse(text)) if token.type in {"figure", "image"})
    names = (media_name(str(token.attrs["src"])) for token in pictures)
    return tuple(dict.fromkeys(filter(None, names)))


def blocks(text: str, *, context: Context | None = None) -> list[str]:
    """What a reader reads, captions included, without any markup: a string a paragraph, heading, cell or figure.

    Raises TextTooLong.
    """
    known = context or Context()
    return [found for token in parse(text) if (found := " ".join(_read(token, known).split()))]


def _read(token: Token, context: Context) -> str:
    match token.type:
        case "inline":
            return "".join(_read(child, context) for child in token.children or ())
        case "softbreak" | "hardbreak":
            return " "
        case "figure" | "image":
            alt = "".join(child.content for child in token.children or ())
            figure = context.figure(str(token.attrs["src"]), alt=alt, caption=str(token.attrs.get("title", "")))
            return f"{figure.caption or figure.alt} {figure.credit}"
        case "scores":
            return token.meta["scores"].text
        case "text" | "code_inline" | "code_block" | "fence" | "signature" | "math_inline" | "math_block":
            return token.content
        case _:
            return ""


@_remembered
def headings(text: str, *, level: int = 1, prefix: str = "") -> tuple[Heading, ...]:
    """The headings that to_html writes. Raises TextTooLong."""
    return tuple(
        Heading(level_of(token, level), with_prefix(prefix, token.meta["slug"]), token.meta["text"])
        for token in parse(text)
        if token.type == "heading_open"
    )


@_remembered
def word_count(text: str) -> int:
    """The words that a reader reads: a formula is one, an address is none. Raises TextTooLong."""
    count = 0
    in_address = False
    for token in _pieces(parse(text)):
        if token.type in {"link_open", "link_close"} and token.info == "auto":  # <https://…>: its text is its address
            in_address = token.nesting > 0
        elif token.type in {"math_inline", "math_block"}:
            count += 1
        elif token.type in {"figure", "image"}:
            count += _words(str(token.attrs.get("title", "")))
        elif token.type == "scores":
            count += _words(token.meta["scores"].text)
        elif token.type in {"text", "code_inline", "code_block", "fence", "signature"} and not in_address:
            count += _words(token.content)
    return count


def _words(text: str) -> int:
    return sum(any(character.isalnum() for character in word) for word in text.split())


def _pieces(tokens: Sequence[Token]) -> Iterator[Token]:
    """The tokens, and in place of a line of text the tokens in it."""
    for token in tokens:
        if token.type == "inline":
            yield from token.children or ()
        else:
            yield token


def _formula_problems(tokens: Sequence[Token]) -> Iterator[Problem]:
    for token in tokens:
        line, counted = _line(token), 0
        for formula in [token] if token.type == "math_block" else token.children or ():
            if formula.type not in {"math_block", "math_inline"}:
                continue
            try:
                to_mathml(formula.content, display=False)
            except BadLatex as error:
                at = formula.meta.get("at", 0)
                line, counted = line + token.content.count("\n", counted, at), at
                yield Problem(line, f"This formula cannot be shown. {error}")


def _container_problems(tokens: Sequence[Token]) -> Iterator[Problem]:
    unknown = 0
    for token in tokens:
        if token.type == "container_open" and not token.meta["closed"]:
            yield Problem(_line(token), f"“::: {token.info}” is not closed. Write ::: on a line where it ends.")
        if token.type != "inline" or ":::" not in token.content:
            continue
        for line, typed in enumerate(token.content.split("\n"), start=_line(token)):
            if not (fence := re.match(r"\s*:{3,}\s*(\S{0,40})", typed)):
                continue
            if fence[1]:
                unknown += 1
                yield Problem(line, f"“::: {fence[1]}” is not known. Use one of: {', '.join(CONTAINERS)}.")
            elif unknown:
                unknown -= 1  # it closes what was not known
            else:
                yield Problem(line, "This ::: closes nothing. Remove it, or open a block above it.")


def _scores_problems(tokens: Sequence[Token]) -> Iterator[Problem]:
    for token in tokens:
        if error := token.meta.get("problem"):
            yield Problem(_line(token) + error.line, f"These scores cannot be read. {error}")


def scores(text: str) -> list[Scores]:
    """The scores in the text, in its order. Raises TextTooLong."""
    return [token.meta["scores"] for token in parse(text) if token.type == "scores"]


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


# What may leave to_html(): each tag is written by timeline.hypertext or math-core. No style, no handler.
_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title", "rel", "id", "aria-label"},
    "button": {"popovertarget", "popovertargetaction", "aria-label"},  # its type is below
    "img": {"src", "alt", "title", "width", "height", "loading", "decoding", "fetchpriority"},
    "source": {"type", "srcset", "sizes", "src"},
    "video": {"controls", "playsinline", "preload", "poster", "width", "height", "title", "aria-label"},
    "desc": {"id"},
    "p": {"id", "popover"},
    "path": {"d"},
    "rect": {"x", "y", "width", "height"},
    "svg": {"viewBox", "role", "aria-labelledby"},
    "table": {"aria-label"},
    "text": {"x", "y", "text-anchor"},
    "title": {"id"},
    "tspan": {"dx"},
    "track": {"kind", "src", "srclang", "label", "default"},
    "ol": {"start"},
    "th": {"scope"},
    "div": {"tabindex", "role", "aria-label"},
    "pre": {"tabindex"},
    "input": {"disabled", "checked", "aria-label"},  # its type is below
    **{tag: {"id"} for tag in ("h1", "h2", "h3", "h4", "h5", "h6", "li")},
}
_MATH_ATTRIBUTES: dict[str, set[str]] = {
    "math": {"display"},
    "menclose": {"notation"},
    "mfrac": {"displaystyle", "linethickness", "scriptlevel"},
    "mi": {"mathvariant"},
    "mo": {"form", "largeop", "lspace", "maxsize", "minsize", "movablelimits", "rspace", "stretchy", "symmetric"},
    "mover": {"accent"},
    "mpadded": {"height", "voffset", "width"},
    "mrow": {"displaystyle", "mathcolor", "scriptlevel"},
    "mspace": {"width"},
    "mtable": {"displaystyle", "scriptlevel"},
    "munder": {"accentunder"},
}
_TAGS = {
    *("br", "hr", "blockquote", "ul", "dl", "dt", "dd", "code", "em", "strong", "s", "sup", "span", "b", "i", "u"),
    *("table", "thead", "tbody", "tr", "td", "aside", "figure", "figcaption"),
    *("picture", "label", "details", "summary", "g"),
    *_ATTRIBUTES,
}
_MATH_TAGS = {
    *("mmultiscripts", "mprescripts", "mn", "mphantom", "mroot", "msqrt", "mtd", "mtext", "mtr"),
    *("msub", "msubsup", "msup", "munderover"),
    *_MATH_ATTRIBUTES,
}
_MATH_CLASSES = {
    *MATH_CLASSES.values(),
    *("menclose-updiagonalstrike", "menclose-downdiagonalstrike", "menclose-phasorangle"),
    *("math-core-serif-font", "math-core-sans-serif-font"),
}
_MOTION_CLASSES = {"moving", "motion", "still", "hold", "move"}
_CLASSES: dict[str, set[str]] = {
    **{tag: _MATH_CLASSES for tag in _MATH_TAGS},
    "a": {"permalink"},
    "aside": {"note"},
    "b": {"signature"},
    "div": {"table", "math", "footnotes", "terms", *CONTAINERS},
    "figure": {"awaited", "code", "scores"},
    "li": {"task-list-item"},
    "g": {"own"},
    "p": {"caption", "title"},
    "path": {"axis", "error"},
    "span": {"credit", "awaited", "term", *_MOTION_CLASSES, *_MATH_CLASSES, *STANDARD_TYPES.values()} - {""},
    "svg": {"bars"},
    "td": {"left", "center", "right"},
    "text": {"scale"},
    "tr": {"own"},
    "tspan": {"tag"},
    "th": {"left", "center", "right"},
}
_CLEANER = nh3.Cleaner(
    tags=_TAGS | _MATH_TAGS,
    attributes={"*": set(), **_ATTRIBUTES, **_MATH_ATTRIBUTES},
    allowed_classes=_CLASSES,
    tag_attribute_values={"input": {"type": {"checkbox"}}, "button": {"type": {"button"}}},
    generic_attribute_prefixes=set(),
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
