"""Text for pictures, set in the fonts of the site: which file has a letter, where it stands, and what size fits.

Pillow draws a string in one font without tracking. So a line is shaped here, letter by letter, at size 1.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"
SYSTEM = Path("/usr/share/fonts")
EMOJI = SYSTEM / "truetype/noto/NotoColorEmoji.ttf"
EMOJI_SIZE = 109  # the one size that is in it
# For what our own files do not have. Where the system has no such font, the sign for a missing letter is drawn.
OTHERS = [
    FONTS / "stix-two-math.woff2",
    FONTS / "stix-two-math-rest.woff2",
    SYSTEM / "truetype/dejavu/DejaVuSans.ttf",
    SYSTEM / "opentype/noto/NotoSansCJK-Regular.ttc",
    SYSTEM / "truetype/wqy/wqy-zenhei.ttc",
    EMOJI,
]
INK = "#151c31"
MEASURE = 1000  # the size at which widths are taken: there nothing is rounded to pixels
DESCENT = 0.22  # of the size, below the baseline
# A flag, or a letter with what stands on it; emoji are joined to one by U+200D.
LETTER = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}|"
    r".[\u0300-\u036f\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*(?:\u200d.[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


@dataclass(frozen=True)
class Style:
    """How text is set. `files` are tried one after the other for each letter; tracking and leading are of the size."""

    files: tuple[str, ...]
    weight: int = 400
    optical: int = 72
    tracking: float = 0.0
    leading: float = 1.0
    figures: str = "lnum"
    ampersand: str = ""  # the file that has it, where that is another

    @property
    def features(self) -> list[str]:
        return [self.figures, "-liga", "-clig"]  # a ligature would be two letters


@dataclass(frozen=True)
class Part:
    """A text in one style; its size, and what is left above it, are shares of the size of the whole."""

    text: str
    style: Style
    colour: str = INK
    share: float = 1.0
    above: float = 0.0


@dataclass(frozen=True)
class Line:
    text: str
    part: Part
    size: float
    y: float  # of the baseline, from the top of the whole


def fit(parts: Sequence[Part], width: float, height: float, *, largest: int, smallest: int) -> list[Line]:
    """The parts one below the other, as large as they may be. What has no room at the smallest size is cut off."""
    lines: list[Line] = []
    for size in range(largest, smallest - 1, -2):
        lines = list(lines_of(parts, width, size))
        if all(ends_within(line, height) for line in lines[-1:]) and all(
            width_of(word, part.style) * size * part.share <= width for part in parts for word in part.text.split(" ")
        ):
            return lines
    kept = [line for line in lines if ends_within(line, height)]
    if kept and len(kept) < len(lines):
        last = kept.pop()
        kept.append(Line(f"{last.text.rpartition(' ')[0].rstrip(' ,:;.')}…", last.part, last.size, last.y))
    return kept


def ends_within(line: Line, height: float) -> bool:
    return line.y + line.size * DESCENT <= height


def lines_of(parts: Sequence[Part], width: float, size: float) -> Iterator[Line]:
    y = 0.0
    for part in parts:
        y += size * part.above
        for text in wrap(part.text, part.style, width / size / part.share):
            y += size * part.share * part.style.leading
            yield Line(text, part, size * part.share, y)


def wrap(text: str, style: Style, width: float) -> list[str]:
    """`text` of size 1 in as few lines as there can be, of about the same length."""
    words = [piece for word in text.split(" ") if word for piece in pieces(word, style, width)]
    widths = [width_of(word, style) for word in words]
    space = width_of(" ", style)
    ends = breaks(widths, space, width)
    narrow, wide = max(widths, default=0.0), width
    for _ in range(8):  # halving finds the narrowest column that needs no more lines
        middle = (narrow + wide) / 2
        if len(found := breaks(widths, space, middle)) > len(ends):
            narrow = middle
        else:
            wide, ends = middle, found
    return [" ".join(words[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def breaks(widths: Sequence[float], space: float, width: float) -> list[int]:
    """After how many words each line ends."""
    ends, used = [], 0.0
    for index, word in enumerate(widths):
        if index and used + space + word > width:
            ends.append(index)
            used = word
        else:
            used += word + (space if index else 0)
    return [*ends, len(widths)] if widths else []


def pieces(word: str, style: Style, width: float) -> Iterator[str]:
    """`word`, or what it falls into where it is wider than a line."""
    letters, end = shape(word, style)
    piece, start = "", 0.0
    for (x, _, letter), following in zip(letters, [*(x for x, _, _ in letters[1:]), end], strict=False):
        if piece and following - start > width:
            yield piece
            piece, start = "", x
        piece += letter
    if piece:
        yield piece


def width_of(text: str, style: Style) -> float:
    """Of a line of size 1."""
    return shape(text, style)[1]


@lru_cache(maxsize=4096)
def shape(text: str, style: Style) -> tuple[list[tuple[float, Path, str]], float]:
    """Where each letter of a line of size 1 stands and which file has it, then the width of the line."""
    letters: list[tuple[float, Path, str]] = []
    x = 0.0
    for letter in LETTER.findall(unicodedata.normalize("NFC", text)):
        if unicodedata.category(letter[0]).startswith("C"):  # of control: a faulty import may have left one
            continue
        path = file_of(letter, (style.ampersand,) if letter == "&" and style.ampersand else style.files)
        if letters and letters[-1][1] == path:
            before = letters[-1][2]
            kerning = length(path, style, before + letter) - length(path, style, before) - length(path, style, letter)
            x += kerning + style.tracking
        letters.append((x, path, letter))
        x += length(path, style, letter)
    return letters, x


@lru_cache(maxsize=16384)
def length(path: Path, style: Style, text: str) -> float:
    if path == EMOJI:
        return font(EMOJI, EMOJI_SIZE, style).getlength(text) / EMOJI_SIZE
    return font(path, MEASURE, style).getlength(text, features=style.features) / MEASURE


@lru_cache(maxsize=64)
def font(path: Path, size: float, style: Style) -> ImageFont.FreeTypeFont:
    found = ImageFont.truetype(path, size)
    with suppress(OSError):  # not every file is variable
        values = {b"Weight": style.weight, b"Optical Size": style.optical}
        found.set_variation_by_axes([values[axis["name"]] for axis in found.get_variation_axes()])
    return found


@lru_cache(maxsize=4096)
def file_of(letter: str, files: tuple[str, ...]) -> Path:
    """The first file that has it, else the first of all."""
    own = [FONTS / f"{name}.woff2" for name in files]
    return next((path for path in [*own, *OTHERS] if path.exists() and has(path, letter)), own[0])


def has(path: Path, letter: str) -> bool:
    """Whether it looks other than what no font has."""
    plain = font(path, EMOJI_SIZE, Style(()))
    return bytes(plain.getmask(letter)) != bytes(plain.getmask("\U0010ffff"))
