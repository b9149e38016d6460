from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from timeline import markdown as dialect

register = template.Library()


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
