"""A line of authors becomes their names, in order."""

import re

from timeline.importing.shapes import CAPTION_WORDS, HEADING_WORDS, words

PREFIX = re.compile(r"(?:written )?by:?\s+|(?:the )?authors?\s*[:–—-]\s*", re.IGNORECASE)
OTHERS = re.compile(
    r"[,;]?\s*(?:\bet\.? al\b\.?|\band (?:\d+ )?(?:others|more)\b\.?|\+ ?\d+(?: more| others)?)\s*$", re.IGNORECASE
)
MARKS = re.compile(r"[*†‡§¶∗⁰¹²³⁴-⁹]+|(?<=[^\W\d_])\d(?:,\d)*(?=\s*(?:[,;&]|$))")
PARTICLES = words("al bin da das de del della den der di do dos du e el ibn la le los ter ten van von y zu zur")
AND = "(?:and|und|et)"
NAME = re.compile(r"[^\W\d_][^\d_,;:!?()\[\]{}<>/\\|=+“”\"@#%&*→~^]*")


def read_byline(text: str) -> tuple[list[str], list[str]]:
    """(names in order, what of the line is no name) or two empty lists if `text` names no authors.

    Two or more names are a line of authors; one needs “By” before it.
    """
    prefix = PREFIX.match(text)
    rest = text[prefix.end() :] if prefix else text
    dropped = [prefix[0].strip()] if prefix else []
    if others := OTHERS.search(rest):
        dropped.append(others[0].strip(" ,;"))
        rest = rest[: others.start()]
    dropped += MARKS.findall(rest)
    rest = MARKS.sub("", rest).strip().removesuffix(".")
    if ";" in rest:
        parts = [re.sub(rf"^\s*{AND}\s", "", part) for part in rest.split(";")]
        names = [" ".join(reversed(part.split(","))) if part.count(",") == 1 else part for part in parts]
    else:
        names = re.split(rf"[,，、·•]|\s(?:&|{AND})\s", rest)
    names = [re.sub(rf"^{AND} ", "", " ".join(name.split())) for name in names if name.strip()]
    dropped += re.findall(rf"\b{AND}\b", rest)
    whole = sum(" " in name or name.upper() == name.lower() for name in names)  # not so in Chinese
    enough = 1 if prefix or others else 2
    if len(names) < enough or not all(is_name(name) for name in names) or whole * 4 < len(names) * 3:
        return [], []
    return names, dropped


def is_name(text: str) -> bool:
    parts = text.split()
    if not NAME.fullmatch(text) or not 1 <= len(parts) <= 6 or len(text) > 60:
        return False
    if any(word.casefold() in HEADING_WORDS | CAPTION_WORDS for word in parts):
        return False
    return not any(word[0].islower() and word.casefold() not in PARTICLES for word in parts)
