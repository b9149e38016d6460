"""Files of unknown origin become text, and text that somebody once read in a wrong encoding is mended."""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from ftfy import TextFixerConfig, fix_text

from timeline.importing.report import CannotImport, Line, Report

MAX_BYTES = 20 * 1024 * 1024
MENDING = TextFixerConfig(
    uncurl_quotes=False, unescape_html=False, fix_latin_ligatures=False, fix_character_width=False
)
# ftfy knows these too, but takes a name that one of them broke for a word of these languages.
CENTRAL_EUROPEAN = ("iso-8859-2", "cp1250")
# Signs that lose their invisible bytes when a broken text is copied; of others too little is left to tell them apart.
FRAGILE = ("❤️", "❣️", "☺️", "☹️")


def read_file(path: Path, name: str, report: Report) -> str:
    """The text of the file at `path`; CannotImport, with its `name` for the editor, if there is none to read."""
    try:
        if not path.is_file():
            raise CannotImport(f"There is no file “{name}”.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CannotImport(f"{name} cannot be read: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise CannotImport(f"{name} is larger than {MAX_BYTES // 1024 // 1024} MB: is it the right file?")
    text = decode(data, name, report)
    if not text.strip():
        raise CannotImport(f"{name} is empty.")
    return text


def decode(data: bytes, name: str, report: Report) -> str:
    """The text of a file in UTF-8, UTF-16 or, when it is neither, Windows-1252; CannotImport if it is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16"
    elif b"\0" in data:
        codec = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    else:
        codec = "utf-8-sig"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        text = data.decode("sloppy-windows-1252")  # of ftfy: it has control characters where Windows-1252 has holes
        report.guess(0, "", f"{name} is not in UTF-8, it was read as Windows-1252")
    controls = sum(char < " " and not char.isspace() for char in text)
    if "\0" in text or controls > 1 + len(text) // 100:
        raise CannotImport(f"{name} is a binary file: save the document as plain text or Markdown and try again.")
    return text


def read_lines(text: str, report: Report) -> list[Line]:
    """The lines of `text`, mended; each repair is reported."""
    lines = []
    for number, broken in enumerate(re.split(r"\r\n|[\n\r\v\f\u2028\u2029]", text), 1):
        line = mend(broken)
        before, after = broken.split(), line.split()
        if len(before) != len(after):
            report.repair(number, f"{broken.strip()} → {line.strip()}", "a broken encoding")
        elif before != after:
            words = [f"{old} → {new}" for old, new in zip(before, after, strict=True) if old != new]
            report.repair(number, ", ".join(words), "a broken encoding")
        lines.append(Line(number, line))
    return lines


def mend(text: str) -> str:
    """`text` with what a wrong encoding did to it undone; real names of any language stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    for damaged, sign in DAMAGED_SIGNS.items():
        text = text.replace(damaged, sign)
    text = re.sub(r"[^ \t]+", lambda word: mend_word(word[0]), text)
    fixed = fix_text(text, MENDING)
    invents = any(unicodedata.category(char) == "Cn" for char in set(fixed) - set(text))
    return text if invents else fixed


def mend_word(word: str) -> str:
    """`word` with UTF-8 that was read as a Central European encoding put right, where its capitals look odd.

    A word such as “Ăştia” or “zvlášť” holds letters whose bytes are UTF-8 by chance; but a capital within small
    letters, or a control character, is what only a wrong encoding leaves.
    """
    controls = any(unicodedata.category(char) == "Cc" for char in word)
    if (word.islower() or word.isupper() or word.istitle()) and not controls:
        return word
    for codec, pattern in BROKEN.items():
        word = "".join(readable(part, codec) for part in pattern.split(word))
    return word


def readable(broken: str, codec: str) -> str:
    """`broken` read as UTF-8, if that gives Latin letters, punctuation or signs."""
    try:
        text = broken.encode(codec).decode()
    except UnicodeError:
        return broken
    return text if all(char < "\u0180" or "\u2000" <= char < "\u2c00" or char > "\ufe00" for char in text) else broken


def utf8_as(codec: str) -> re.Pattern[str]:
    """What single characters of UTF-8 look like to one who reads them as `codec`, for split()."""

    def chars(first: int, last: int) -> str:
        decoded = (bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in range(first, last + 1))
        return "[" + re.escape("".join(decoded)) + "]"

    more = chars(0x80, 0xBF)
    return re.compile(f"({chars(0xC2, 0xDF)}{more}|{chars(0xE0, 0xEF)}{more}{{2}}|{chars(0xF0, 0xF4)}{more}{{3}})")


def without_controls(sign: str) -> Iterator[tuple[str, str]]:
    for codec in ("iso-8859-2", "iso-8859-1"):
        yield "".join(char for char in sign.encode().decode(codec) if char.isprintable()), sign


BROKEN = {codec: utf8_as(codec) for codec in CENTRAL_EUROPEAN}
DAMAGED_SIGNS = dict(pair for sign in FRAGILE for pair in without_controls(sign))
