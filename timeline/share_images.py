"""Share images: what a link to a page looks like elsewhere. 1200 × 630 pixels in the identity of the site.

An issue is a cover in the colour of its year; an item is a page beside the spine of that volume, its emoji in a node
on the line. A Card holds all that is drawn, so the digest of it in an address names one picture for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageDraw

from timeline.typesetting import EMOJI, EMOJI_SIZE, INK, Line, Part, Style, fit, font, shape, width_of, wrap

VERSION = 1  # of the drawing: count it up with whatever changes a picture, and every address changes
SIZE = WIDTH, HEIGHT = 1200, 630
LINE = 144  # x of the line that runs through the whole site
LEFT, RIGHT = 264, WIDTH - 72  # between them stands the text
TOP, FOOT = 78, HEIGHT - 62  # baselines of the first line and of the last
STOP = 208  # y of the node
NODE = 60  # half of its width
BYLINE = 30  # size
NAMES = 60  # that are tried at most
NO_BREAK = "\N{NO-BREAK SPACE}"

PAPER, INK_2, LAMP, NOW = "#f9fbfd", "#3d4558", "#ffffff", "#e62523"
# By the last digit of the year, as tokens.css has them; what has no year looks like the first volume.
FIRST_VOLUME = 2023
VOLUMES = (
    *("#ffd4aa", "#c6deff", "#ffcaf2", "#f9dc57", "#9df2c9"),
    *("#a8e7ff", "#ffc9cf", "#cdec95", "#e2d4ff", "#9bf1f1"),
)

SERIF = ("newsreader", "newsreader-signs", "newsreader-latin-1", "newsreader-latin-ext", "newsreader-vietnamese")
ITALIC = ("newsreader-italic", "newsreader-italic-signs", "newsreader-italic-latin-1", *SERIF)
SANS = ("instrument-sans", "instrument-sans-latin-1", "instrument-sans-latin-ext", *SERIF)
DISPLAY = Style(SERIF, tracking=-0.024, leading=0.98, ampersand=ITALIC[0])
DISPLAY_ITALIC = Style(ITALIC, tracking=-0.024, leading=0.94)
SUBTITLE = Style(SERIF, optical=60, tracking=-0.014, leading=1.1)
TEXT = Style(SERIF, optical=28, leading=1.32, figures="onum")
BRAND = Style(SERIF, optical=36, tracking=-0.008)
VOICE = Style(ITALIC, optical=36, tracking=-0.008, leading=1.2)
LABEL = Style(SANS, weight=600)


@dataclass(frozen=True)
class Card:
    """What is drawn of a page: of an issue, of an item, or of the publication, which has no label."""

    name: str  # of the publication
    title: str
    detail: str = ""  # the rest of the title of an item, the tagline of an issue
    label: str = ""
    number: int | None = None  # of the issue
    year: int | None = None  # of the volume
    is_item: bool = False
    is_square: bool = False  # the node
    emoji: str = ""
    authors: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return sha256(f"{VERSION} {self}".encode()).hexdigest()[:16]

    @property
    def alt(self) -> str:
        """What it says, for those who do not see it."""
        label = f"{self.label}: " if self.label else ""
        if self.is_item:
            return f"{label}{self.title} {self.detail}".strip()
        return label + ". ".join(text for text in (self.title, self.detail) if text)

    @property
    def volume(self) -> str:
        return VOLUMES[(self.year or FIRST_VOLUME) % 10]


def draw(card: Card) -> bytes:
    """The picture as PNG."""
    canvas = Canvas(PAPER if card.is_item else card.volume)
    if card.is_item:
        draw_item(canvas, card)
    elif card.label:
        draw_issue(canvas, card)
    else:
        draw_publication(canvas, card)
    written = BytesIO()
    canvas.picture.save(written, "PNG")
    return written.getvalue()


def draw_item(canvas: "Canvas", card: Card) -> None:
    canvas.pen.rectangle([(0, 0), (LINE, HEIGHT)], card.volume)
    canvas.line(TOP - 11, HEIGHT)
    canvas.brand(card.name)
    half = NODE if card.emoji else 24
    canvas.node(STOP, half, INK, card.is_square)
    canvas.node(STOP, half - 3, LAMP, card.is_square)
    canvas.emoji(card.emoji, LINE, STOP, NODE * 1.28)
    if card.number is not None:
        number = str(card.number)
        size = min(96, (LINE - 40) / width_of(number, DISPLAY))
        canvas.text((LINE - size * width_of(number, DISPLAY)) / 2, FOOT, number, DISPLAY, size)
        canvas.text((LINE - 22 * width_of("Issue", LABEL)) / 2, FOOT - size * 0.7 - 18, "Issue", LABEL, 22)
    canvas.text(LEFT, 178, card.label, LABEL, 28)
    byline = names_that_fit(card.authors, (RIGHT - LEFT) / BYLINE, lines=2)
    top = FOOT - BYLINE * TEXT.leading * (len(byline) - 1)
    for index, line in enumerate(byline):
        canvas.text(LEFT, top + BYLINE * TEXT.leading * index, line, TEXT, BYLINE, INK_2)
    room = (top - BYLINE - 24 if byline else FOOT) - 196
    parts = [Part(card.title, DISPLAY), Part(card.detail, SUBTITLE, INK_2, 0.54, above=0.16)]
    canvas.block(fit(parts, RIGHT - LEFT, room, largest=144, smallest=44), 196)


def draw_issue(canvas: "Canvas", card: Card) -> None:
    """Title and numeral share a baseline."""
    canvas.line(TOP - 11, HEIGHT)
    canvas.brand(card.name)
    canvas.node(168, 16, NOW)
    canvas.text(LEFT, 178, card.label, LABEL, 30)
    tagline = fit([Part(card.detail, VOICE)], RIGHT - LEFT, 92, largest=40, smallest=26)
    canvas.block(tagline, FOOT - height_of(tagline))
    base = FOOT - height_of(tagline) - (40 if tagline else 0)
    number = str(card.number)
    size = min(370, 280 / width_of(number, DISPLAY))
    left = RIGHT - size * width_of(number, DISPLAY)
    canvas.text(left, base, number, DISPLAY, size)
    title = fit([Part(card.title, DISPLAY)], left - 48 - LEFT, base - 186, largest=136, smallest=36)
    canvas.block(title, base - height_of(title))


def draw_publication(canvas: "Canvas", card: Card) -> None:
    """The line goes on: the next issue is being written."""
    first, _, last = card.title.rpartition(" ")
    parts = [Part(first, DISPLAY), Part(last, DISPLAY_ITALIC)]
    title = fit([part for part in parts if part.text], RIGHT - LEFT, 380, largest=196, smallest=44)
    top = FOOT - 92 - height_of(title)
    start = round(top + (title[0].y - title[0].size * 0.32 if title else 0))
    canvas.line(start, HEIGHT - 110)
    for y in range(HEIGHT - 100, HEIGHT, 14):
        canvas.line(y, y + 4)
    canvas.node(start, 16, INK)
    canvas.block(title, top)
    canvas.block(fit([Part(card.detail, VOICE)], RIGHT - LEFT, 60, largest=42, smallest=24), FOOT - 46)


def height_of(lines: Sequence[Line]) -> float:
    """To the last baseline."""
    return lines[-1].y if lines else 0.0


def names_that_fit(names: Sequence[str], width: float, lines: int) -> list[str]:
    """As many of the names as so many lines hold, and how many more there are; no line ends within a name."""
    for count in range(min(len(names), NAMES), 0, -1):
        shown = ", ".join(name.replace(" ", NO_BREAK) for name in names[:count])
        more = f" and{NO_BREAK}{len(names) - count}{NO_BREAK}more" if count < len(names) else ""
        if len(found := wrap(shown + more, TEXT, width)) <= lines:
            return found
    return []


class Canvas:
    """A picture in the making."""

    def __init__(self, colour: str) -> None:
        self.picture = Image.new("RGB", SIZE, colour)
        self.pen = ImageDraw.Draw(self.picture)

    def line(self, top: float, bottom: float) -> None:
        self.pen.rectangle([(LINE - 1, top), (LINE + 1, bottom)], INK)

    def node(self, y: float, half: int, colour: str, is_square: bool = False) -> None:
        """Drawn at four times its size and made smaller: Pillow's own curves have steps."""
        mask = Image.new("L", (half * 8, half * 8))
        radius = half * 8 * (0.26 if is_square else 0.5)
        ImageDraw.Draw(mask).rounded_rectangle([(0, 0), (half * 8 - 1, half * 8 - 1)], radius, 255)
        self.picture.paste(colour, (LINE - half, round(y) - half), mask.resize((half * 2, half * 2)))

    def brand(self, name: str) -> None:
        """The name at the top of the line. Its last word is in italic, the voice of time."""
        self.node(TOP - 11, 12, INK)
        first, space, last = name.rpartition(" ")
        size = min(36, (RIGHT - LEFT) / width_of(name, BRAND)) if name else 36
        self.text(LEFT, TOP, first, BRAND, size)
        self.text(LEFT + size * width_of(first + space, BRAND), TOP, last, VOICE, size)

    def block(self, lines: Sequence[Line], top: float) -> None:
        for line in lines:
            self.text(LEFT, top + line.y, line.text, line.part.style, line.size, line.part.colour)

    def text(self, x: float, y: float, text: str, style: Style, size: float, colour: str = INK) -> None:
        """One line; `y` is its baseline."""
        letters, _ = shape(text, style)
        for offset, path, letter in letters:
            if path == EMOJI:
                self.emoji(letter, x + (offset + 0.62) * size, y - size * 0.34, size * 1.1)
            else:
                place, face = (x + offset * size, y), font(path, size, style)
                self.pen.text(place, letter, colour, face, anchor="ls", features=style.features)

    def emoji(self, text: str, x: float, y: float, size: float) -> None:
        """Around (x, y), no wider and no higher than `size`; nothing where the system has no emoji."""
        if not text or not EMOJI.exists():
            return
        seen = Image.new("RGBA", (EMOJI_SIZE * 8, EMOJI_SIZE * 2))
        face = font(EMOJI, EMOJI_SIZE, BRAND)
        ImageDraw.Draw(seen).text((EMOJI_SIZE, 0), text, font=face, embedded_color=True)
        seen = seen.crop(seen.getbbox())
        seen = seen.resize([max(1, round(side * size / max(seen.size))) for side in seen.size])
        self.picture.paste(seen, (round(x - seen.width / 2), round(y - seen.height / 2)), seen)
