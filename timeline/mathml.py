"""LaTeX to MathML without inline styles, which the site's policy (`style-src 'self'`) would block."""

import re

import math_core

MAX_LENGTH = 2_000  # characters; no formula that a reader can follow is longer
# math-core's parser recurses in native code: past its stack the whole process dies, without an exception. A worker
# thread can have as little as 2 MB of stack, where about 1,100 open braces are enough; every other construct
# that nests needs four characters a level, so that MAX_LENGTH alone bounds it.
MAX_DEPTH = 50
# Behind an opening bracket math-core looks for the closing one and, where it finds none, reads everything again: each
# such bracket doubles the time, and 30 of them take hours. A formula with more than MAX_BRACKETS is handed over with
# letters in their place, which math-core does not look behind; the brackets are put back afterwards.
MAX_BRACKETS = 8

# Everything that math-core 0.9 writes into `style`; static/css/prose.css has a rule for each class made of these.
DECLARATIONS = (
    *(f"border-{side}:0.05em {line} currentcolor" for side in ("left", "right", "top") for line in ("solid", "dashed")),
    *(f"font-size:{per_cent}%" for per_cent in (50, 60, 70, 80, 90, 100, 120, 140, 170, 200, 250)),
    "font-variant-caps:small-caps",
    "justify-items:end",
    "justify-items:start",
    "margin-left:-0.16666667em",
    "margin-left:-0.22222222em",
    "margin-left:-0.2777778em",
    "math-shift:compact",
    "padding-bottom:0",
    *(
        f"padding-{side}:{size}"
        for side in ("left", "right")
        for size in ("0", "0.1em", "0.1667em", "0.2222em", "0.2778em")
    ),
    "padding-left:1em",
    "padding-top:0",
    "padding-top:0.1667em",
    "text-align:left",
    "text-align:right",
    "visibility:hidden",
    "width:100%",
    "width:50%",
    "width:7.5%",
)
CLASSES = {declaration: "m-" + re.sub(r"[^a-z0-9]+", "-", declaration).strip("-") for declaration in DECLARATIONS}

_CONVERTER = math_core.LatexToMathML(fancy_error=False)
_OPENING = """
    { lbrace lparen lbrack lceil lfloor lvert lVert langle lang lAngle lBrace
    lgroup lmoustache ulcorner llcorner llangle llbracket llparenthesis
"""
_BRACKETS = [*"([⟨⌈⌊⟦⟪⟮⎰⦃", *(rf"\{name}" for name in _OPENING.split())]
_MACROS = {r"\pmod", r"\pod", r"\bra", r"\ket", r"\braket"}  # they become brackets
_TOKEN = re.compile(
    r"\\(?:left|right|middle|[bB]igg?[lmr]?)(?![A-Za-z])\s*(?:\\(?:[A-Za-z]+|.)|.)"  # what follows is looked at alone
    r"|\\(?:sqrt|x[A-Za-z]*arrow)\s*\["  # opens an option
    r"|\\(?:text[a-z]*|mbox|operatorname)\s*\{[^{}]*\}"
    r"|\\(?:[A-Za-z]+|.)"
    r"|.",
    re.DOTALL,
)
_SIZED = re.compile(r"\\([bB]igg?)l(?![A-Za-z])")  # \bigl( opens, \big( is a mere character
# Characters for private use stand for the brackets: no formula has them.
_STAND_INS = {bracket: rf"\mathopen{{{chr(0xE000 + index)}}}" for index, bracket in enumerate(_BRACKETS)}
_ELEMENTS = [_CONVERTER.convert_with_local_state(bracket, displaystyle=False)[6:-7] for bracket in _BRACKETS]
_STOOD_IN = re.compile(r"<mpadded[^>]*><mi>([\ue000-\ue0ff])</mi></mpadded>")
# A command that is defined in a formula could be used in this one only, and a few of them make megabytes of a line.
_DEFINITION = re.compile(r"\\(?:g?def|let|(?:new|renew|provide)command)(?![A-Za-z])")
_STYLE = re.compile(r' style="([^"]*)"')
_LINK = re.compile(r"</?a\b[^>]*>")  # \eqref links to an id that would not be unique on the page
_POSITION = re.compile(r"\d+: ")


class BadLatex(ValueError):
    """Its message is a sentence for the editor."""


def to_mathml(latex: str, *, display: bool) -> str:
    """A `<math>` element without any `style`, its text escaped. Raises BadLatex."""
    if len(latex) > MAX_LENGTH:
        raise BadLatex(f"It has {len(latex):,} characters; a formula can have {MAX_LENGTH:,}. Split it.")
    if _depth(latex) > MAX_DEPTH:
        raise BadLatex(f"Its braces are nested deeper than {MAX_DEPTH} levels.")
    if definition := _DEFINITION.search(latex):
        raise BadLatex(f"A formula cannot define commands: write out what “{definition[0]}” defines.")
    latex = _without_many_brackets(latex)
    try:
        mathml = _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except math_core.LatexError as error:
        raise BadLatex(_POSITION.sub("", str(error), count=1)) from None
    mathml = _STOOD_IN.sub(lambda letter: _ELEMENTS[ord(letter[1]) - 0xE000], mathml)
    return _STYLE.sub(_without_style, _LINK.sub("", mathml))


def _depth(latex: str) -> int:
    depth = deepest = 0
    for brace in re.findall(r"[{}]", latex):
        depth += 1 if brace == "{" else -1
        deepest = max(deepest, depth)
    return deepest


def _without_many_brackets(latex: str) -> str:
    tokens = _TOKEN.findall(latex)
    macros = sum(token in _MACROS for token in tokens)
    if macros > MAX_BRACKETS:
        raise BadLatex(f"It has {macros} of {', '.join(sorted(_MACROS))}; {MAX_BRACKETS} are possible. Split it.")
    if macros + sum(token in _STAND_INS or _SIZED.match(token) is not None for token in tokens) <= MAX_BRACKETS:
        return latex
    return "".join(_STAND_INS.get(token, _SIZED.sub(r"\\\1", token)) for token in tokens)


def _without_style(style: re.Match[str]) -> str:
    classes, colour = [], ""
    for declaration in style[1].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "color":
            colour = f' mathcolor="{value}"'  # any of 16 million, so no class; the attribute is no style
        elif known := CLASSES.get(f"{name}:{value}"):
            classes.append(known)
    return (f' class="{" ".join(classes)}"' if classes else "") + colour
