"""The tokens of timeline.dialect as HTML, for the site or for mail. timeline.markdown sanitises what comes out."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from html import escape

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_all_lexers, get_lexer_by_name
from slugify import slugify

from timeline.charts import bars
from timeline.dialect import plain
from timeline.glossary import Explained
from timeline.mathml import BadLatex, to_mathml
from timeline.references import Context, Figure, media_name, safe_href
from timeline.scores import Scores

EMAIL_WIDTH = 600  # pixels; mail programs cut off what is wider
# How wide a picture is: the measure, or what the screen leaves of it (static/css/tokens.css, prose.css).
SIZES = "(min-width: 51.5rem) 34rem, (min-width: 45rem) calc(100vw - 17.5rem), calc(100vw - 5.75rem)"
# Pygments' lexers are regular expressions that nobody wrote against hostile input: a few hundred tabs keep some of its
# 600 languages busy for minutes. These were tried with 60 repeated patterns, and 4,000 characters took 0.4 s at most.
# Longer samples, and what comes after MAX_HIGHLIGHTED_IN_ALL characters of a text, are shown plain.
LANGUAGES = {
    "bash", "bibtex", "c", "console", "cpp", "css", "cuda", "diff", "docker", "go", "graphql", "haskell", "html", "ini",
    "java", "javascript", "json", "julia", "kotlin", "latex", "lua", "matlab", "php", "protobuf", "pycon", "python",
    "pytb", "r", "ruby", "rust", "scala", "sql", "swift", "text", "toml", "typescript", "xml", "yaml",
}  # fmt: skip
MAX_HIGHLIGHTED = 4_000
MAX_HIGHLIGHTED_IN_ALL = 20_000

_ALIASES = {alias: aliases[0] for _, aliases, *_ in get_all_lexers(plugins=False) for alias in aliases}
_FORMATTER = HtmlFormatter(nowrap=True)
_CONTAINERS = {"note": "aside", "credit": "div", "takeaways": "div"}


def level_of(heading: Token, level: int) -> int:
    return min(level + heading.meta["depth"], 6)


def with_prefix(prefix: str, name: str) -> str:
    return f"{prefix}-{name}" if prefix else name


class Html:
    """One use writes one text: `level` of its shallowest heading, `prefix` of its ids, for mail or for the site.

    Each token has its tag, or a method that is called as its type.
    """

    def __init__(self, *, level: int, prefix: str, email: bool, context: Context, first_is_seen: bool = False) -> None:
        self.level, self.prefix, self.email, self.context = level, prefix, email, context
        self.first_is_seen = first_is_seen  # whether the next picture is one that readers see at once
        self.highlighted = 0  # characters
        self.linked = False  # whether this is inside of a link
        self.heading = ""  # id of the one that is written
        self.explained: list[Explained] = []  # the terms that are marked

    def render(self, tokens: Sequence[Token] | None) -> str:
        return "".join(self._token(token) for token in tokens or ())

    def _token(self, token: Token) -> str:
        if method := getattr(self, token.type, None):
            return str(method(token))
        newline = "\n" if token.block and token.nesting < 0 else ""
        if token.hidden:
            return newline
        return f"<{'/' if token.nesting < 0 else ''}{token.tag}>{newline}"

    def inline(self, token: Token) -> str:
        return self.render(token.children)

    def text(self, token: Token) -> str:
        return escape(token.content)

    def softbreak(self, token: Token) -> str:
        return "\n"

    def heading_open(self, token: Token) -> str:
        self.heading = self._id(token.meta["slug"])
        return f'<h{level_of(token, self.level)} id="{self.heading}">'

    def heading_close(self, token: Token) -> str:
        permalink = "" if self.email else f' <a class="permalink" href="#{self.heading}" aria-label="Permalink">#</a>'
        return f"{permalink}</h{level_of(token, self.level)}>\n"

    def ordered_list_open(self, token: Token) -> str:
        start = token.attrs.get("start")
        return "<ol>\n" if start is None else f'<ol start="{start}">\n'

    def list_item_open(self, token: Token) -> str:
        return '<li class="task-list-item">' if "checked" in token.meta else "<li>"

    def checkbox(self, token: Token) -> str:
        if self.email:
            return "☑ " if token.meta["checked"] else "☐ "
        state = 'checked aria-label="Done"' if token.meta["checked"] else 'aria-label="To do"'
        return f'<input type="checkbox" disabled {state}> '

    def table_open(self, token: Token) -> str:
        return '<div class="table" tabindex="0" role="group" aria-label="Table"><table>\n'

    def table_close(self, token: Token) -> str:
        return "</table></div>\n"

    def th_open(self, token: Token) -> str:
        return f'<th scope="col"{self._alignment(token)}>'

    def td_open(self, token: Token) -> str:
        return f"<td{self._alignment(token)}>"

    def link_open(self, token: Token) -> str:
        typed = str(token.attrs["href"])
        address = self.context.address(typed)
        self.linked = address != ""  # media: is an address for pictures only
        if not self.linked:
            return ""
        title = f' title="{escape(str(token.attrs["title"]))}"' if "title" in token.attrs else ""
        rel = ' rel="noopener"' if safe_href(typed) else ""
        return f'<a href="{escape(address)}"{title}{rel}>'

    def link_close(self, token: Token) -> str:
        was_linked, self.linked = self.linked, False
        return "</a>" if was_linked else ""

    # Pictures

    def image(self, token: Token) -> str:
        figure = self._figure(token)
        if figure.src:
            return self._shown(figure, title=" — ".join(filter(None, [figure.caption, figure.credit])))
        src = str(token.attrs["src"])
        if media_name(src):
            told = ": ".join(filter(None, ["Figure to come", figure.alt, figure.caption]))
            return f'<span class="awaited">{escape(told)}</span>'
        return escape(f"![{figure.alt}]({src}" + (f' "{figure.caption}")' if figure.caption else ")"))

    def figure(self, token: Token) -> str:
        figure = self._figure(token)
        caption, awaited = figure.caption, "Figure to come"
        if not figure.src and figure.alt:
            caption, awaited = (caption, f"{awaited}: {figure.alt}") if caption else (figure.alt, awaited)
        credit = f'<span class="credit">{escape(figure.credit)}</span>' if figure.credit else ""
        below = " ".join(filter(None, [escape(caption), credit]))
        picture = self._shown(figure) if figure.src else f"<p>{escape(awaited)}</p>"
        if self.email:
            if figure.film_type:
                below = f'<a href="{escape(figure.src)}">Play the film</a>. {below}'.rstrip()
            picture = f"<p>{picture}</p>" if figure.src else picture
            return picture + (f'\n<p class="caption">{below}</p>\n' if below else "\n")
        return (
            ("<figure>" if figure.src else '<figure class="awaited">')
            + picture
            + (f"<figcaption>{below}</figcaption>" if below else "")
            + "</figure>\n"
        )

    def _figure(self, token: Token) -> Figure:
        caption = str(token.attrs.get("title", ""))
        return self.context.figure(str(token.attrs["src"]), alt=plain(token.children), caption=caption)

    def _shown(self, figure: Figure, title: str = "") -> str:
        """The picture or film; `title` is what stands below it elsewhere. In a link, what moves is its still."""
        if self.linked and figure.poster:
            figure = replace(figure, src=figure.poster, poster="")
        if self.email:
            img = self._img(figure, figure.still if figure.film_type else figure.src, title)
            return f'<a href="{escape(figure.src)}">{img}</a>' if figure.film_type else img
        if figure.film_type:
            return self._video(figure, title)
        if figure.poster:
            return self._moving(figure, title)
        sources = "".join(
            f'<source type="{type_}" srcset="{escape(", ".join(widths))}" sizes="{SIZES}">'
            for type_, widths in self._srcsets(figure)
        )
        img = self._img(figure, figure.src, title)
        return f"<picture>{sources}{img}</picture>" if sources else img

    def _srcsets(self, figure: Figure) -> list[tuple[str, list[str]]]:
        found: dict[str, list[str]] = {}
        for variant in figure.variants:
            found.setdefault(variant.type, []).append(f"{variant.src} {variant.width}w")
        return list(found.items())

    def _img(self, figure: Figure, src: str, title: str) -> str:
        attributes = {"src": src, "alt": figure.alt}
        if title:
            attributes["title"] = title
        if self.email:
            attributes["width"] = str(min(figure.width or EMAIL_WIDTH, EMAIL_WIDTH))
        else:
            attributes |= self._size(figure)
            attributes |= {"fetchpriority": "high"} if self.first_is_seen else {"loading": "lazy"}
            attributes["decoding"] = "async"
            self.first_is_seen = False
        return f"<img{_written(attributes)}>"

    def _size(self, figure: Figure) -> dict[str, str]:
        known = figure.width and figure.height
        return {"width": str(figure.width), "height": str(figure.height)} if known else {}

    def _video(self, figure: Figure, title: str) -> str:
        """It plays when somebody starts it, and nothing of it is loaded before."""
        attributes = {"poster": figure.poster, "aria-label": figure.alt, "title": title, **self._size(figure)}
        track = f'<track kind="captions" src="{escape(figure.captions)}" srclang="en" label="English" default>'
        return (
            f'<video controls playsinline preload="none"{_written(attributes)}>'
            f'<source src="{escape(figure.src)}" type="{figure.film_type}">{track if figure.captions else ""}'
            f'<a href="{escape(figure.src)}">Load the film</a></video>'
        )

    def _moving(self, figure: Figure, title: str) -> str:
        """An animation, its still, and a box that changes between them: prose.css, no script, shows one of them."""
        moving, still = self._img(figure, figure.src, title), self._img(figure, figure.poster, title)
        return (
            f'<span class="moving"><span class="motion">{moving}</span><span class="still">{still}</span><label>'
            '<input type="checkbox"> <span class="hold">Hold it still</span><span class="move">Let it move</span>'
            "</label></span>"
        )

    # Code and formulas

    def code_inline(self, token: Token) -> str:
        return f"<code>{escape(token.content)}</code>"

    def code_block(self, token: Token) -> str:
        return f'<pre tabindex="0"><code>{escape(token.content)}</code></pre>\n'

    def fence(self, token: Token) -> str:
        info = unescapeAll(token.info).strip()
        lexer = _lexer(info.partition(" ")[0].lower())
        caption = escape(info.partition(" ")[2].strip() if lexer else info)
        code = f'<pre tabindex="0"><code>{self._highlighted(token.content, lexer)}</code></pre>'
        if not caption:
            return f"{code}\n"
        if self.email:
            return f'{code}\n<p class="caption">{caption}</p>\n'
        return f'<figure class="code">{code}<figcaption>{caption}</figcaption></figure>\n'

    def _highlighted(self, code: str, lexer: Lexer | None) -> str:
        if lexer is None or len(code) > MAX_HIGHLIGHTED or self.highlighted + len(code) > MAX_HIGHLIGHTED_IN_ALL:
            return escape(code)
        self.highlighted += len(code)
        return highlight(code, lexer, _FORMATTER)

    # Terms: the word stays text, with a button over it. Modes for reading drop buttons, and what is on them.

    def term_open(self, token: Token) -> str:
        return '<span class="term">'

    def term_close(self, token: Token) -> str:
        term: Explained = token.meta["term"]
        self.explained.append(term)
        return (
            f'<button type="button" popovertarget="{self._id(f"term:{term.slug}")}" popovertargetaction="show" '
            f'aria-label="Explain {escape(term.name)}"></button></span>'
        )

    def explanations(self) -> str:
        """What the buttons of terms show: behind the text, which so stays as it is where nothing can be shown."""
        told = "".join(
            f'<p popover id="{self._id(f"term:{term.slug}")}"><b>{escape(term.name)}</b> '
            + (f"<i>{escape(term.expansion)}</i> " if term.expansion else "")
            + f'{escape(term.explanation)} <a href="/glossary/{term.slug}/">In the glossary</a></p>\n'
            for term in self.explained
        )
        return f'<div class="terms">{told}</div>\n' if told else ""

    # Scores

    def scores(self, token: Token) -> str:
        scores: Scores = token.meta["scores"]
        board = escape(self.context.address(f"/benchmarks/{slugify(scores.benchmark)}/"))
        title = f'<a href="{board}">{escape(scores.benchmark)}</a>'
        source = escape(scores.source)
        if url := safe_href(scores.source_url):
            source = f'<a href="{escape(url)}" rel="noopener">{source}</a>'
        told = scores.told[0].upper() + scores.told[1:]
        measured = f"Measured by {source}, not by the authors." if source else "Measured by the authors themselves."
        caption = f"{escape(told)}. {measured}"
        rows = "".join(
            f'<tr{" class=own" if score.is_own else ""}><th scope="row">{escape(score.model)}'
            f"{' (this model)' if score.is_own else ''}</th>"
            f'<td class="right">{escape(scores.shown(score))}</td></tr>'
            for score in scores.ranked
        )
        head = '<thead><tr><th scope="col">Model</th><th scope="col" class="right">Score</th></tr></thead>'
        table = f'<table aria-label="{escape(scores.benchmark)}">{head}<tbody>{rows}</tbody></table>'
        if self.email:
            return f'<p><b>{title}</b></p>{table}<p class="caption">{caption}</p>\n'
        chart = bars(scores, self._id(f"scores-{token.meta['number']}"))
        return (
            f'<figure class="scores"><p class="title">{title}</p>{chart}'
            f"<details><summary>The same as a table</summary>{table}</details>"
            f"<figcaption>{caption}</figcaption></figure>\n"
        )

    def math_inline(self, token: Token) -> str:
        return self._math(token.content, display=token.markup == "$$")

    def math_block(self, token: Token) -> str:
        math = self._math(token.content, display=True)
        return (
            f'<div class="math" tabindex="0" role="group" aria-label="Formula">{math}</div>\n'
            if math.startswith("<math")
            else f"<p>{math}</p>\n"
        )

    def _math(self, latex: str, *, display: bool) -> str:
        if not self.email:  # no mail program shows MathML
            try:
                return to_mathml(latex, display=display)
            except BadLatex:
                pass  # problems() tells the editor
        return f"<code>{escape(latex)}</code>"

    # Notes, sources, takeaways, footnotes

    def container_open(self, token: Token) -> str:
        return f'<{self._block(_CONTAINERS[token.info])} class="{token.info}">\n'

    def container_close(self, token: Token) -> str:
        return f"</{self._block(_CONTAINERS[token.info])}>\n"

    def signature(self, token: Token) -> str:
        return f'<b class="signature">{escape(token.content)}:</b> '

    def footnote_ref(self, token: Token) -> str:
        number, time = token.meta["number"], token.meta["time"]
        if self.email:  # mail programs take ids away, so nothing could be linked to
            return f"<sup>{number}</sup>"
        note, here = self._id(f"fn:{number}"), self._id(f"ref:{number}:{time}")
        return f'<sup><a href="#{note}" id="{here}" aria-label="Footnote {number}">{number}</a></sup>'

    def footnotes_open(self, token: Token) -> str:
        return '<div class="footnotes"><ol>\n'

    def footnotes_close(self, token: Token) -> str:
        return "</ol></div>\n"

    def footnote_open(self, token: Token) -> str:
        note = self._id(f"fn:{token.meta['number']}")
        return f'<li id="{note}">'

    def footnote_close(self, token: Token) -> str:
        return "</li>\n"

    def footnote_back(self, token: Token) -> str:
        number, times = token.meta["number"], 0 if self.email else token.meta["times"]
        ids = [self._id(f"ref:{number}:{time}") for time in range(1, times + 1)]
        return "".join(f' <a href="#{id_}" aria-label="Back to the text">Back</a>' for id_ in ids)

    def _block(self, tag: str) -> str:
        return "div" if self.email else tag  # mail programs do not know the younger ones

    def _id(self, name: str) -> str:
        return escape(with_prefix(self.prefix, name))

    def _alignment(self, cell: Token) -> str:
        side = str(cell.attrs.get("style", "")).removeprefix("text-align:")
        return f' class="{side}"' if side else ""


def _written(attributes: dict[str, str]) -> str:
    """Those that are not empty; an empty `alt` says something, too."""
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items() if value or name == "alt")


@lru_cache(maxsize=128)
def _lexer(alias: str) -> Lexer | None:
    """None for what is not one of LANGUAGES, by whichever of its names."""
    if _ALIASES.get(alias) not in LANGUAGES:
        return None
    return get_lexer_by_name(alias, stripnl=False, ensurenl=False)
