"""The tokens of timeline.dialect as text that reads well without any markup, for mail and terminals."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from timeline.dialect import plain
from timeline.references import Context, media_name
from timeline.scores import Scores

INDENT = "    "
RULE = "* * *"
UNDERLINES = "=-"  # of the two upper levels of headings; the others are marked with #
MAX_UNDERLINE = 72  # characters
MAX_COLUMN = 40  # characters; otherwise one long cell would widen its column in every row


def to_plaintext(tokens: Sequence[Token], context: Context) -> str:
    """Nothing that was typed is missing, but for the markup."""
    root = _Node(Token("root", "", 1))
    path = [root]
    for token in tokens:
        if token.nesting < 0:
            path.pop()
            continue
        node = _Node(token)
        path[-1].children.append(node)
        if token.nesting > 0:
            path.append(node)
    return "\n\n".join(_Text(context).blocks(root))


@dataclass
class _Node:
    token: Token
    children: list["_Node"] = field(default_factory=list)


class _Text:
    """Blocks are strings without empty lines around them. timeline.dialect bounds how deep they are nested."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def blocks(self, node: _Node) -> list[str]:
        return [block for child in node.children for block in self.block(child) if block]

    def block(self, node: _Node) -> list[str]:
        token = node.token
        match token.type.removesuffix("_open"):
            case "paragraph":
                return [self.line(node)]
            case "heading":
                return [self.heading(node)]
            case "blockquote":
                return [_indent("\n\n".join(self.blocks(node)), "> ", "> ")]
            case "bullet_list" | "ordered_list":
                return [self.items(node)]
            case "dl":
                return ["\n".join(self.definition(child) for child in node.children)]
            case "table":
                return [self.table(node)]
            case "hr":
                return [RULE]
            case "fence" | "code_block":
                return [unescapeAll(token.info).strip(), _indent(token.content.strip("\n"), INDENT, INDENT)]
            case "scores":
                return self.scores(token.meta["scores"])
            case "math_block":
                return [_indent(token.content, INDENT, INDENT)]
            case "figure":
                return [self.picture(token)]
            case "footnotes":
                return [RULE, *self.blocks(node)]
            case "footnote":
                mark = f"[{token.meta['number']}] "
                return [_indent("\n\n".join(self.blocks(node)), mark, " " * len(mark))]
            case _:
                return self.blocks(node)

    def heading(self, node: _Node) -> str:
        text, depth = self.line(node), node.token.meta["depth"]
        if not text:
            return ""
        if depth < len(UNDERLINES):
            return f"{text}\n{UNDERLINES[depth] * min(len(text), MAX_UNDERLINE)}"
        return f"{'#' * (depth + 1)} {text}"

    def items(self, node: _Node) -> str:
        first = int(node.token.attrs.get("start", 1))
        loose = any(
            child.token.type == "paragraph_open" and not child.token.hidden
            for item in node.children
            for child in item.children
        )
        between = "\n\n" if loose else "\n"
        texts = []
        for number, item in enumerate(node.children, start=first):
            mark = f"{number}. " if node.token.type == "ordered_list_open" else "- "
            texts.append(_indent(between.join(self.blocks(item)), mark, " " * len(mark)))
        return between.join(texts)

    def definition(self, node: _Node) -> str:
        if node.token.type == "dt_open":
            return self.line(node)
        return _indent("\n\n".join(self.blocks(node)), INDENT, INDENT)

    def table(self, node: _Node) -> str:
        return _table([[self.line(cell) for cell in row.children] for part in node.children for row in part.children])

    def scores(self, scores: Scores) -> list[str]:
        rows = [
            [f"{score.model} (this model)" if score.is_own else score.model, scores.shown(score)]
            for score in scores.ranked
        ]
        told = ", ".join(filter(None, [scores.source or "the authors themselves", scores.source_url]))
        return [f"{scores.benchmark}: {scores.told}. Measured by {told}.", _table([["Model", "Score"], *rows])]

    def line(self, node: _Node) -> str:
        parts = []
        for child in node.children:
            match child.token.type:
                case "inline":
                    parts.append(self.inline(child.token.children or []))
                case "signature":
                    parts.append(f"{child.token.content}: ")
                case "checkbox":
                    parts.append("[x] " if child.token.meta["checked"] else "[ ] ")
        return "".join(parts).rstrip()

    def inline(self, tokens: Sequence[Token]) -> str:
        parts: list[str] = []
        link, link_start = None, 0
        for token in tokens:
            match token.type:
                case "softbreak":
                    parts.append(" ")
                case "hardbreak":
                    parts.append("\n")
                case "s_open" | "s_close":
                    parts.append("~~")
                case "image":
                    parts.append(self.picture(token))
                case "math_inline":
                    parts.append(f"{token.markup}{token.content}{token.markup}")
                case "footnote_ref":
                    parts.append(f"[{token.meta['number']}]")
                case "link_open":
                    link, link_start = token, len(parts)
                case "link_close" if link is not None:
                    parts.append(self.target(link, "".join(parts[link_start:])))
                case _:
                    parts.append(token.content)
        return "".join(parts)

    def target(self, link: Token, text: str) -> str:
        href, title = str(link.attrs["href"]), str(link.attrs.get("title", ""))
        address = self.context.address(href) or href
        if link.info == "auto" or text == address:  # <https://…>
            address = ""
        told = ", ".join(filter(None, [title, address]))
        return f" ({told})" if told else ""

    def picture(self, token: Token) -> str:
        src, caption = str(token.attrs["src"]), str(token.attrs.get("title", ""))
        figure = self.context.figure(src, alt=plain(token.children), caption=caption)
        name = media_name(src)
        told = _sentences(figure.caption or figure.alt or name, figure.credit)
        what = "Film" if figure.film_type else "Figure" if name else "Image"
        behind = [
            figure.alt if figure.caption and figure.alt != figure.caption else "",
            figure.src if figure.film_type else "" if name else src,
        ]
        return " ".join([f"[{what}: {told}]", *(f"({text})" for text in behind if text)])


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the head."""
    widths = [min(max(map(len, column)), MAX_COLUMN) for column in zip(*rows, strict=True)]
    lines = [" | ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]])


def _indent(text: str, first: str, others: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((others + line).rstrip() for line in lines[1:])]).rstrip()


def _sentences(first: str, second: str) -> str:
    if first and second and first[-1] not in ".!?…":
        first += "."
    return " ".join(filter(None, [first, second]))
