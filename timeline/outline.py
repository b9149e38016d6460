"""What stands where in a text: for those who check it. timeline.markdown is the door to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from timeline.dialect import parse, plain
from timeline.references import media_name, safe_href
from timeline.scores import Scores

_ENDS = {"container_close", "blockquote_close", "list_item_close", "footnotes_open", "footnote_close"}


@dataclass(frozen=True)
class Picture:
    line: int  # from 1, as all lines here
    name: str  # of the media; "" of one from elsewhere
    alt: str  # as typed
    caption: str  # as typed


@dataclass(frozen=True)
class TypedHeading:
    line: int
    level: int  # as typed, 1 to 6
    text: str
    is_empty: bool  # whether nothing stands under it, not even another heading


@dataclass(frozen=True)
class Outline:
    pictures: tuple[Picture, ...]
    headings: tuple[TypedHeading, ...]
    links: tuple[tuple[int, str], ...]  # line, address on the web
    scores: tuple[tuple[int, Scores], ...]  # line of the fence
    words: tuple[tuple[int, str], ...]  # line, what is written there in words: no code, no formula


def outline(text: str) -> Outline:
    """Raises TextTooLong."""
    tokens = parse(text)
    placed = list(_placed(tokens))
    pictures = [(line, token) for line, token in placed if token.type in {"figure", "image"}]
    scores = [(line, token.meta["scores"]) for line, token in placed if token.type == "scores"]
    links = [
        *((line, str(token.attrs["href"])) for line, token in placed if token.type == "link_open"),
        *((line, str(token.attrs["src"])) for line, token in pictures),
        *((line, known.source_url) for line, known in scores),
    ]
    captions = [(line, f"{plain(token.children)} {token.attrs.get('title', '')}") for line, token in pictures]
    return Outline(
        tuple(
            Picture(
                line,
                media_name(str(token.attrs["src"])),
                plain(token.children).strip(),
                str(token.attrs.get("title", "")).strip(),
            )
            for line, token in pictures
        ),
        tuple(_headings(tokens)),
        tuple((line, url) for line, url in sorted(links) if safe_href(url).startswith("http")),
        tuple(scores),
        tuple([(line, token.content) for line, token in placed if token.type in {"text", "signature"}] + captions),
    )


def _placed(tokens: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """The line of each token; in place of a line of text the tokens in it."""
    line = 1
    for token in tokens:
        line = token.map[0] + 1 if token.map else line
        if token.type != "inline":
            yield line, token
            continue
        at = line
        for child in token.children or ():
            yield at, child
            at += child.content.count("\n") + (child.type in {"softbreak", "hardbreak"})


def _headings(tokens: Sequence[Token]) -> Iterator[TypedHeading]:
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            below = tokens[index + 3] if index + 3 < len(tokens) else None
            ended = below is None or below.type in _ENDS or (below.type == "heading_open" and below.tag <= token.tag)
            yield TypedHeading(token.map[0] + 1 if token.map else 1, int(token.tag[1]), token.meta["text"], ended)
