"""What an arXiv identifier looks like: https://info.arxiv.org/help/arxiv_identifier.html."""

import re

# Either 2311.11045 (four digits at the end until December 2014) or hep-th/9901001, math.GT/0309136.
IDENTIFIER = re.compile(
    r"(?:arxiv:|https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)?"
    r"(?P<id>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{2}(?:0[1-9]|1[0-2])\d{3})"
    r"(?:v(?P<version>[1-9]\d*))?(?:\.pdf)?/?(?:[?#].*)?",
    re.IGNORECASE,
)


FIRST_WITH_HTML = 2312  # year and month from which arXiv renders papers as HTML


def has_html(identifier: str) -> bool:
    """Whether arXiv is likely to have the paper as HTML: it has since December 2023, for most that are in LaTeX."""
    year_and_month = identifier.partition(".")[0]
    return year_and_month.isdigit() and int(year_and_month) >= FIRST_WITH_HTML


def parse_identifier(text: str) -> tuple[str, int | None]:
    """The base identifier and the version, if one is given, of an identifier or an address of arXiv.

    ValueError, with a sentence for the editor, for anything else.
    """
    match = IDENTIFIER.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"“{text}” is no arXiv identifier: write one such as 2311.11045, hep-th/9901001 or its address."
        )
    return match["id"], int(match["version"]) if match["version"] else None
