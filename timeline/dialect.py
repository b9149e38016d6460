"""The editors' Markdown, read: CommonMark and what docs/editing.md adds to it, as tokens of markdown-it.

timeline.markdown writes HTML from these tokens, timeline.plaintext writes text.
Whatever was typed is in the tokens: what CommonMark drops in silence is kept here, and shown as it was typed.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, paragraph, reference, table
from markdown_it.rules_block.table import escapedSplit, getLine
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote.index import footnote_def
from slugify import slugify

from timeline.references import is_safe, media_name
from timeline.scores import LANGUAGE, BadScores, parse_scores

MAX_LENGTH = 200_000  # characters
CONTAINERS = ("note", "credit", "takeaways")

# Every level of quotes, lists and containers reads all lines below it again, and markdown-it drops what is nested
# deeper than its own limit. So below this level (a list takes two) everything is a paragraph, which costs no level.
MAX_LEVEL = 20

# XML, so a feed, can hold none of these, and lone surrogates are no text at all.
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CONTAINER = re.compile(r":{3,}[ \t]*(\S*)[ \t]*(.*)")
_FENCE = re.compile(r"`{3,}|~{3,}")
# Not `$5 and $6`: no space inside the dollars, no digit outside. The possessive `++` never tries a second way.
_MATH = re.compile(r"(?<!\d)(\$\$?)(?![\s$])((?:[^$\\]|\\.)++)(?<!\s)\1(?![\d$])", re.DOTALL)
# A label is bounded, else each of many `[^` that nothing closes would be followed to the end of its paragraph.
_FOOTNOTE = re.compile(r"\[\^([^\s\]]{1,100})\]")
MAX_SLUG = 80  # characters


class TextTooLong(ValueError):
    """Its message says what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(f"The text has {len(text):,} characters; {MAX_LENGTH:,} are possible. Split it into two.")


class _Parser(MarkdownIt):
    def normalizeLink(self, url: str) -> str:
        return url if media_name(url) else super().normalizeLink(url)

    def validateLink(self, url: str) -> bool:
        """A link to what is not valid stays visible as it was typed."""
        return is_safe(url) or media_name(url) != ""


def parse(text: str) -> list[Token]:
    """The block tokens of `text`, which nobody may change. Raises TextTooLong.

    Beside those of CommonMark, tables, strikethrough, task and definition lists there are
    container_open/_close (info: its name), signature (content: a name), checkbox (meta: checked),
    figure (attrs and children of an image), scores (meta: scores, number), math_inline and math_block (content: LaTeX),
    footnote_ref (meta: number, time), footnotes_open/_close, footnote_open/_close (meta: number)
    and footnote_back (meta: number, times). The meta of a heading_open has depth (0: shallowest), slug and text.
    """
    if len(text) > MAX_LENGTH:
        raise TextTooLong(text)
    read = _read.get()
    if read is None:
        return _PARSER.parse(_UNUSABLE.sub("\ufffd", text))
    if text not in read:
        read[text] = _PARSER.parse(_UNUSABLE.sub("\ufffd", text))
    return read[text]


_read: ContextVar[dict[str, list[Token]] | None] = ContextVar("read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within it a text is read once, whatever is asked about it.

    The tokens are kept to the end and need much more room than their text, so this is for the texts of one issue.
    """
    token = _read.set({}) if _read.get() is None else None
    try:
        yield
    finally:
        if token:
            _read.reset(token)


def plain(children: Iterable[Token] | None) -> str:
    """The text of inline tokens, in one line."""
    parts = []
    for token in children or ():
        if token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        elif token.type == "image":
            parts.append(plain(token.children))
        else:
            parts.append(token.content)
    return "".join(parts)


# Rules for blocks: (state, first line, line behind the last, whether it is only asked) -> whether it is one.


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return not silent and state.level >= MAX_LEVEL and paragraph(state, start, end, silent)


def _container(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start) or not state.src.startswith(":::", state.bMarks[start] + state.tShift[start]):
        return False
    opening = _CONTAINER.fullmatch(getLine(state, start).rstrip())
    if opening is None or opening[1] not in CONTAINERS:
        return False
    if silent:
        return True
    last, closed = _end_of_container(state, start, end)
    outer = state.parentType, state.lineMax
    state.parentType, state.lineMax = "container", last  # so that no paragraph in it goes on behind it
    token = state.push("container_open", "", 1)
    token.info, token.map, token.meta = opening[1], [start, last], {"closed": closed}
    if opening[1] == "note":
        token.content = opening[2]
    elif opening[2]:
        _push_paragraph(state, opening[2], start)
    state.md.block.tokenize(state, start + 1, last)
    state.push("container_close", "", -1).info = opening[1]
    state.parentType, state.lineMax = outer
    state.line = last + closed
    return True


def _end_of_container(state: StateBlock, start: int, end: int) -> tuple[int, bool]:
    """The line that closes it, or where that around it ends. Containers in it, and code, are stepped over."""
    depth, fence = 1, ""
    for number in range(start + 1, end):
        if state.isEmpty(number):
            continue
        if state.sCount[number] < state.blkIndent:
            return number, False
        line = getLine(state, number).rstrip()
        if fence:
            if line.startswith(fence) and not line.strip(fence[0]):
                fence = ""
        elif opening := _FENCE.match(line):
            fence = opening[0]
        elif inner := _CONTAINER.fullmatch(line):
            depth += 1 if inner[1] else -1
            if depth == 0:
                return number, True
    return end, False


def _math_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start) or not state.src.startswith("$$", state.bMarks[start] + state.tShift[start]):
        return False
    for number in range(start, end):
        line = getLine(state, number)[2 if number == start else 0 :].rstrip()
        if number > start and (not line or state.sCount[number] < state.blkIndent):
            return False
        if "$$" in line:
            break
    else:
        return False
    source = state.getLines(start, number + 1, state.blkIndent, False).strip()[2:]
    content = source.removesuffix("$$").strip()
    if not source.endswith("$$") or "$$" in content or not content:
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content, token.map = content, [start, number + 1]
        state.line = number + 1
    return True


def _whole_table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """CommonMark's tables drop the cells of a row that are more than its head has; here the last one keeps them."""
    before = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    columns = sum(token.type == "th_open" for token in state.tokens[before:])
    for index in range(before, len(state.tokens)):
        last = state.tokens[index - 2]
        if state.tokens[index].type == "tr_close" and last.map:
            cells = escapedSplit(getLine(state, last.map[0]).strip())
            extra = cells[columns + (not cells[0]) :]
            if any(extra):
                last.content = " | ".join([last.content, *(cell.strip() for cell in extra if cell)])
    return True


def _kept_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A definition `[label]: address` leaves a token, so that one that nothing uses can be shown."""
    if not reference(state, start, end, silent):
        return False
    token = state.push("definition", "", 0)
    token.content = state.getLines(start, state.line, state.blkIndent, False).strip()
    label = re.match(r"\[((?:[^\\\]]|\\.)*)\]", token.content, re.DOTALL)
    token.info, token.map = normalizeReference(label[1]) if label else "", [start, state.line]
    return True


def _push_paragraph(state: StateBlock, content: str, line: int) -> None:
    state.push("paragraph_open", "p", 1).map = [line, line + 1]
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = content, [line, line + 1], []
    state.push("paragraph_close", "p", -1)


# Rules within a line: (state, whether it is only asked) -> whether it is one.


def _math_inline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "$" or (math := _MATH.match(state.src, state.pos, state.posMax)) is None:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup, token.meta = math[2], math[1], {"at": state.pos}
    state.pos = math.end()
    return True


def _footnote_ref(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[" or (found := _FOOTNOTE.match(state.src, state.pos, state.posMax)) is None:
        return False
    if f":{found[1]}" not in state.env.get("footnotes", {}).get("refs", {}):
        return False
    if not silent:
        state.push("footnote_ref", "", 0).info = found[1]
    state.pos = found.end()
    return True


# Rules for the whole text, in their order.


def _inlines(tokens: Iterable[Token]) -> Iterator[Token]:
    """What stands in lines of text, and in the alternative texts of its pictures."""
    for token in tokens:
        for child in token.children or ():
            yield child
            yield from _inlines([child])


def _definitions(state: StateCore) -> None:
    unused = {token.info for token in state.tokens if token.type == "definition"}
    if not unused:
        return
    used = {child.meta["label"] for child in _inlines(state.tokens) if "label" in child.meta}
    tokens = []
    for token in state.tokens:
        if token.type != "definition":
            tokens.append(token)
        elif token.info in used:
            used.remove(token.info)  # a second definition of the label is not the one that is used
        else:
            tokens += _paragraph(Token("text", "", 0, content=token.content))
    state.tokens = tokens


@dataclass
class _Note:
    label: str
    tokens: list[Token]
    number: int = 0
    times: int = 0


def _footnotes(state: StateCore) -> None:
    """Numbers the references and moves the notes to the end; one that nothing refers to stands there too."""
    body: list[Token] = []
    notes: list[_Note] = []
    inside = [body]
    for token in state.tokens:
        if token.type == "footnote_reference_open":
            notes.append(_Note(token.meta["label"], []))
            inside.append(notes[-1].tokens)
        elif token.type == "footnote_reference_close":
            inside.pop()
        else:
            inside[-1].append(token)
    if not notes:
        return
    labelled = {note.label: note for note in reversed(notes)}
    shown: list[_Note] = []
    unread = [body]
    for unused in [*notes, None]:
        for tokens in unread:  # a note can refer to further notes: the list grows
            for child in (child for token in tokens for child in token.children or ()):
                if child.type == "footnote_ref":
                    note = labelled[child.info]
                    if not note.number:
                        shown.append(note)
                        note.number = len(shown)
                        unread.append(note.tokens)
                    note.times += 1
                    child.meta = {"number": note.number, "time": note.times}
        unread = []
        if unused is not None and not unused.number:
            shown.append(unused)
            unused.number = len(shown)
            unread.append(unused.tokens)
    state.tokens = [*body, Token("footnotes_open", "", 1)]
    for note in shown:
        meta = {"number": note.number, "times": note.times}
        back = [Token("footnote_back", "", 0, meta=meta)]
        end = len(note.tokens) - bool(note.tokens and note.tokens[-1].type == "paragraph_close")
        state.tokens += [
            Token("footnote_open", "", 1, meta=meta),
            *note.tokens[:end], *back, *note.tokens[end:],
            Token("footnote_close", "", -1),
        ]  # fmt: skip
    state.tokens.append(Token("footnotes_close", "", -1))


def _figures(state: StateCore) -> None:
    """A paragraph of nothing but pictures from the media becomes figures: no figure can stand in a paragraph."""
    tokens: list[Token] = []
    for token in state.tokens:
        tokens.append(token)
        if token.type != "paragraph_close" or tokens[-3].type != "paragraph_open":
            continue
        children = []
        line = tokens[-3].map[0] if tokens[-3].map else 0
        for child in tokens[-2].children or ():
            if child.type in {"softbreak", "hardbreak"}:
                line += 1
            else:
                child.map = [line, line + 1]
                children.append(child)
        if children and all(child.type == "image" and media_name(str(child.attrs["src"])) for child in children):
            del tokens[-3:]
            for child in children:
                child.type = "figure"
            tokens += children
    state.tokens = tokens


def _scores(state: StateCore) -> None:
    """A block of code that is called scores holds some; one in which something is wrong stays code."""
    number = 0
    for token in state.tokens:
        if token.type == "fence" and token.info.split(maxsplit=1)[:1] == [LANGUAGE]:
            try:
                token.meta = {"scores": parse_scores(token.info, token.content), "number": number + 1}
            except BadScores as error:
                token.meta = {"problem": error}
            else:
                token.type, number = "scores", number + 1


def _leads(state: StateCore) -> None:
    """The name that signs a note, or the box of a task, stands at the start of the first paragraph."""
    tokens: list[Token] = []
    lead: Token | None = None
    for token in state.tokens:
        if lead is not None:
            if token.type == "paragraph_open":
                tokens += [token, lead]
            else:
                tokens += [*_paragraph(lead), token]
        else:
            tokens.append(token)
        lead = None
        if token.type == "container_open" and token.content:
            lead = Token("signature", "", 0, content=token.content)
        elif token.type == "list_item_open" and "checked" in token.meta:
            lead = Token("checkbox", "", 0, meta=token.meta)
    state.tokens = tokens


def _headings(state: StateCore) -> None:
    """Depths without gaps, and slugs that are unique in the text."""
    above: list[str] = []
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for index, token in enumerate(state.tokens):
        if token.type != "heading_open":
            continue
        inline, close = state.tokens[index + 1 : index + 3]
        while above and above[-1] >= token.tag:
            above.pop()
        text = plain(inline.children).strip()
        base = slug = slugify(text[: 5 * MAX_SLUG], max_length=MAX_SLUG, word_boundary=True) or "section"
        while slug in taken:
            counts[base] = counts.get(base, 1) + 1
            slug = f"{base}-{counts[base]}"
        taken.add(slug)
        token.meta = close.meta = {"depth": len(above), "slug": slug, "text": text}
        above.append(token.tag)


def _paragraph(child: Token) -> list[Token]:
    inline = Token("inline", "", 0, children=[child])
    return [Token("paragraph_open", "p", 1, block=True), inline, Token("paragraph_close", "p", -1, block=True)]


def _parser() -> MarkdownIt:
    parser = _Parser(
        "commonmark",
        {"html": False, "xhtmlOut": False, "tasklists": True, "store_labels": True, "maxNesting": MAX_LEVEL + 5},
    )
    parser.enable(["table", "strikethrough"]).disable(["html_block", "html_inline"]).use(deflist_plugin)
    block, inline, core = parser.block.ruler, parser.inline.ruler, parser.core.ruler
    anywhere: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    block.at("table", _whole_table, {"alt": ["paragraph", "reference"]})
    block.at("reference", _kept_reference)
    block.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    block.before("fence", "math_block", _math_block, anywhere)
    block.before("fence", "container", _container, anywhere)
    block.before("table", "too_deep", _too_deep)
    inline.before("escape", "math_inline", _math_inline)
    inline.before("link", "footnote_ref", _footnote_ref)
    for rule in (_definitions, _footnotes, _figures, _scores, _leads, _headings):
        core.push(rule.__name__, rule)
    return parser


_PARSER = _parser()
