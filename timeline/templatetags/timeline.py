from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from django import template
from django.template import Context
from django.template.base import Template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from timeline import markdown as dialect
from timeline.models import address

FRAGMENTS = 1_500  # that are kept: about 2 KB each, with the values

register = template.Library()

# What {% url %} does, for the links of a list: it is asked once for each.
register.simple_tag(address)


@register.simple_tag(takes_context=True)
def markdown(context: Context, text: str, level: int, prefix: str = "", *, first_is_seen: bool = False) -> SafeString:
    """`text` as HTML of the medium that is rendered, its shallowest heading at `level`, every id after `prefix`."""
    return dialect.to_html(
        text,
        level=level,
        prefix=prefix,
        medium="html" if context.get("medium", "html") == "html" else "email",
        context=context.get("markdown_context"),
        first_is_seen=first_is_seen,
    )


@register.simple_tag(takes_context=True)
def fragment(context: Context, template: str, card: Any = None, **values: Any) -> SafeString:
    """`template` with nothing but these `values`, which cannot change: text, numbers, days, tuples; and the fields of
    a `card` (a NamedTuple) under their names.

    It is rendered once for as long as lists show it. Rows are no values, for two are the same whatever they say, nor
    are times, for the same one is another day elsewhere.
    """
    found = context.template.engine.get_template(template)  # type: ignore[union-attr]
    return _joined([_rendered(found, card, tuple(values.items()))])


@register.simple_tag(takes_context=True)
def fragments(context: Context, template: str, cards: Iterable[Any], **values: Any) -> SafeString:
    """A fragment() for each of these cards."""
    found = context.template.engine.get_template(template)  # type: ignore[union-attr]
    others = tuple(values.items())
    return _joined([_rendered(found, card, others) for card in cards])


@register.simple_tag(takes_context=True)
def stops(context: Context, line: Iterable[Any], **values: Any) -> SafeString:
    """Each Stop of `line`, with the days before it. Apart, for at another place the same entry has other days."""
    days, entry = (context.template.engine.get_template(f"timeline/{name}.html") for name in ("days", "entry_stop"))  # type: ignore[union-attr]
    shown, others = [], tuple(values.items())
    for stop in line:
        if stop.ticks:
            shown.append(_rendered(days, None, (("days", stop.days), ("ticks", stop.ticks))))
        shown.append(_rendered(entry, stop.what, others))
    return _joined(shown)


def _joined(rendered: Iterable[bytes]) -> SafeString:
    """What the template engine has escaped: nothing else comes from _rendered()."""
    return SafeString(b"".join(rendered).decode(errors="surrogatepass"))


@lru_cache(maxsize=FRAGMENTS)
def _rendered(template: Template, card: Any, values: tuple[tuple[str, Any], ...]) -> bytes:
    """As UTF-8: with an emoji in it, a string takes four bytes for each character."""
    # The fields themselves, for a template that asks a tuple for one by name first gets an error from it.
    shown = (card._asdict() if card else {}) | dict(values)
    return template.render(Context(shown, use_l10n=False, use_tz=False)).encode(errors="surrogatepass")


@register.filter
def by_year(cards: Iterable[Any]) -> list[tuple[int | None, list[Any]]]:
    """Cards in the order of their dates, those of each year together; None is that of what has no date."""
    return [(year, list(own)) for year, own in groupby(cards, key=lambda card: card.date and card.date.year)]


@register.filter
def few_names(byline: Sequence[str]) -> str:
    """All names, or three of more than four."""
    return ", ".join(byline) if len(byline) <= 4 else f"{', '.join(byline[:3])} and {len(byline) - 3} more"


@register.simple_tag
def marked(pieces: Iterable[tuple[bool, str]]) -> SafeString:
    """Text with what was sought marked in it: whether each piece is a hit, and the piece."""
    html = escape("")
    for is_hit, text in pieces:
        html += format_html("<mark>{}</mark>", text) if is_hit else escape(text)
    return html


@register.simple_tag(takes_context=True)
def plain(context: Context, text: str) -> str:
    """`text` without markup, for the txt medium, whose templates do not escape."""
    return dialect.to_text(text, context=context.get("markdown_context"))


@register.simple_tag
def figure_markdown(image: Any) -> str:
    """The Markdown that shows `image` with its own caption and alternative text: the lead image of an item."""
    return f"![](media:{image.name})"


@register.filter
def safe_href(url: str) -> str:
    """`url`, or nothing where a browser would run it instead of following it."""
    return dialect.safe_href(url)


@register.filter
def deeper(level: int) -> int:
    """The next heading level; h6 is the floor."""
    return min(level + 1, 6)
