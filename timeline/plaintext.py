"""The tokens of timeline.dialect as text that reads well without any markup, for mail programs and terminals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from timeline.dialect import MEDIA

INDENT = "    "
MAX_COLUMN = 40  # characters: one long cell would otherwise widen its column in every row of a table


@dataclass
class _Block:
    token: Token
    blocks: "list[_Block]" = field(default_factory=list)


def render(tokens: Sequence[Token], figure: Callable[[Token], Any], address: Callable[[str], str]) -> str:
    """`figure` tells caption, alt, credit and src of a picture; `address` makes the address of a link complete."""
    root = _Block(Token("", "", 1))
    open_blocks = [root]
    for token in tokens:
        if token.nesting < 0:
            open_blocks.pop()
            continue
        block = _Block(token)
        open_blocks[-1].blocks.append(block)
        if token.nesting > 0:
            open_blocks.append(block)
    return _Text(figure, address).blocks(root.blocks)
