"""The only place where Markdown becomes HTML, and the only one that may bless a string as safe.

The dialect stands in docs/editing.md. Raw HTML is text here; what leaves to_html() has passed nh3 with the lists below.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound
from slugify import slugify

from timeline.mathml import BadLatex, to_mathml

MAX_LENGTH = 200_000  # characters
CONTAINERS = ("note", "credit", "takeaways")
MEDIA = "media:"


class TextTooLong(ValueError):
    """Its message says what to do."""


@dataclass(frozen=True)
class Figure:
    src: str  # empty while the picture is awaited
    width: int | None
    height: int | None
    alt: str
    caption: str
    credit: str


AWAITED = Figure("", None, None, "", "", "")


@dataclass(frozen=True)
class Context:
    figures: Mapping[str, Figure] = field(default_factory=dict)
    base_url: str = ""  # before addresses of this site, where the page will be read elsewhere


@dataclass(frozen=True)
class Problem:
    line: int  # from 1
    message: str


@dataclass(frozen=True)
class Heading:
    level: int
    id: str
    text: str


def safe_href(url: str) -> str:
    """`url` if it is http(s) or mailto and nothing else in disguise; otherwise ""."""
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme == "mailto":
        return url
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def to_html(
    text: str, *, level: int = 1, prefix: str = "", medium: str = "html", context: Context | None = None
) -> SafeString:
    env = {"medium": medium, "context": context or Context(), "docId": prefix}
    tokens = _parse(text, env, level, prefix)
    html = _MD.renderer.render(tokens, _MD.options, env)
    return mark_safe(_CLEANER.clean(html))


def to_text(text: str, *, context: Context | None = None) -> str:
    """Readable plain text with everything that was typed."""
    return "\n\n".join(_plain(_parse(text, {"context": context or Context()}), context or Context())).strip() + "\n"


def problems(text: str) -> list[Problem]:
    """What the editor should mend: bad LaTeX, containers without end, a text that is too long."""
    if len(text) > MAX_LENGTH:
        return [Problem(1, f"The text has {len(text):,} characters; {MAX_LENGTH:,} are the most. Split it.")]
    found = []
    for token in _walk(_parse(text, {})):
        if token.type.startswith("math_"):
            try:
                to_mathml(token.content, display=token.type != "math_inline")
            except BadLatex as error:
                found.append(Problem(token.meta.get("line", 1), str(error)))
    return sorted(found, key=lambda problem: problem.line)


def media_names(text: str) -> list[str]:
    names = (_media_name(token) for token in _walk(_parse(text, {})) if token.type in {"image", "figure"})
    return list(dict.fromkeys(name for name in names if name))


def headings(text: str, *, level: int = 1, prefix: str = "") -> list[Heading]:
    tokens = _parse(text, {}, level, prefix)
    return [
        Heading(int(token.tag[1]), str(token.attrs["id"]), _inline_text(tokens[index + 1]))
        for index, token in enumerate(tokens)
        if token.type == "heading_open"
    ]


def word_count(text: str) -> int:
    return sum(len(re.findall(r"\w+(?:[’'.,-]\w+)*", token.content)) for token in _walk(_parse(text, {})) if token.type in {"text", "code_inline", "fence", "code_block"})


def _media_name(token: Token) -> str:
    src = str(token.attrs.get("src", ""))
    return src.removeprefix(MEDIA) if src.startswith(MEDIA) else ""


def _walk(tokens: Sequence[Token], line: int = 1) -> Iterator[Token]:
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        token.meta.setdefault("line", line)
        yield token
        below = line
        for child in token.children or ():
            child.meta.setdefault("line", below)
            if child.type in {"softbreak", "hardbreak"}:
                below += 1
            yield child


def _inline_text(token: Token) -> str:
    return "".join(" " if child.type == "softbreak" else child.content for child in token.children or ())


def _parse(text: str, env: dict[str, Any], level: int = 1, prefix: str = "") -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise TextTooLong(f"The text has {len(text):,} characters; {MAX_LENGTH:,} are the most. Split it.")
    tokens = _MD.parse(text, env)
    stack: list[int] = []
    taken: set[str] = set()
    for index, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        typed = int(token.tag[1])
        while stack and stack[-1] >= typed:
            stack.pop()
        stack.append(typed)
        token.tag = tokens[index + 2].tag = f"h{min(level + len(stack) - 1, 6)}"
        base = slugify(_inline_text(tokens[index + 1]), max_length=80, word_boundary=True) or "section"
        slug, count = base, 1
        while slug in taken:
            count += 1
            slug = f"{base}-{count}"
        taken.add(slug)
        token.attrs["id"] = f"{prefix}-{slug}" if prefix else slug
    return tokens


def _figures(state: StateCore) -> None:
    """A picture alone in its paragraph is a figure, and no figure may stand in a p."""
    tokens = state.tokens
    for index in range(len(tokens) - 2):
        inline = tokens[index + 1]
        if tokens[index].type != "paragraph_open" or inline.type != "inline":
            continue
        children = [child for child in inline.children or () if child.type != "softbreak"]
        if children and all(child.type == "image" and _media_name(child) for child in children):
            tokens[index].hidden = tokens[index + 2].hidden = True
            inline.children = children
            for child in children:
                child.type = "figure"


def _figure(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    token, context = tokens[index], env.get("context") or Context()
    figure = context.figures.get(_media_name(token), AWAITED)
    caption = str(token.attrs.get("title") or "") or figure.caption
    credit = f' <span class="credit">{escape(figure.credit)}</span>' if figure.credit else ""
    below = f"<figcaption>{escape(caption)}{credit}</figcaption>" if caption or credit else ""
    if not figure.src:
        return f'<figure class="awaited"><p>Figure to come</p>{below}</figure>\n'
    return f"<figure>{_img(token, figure, env)}{below}</figure>\n"


def _img(token: Token, figure: Figure, env: dict[str, Any]) -> str:
    context = env.get("context") or Context()
    src = (context.base_url if figure.src.startswith("/") else "") + figure.src
    size = f' width="{figure.width}" height="{figure.height}"' if figure.width and figure.height else ""
    if env.get("medium") == "email":
        size = f' width="{min(figure.width or 600, 600)}"'
    alt = token.content or figure.alt
    return f'<img src="{escape(src)}" alt="{escape(alt)}"{size} loading="lazy" decoding="async">'


def _image(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    token = tokens[index]
    if name := _media_name(token):
        figure = (env.get("context") or Context()).figures.get(name, AWAITED)
        return _img(token, figure, env) if figure.src else escape(str(token.attrs.get("title") or token.content))
    src = safe_href(str(token.attrs.get("src", "")))
    return f'<img src="{escape(src)}" alt="{escape(token.content)}" loading="lazy" decoding="async">' if src else escape(token.content)


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    token = tokens[index]
    name = token.info.split()[0] if token.info.split() else ""
    try:
        code = highlight(token.content, get_lexer_by_name(name), _FORMATTER) if name else escape(token.content)
    except ClassNotFound:
        code = escape(token.content)
    return f'<pre class="code" tabindex="0"><code>{code}</code></pre>\n'


def _math(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    token = tokens[index]
    if env.get("medium") != "email":
        try:
            return to_mathml(token.content, display=token.type != "math_inline")
        except BadLatex:
            pass
    return f"<code>{escape(token.content)}</code>"


def _note(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    if tokens[index].nesting < 0:
        return "</aside>\n"
    name = tokens[index].info.strip().removeprefix("note").strip()
    return f'<aside class="note"><b class="signature">{escape(name)}:</b>\n' if name else '<aside class="note">\n'


def _credit(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    return '<div class="credit">\n' if tokens[index].nesting > 0 else "</div>\n"


def _takeaways(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    return '<section class="takeaways">\n' if tokens[index].nesting > 0 else "</section>\n"


def _cell(self: Any, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]) -> str:
    token = tokens[index]
    align = str(token.attrs.get("style", "")).removeprefix("text-align:")
    return f'<{token.tag} class="{align}">' if align else f"<{token.tag}>"


def _plain(tokens: Sequence[Token], context: Context) -> list[str]:
    return [_inline_text(token) or token.content for token in tokens if token.type in {"inline", "fence", "code_block"}]


_FORMATTER = HtmlFormatter(nowrap=True)
_MD = MarkdownIt("gfm-like", {"linkify": False, "html": False}).disable("linkify")
_MD.use(footnote_plugin).use(deflist_plugin).use(tasklists_plugin)
_MD.use(dollarmath_plugin, allow_digits=False, allow_space=False)
for _name, _rule in (("note", _note), ("credit", _credit), ("takeaways", _takeaways)):
    _MD.use(container_plugin, _name, render=_rule)
_MD.core.ruler.push("figures", _figures)
for _type, _rule in {
    "figure": _figure, "image": _image, "fence": _fence, "math_inline": _math, "math_block": _math,
    "math_inline_double": _math, "th_open": _cell, "td_open": _cell,
    "table_open": lambda *_: '<div class="table" tabindex="0" role="region" aria-label="Table"><table>\n',
    "table_close": lambda *_: "</table></div>\n",
}.items():  # fmt: skip
    _MD.add_render_rule(_type, _rule)

_TAGS = set(
    "p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote hr br em strong s a code pre span table thead tbody tr th td div "
    "section aside b figure figcaption img sup input label math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle "
    "merror mpadded mphantom msub msup msubsup munder mover munderover mmultiscripts mtable mtr mtd menclose semantics".split()
)
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={tag: {"class", "id"} | {"display", "mathvariant", "stretchy", "form", "fence", "separator", "lspace", "rspace", "accent", "accentunder", "columnalign", "rowspacing", "columnspacing", "displaystyle", "scriptlevel", "linethickness", "mathcolor", "width", "height", "depth", "minsize", "maxsize", "symmetric", "largeop", "movablelimits"} for tag in _TAGS}
    | {
        "a": {"href", "title", "class", "id"},
        "img": {"src", "alt", "title", "width", "height", "loading", "decoding", "class"},
        "div": {"class", "id", "tabindex", "role", "aria-label"},
        "pre": {"class", "tabindex"},
        "ol": {"start", "class"},
        "input": {"type", "checked", "disabled", "class"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
