"""How a work is cited: BibTeX, RIS and CSL-JSON, of what a summary is about and of the summary itself."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from slugify import slugify

# What belongs to a family name, and what comes behind it.
PARTICLES = {
    *("al", "ap", "ben", "bin", "da", "das", "de", "degli", "dei", "del", "della", "den", "der", "di", "dos", "du"),
    *("el", "ibn", "la", "las", "le", "los", "san", "st.", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur"),
}
SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"}
# The last word of what is no person.
GROUPS = {
    *("ai", "brain", "center", "centre", "collaboration", "community", "consortium", "foundation", "group", "inc."),
    *("initiative", "institute", "lab", "labs", "project", "research", "team", "university"),
}
STOP_WORDS = {"a", "an", "and", "are", "by", "for", "from", "in", "is", "of", "on", "the", "to", "towards", "with"}


@dataclass(frozen=True)
class Name:
    """Of a person, or as a whole in `family` alone: of a group, or where there is nothing to split."""

    family: str
    given: str = ""
    suffix: str = ""


def parse_name(text: str) -> Name:
    """“Luciano Del Corro” is Del Corro, Luciano; “Sammy Davis Jr.” has a suffix; “OpenAI” and “李明” stay whole."""
    words = text.split()
    if len(words) < 2 or words[-1].lower() in GROUPS or "," in text or {"and", "et"} & set(words):
        return Name(" ".join(words))
    suffix = words.pop() if len(words) > 2 and words[-1].lower() in SUFFIXES else ""
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in PARTICLES:
        start -= 1
    return Name(" ".join(words[start:]), " ".join(words[:start]), suffix)


@dataclass(frozen=True)
class Work:
    """What the three forms are made of; "" and None are left out."""

    label: str  # as readers see it: "The paper"
    name: str  # of its files: "paper"
    title: str
    authors: tuple[str, ...]
    date: date | None
    url: str
    doi: str = ""
    arxiv_id: str = ""
    venue: str = ""
    container: str = ""  # the publication that it is part of
    issue: int | None = None

    @property
    def key(self) -> str:
        """mitra2023orca: the first author's family, the year, the first word of the title that says something."""
        family = slugify(parse_name(self.authors[0]).family, separator="") if self.authors else ""
        words = slugify(self.title.partition(":")[0]).split("-")
        word = next((word for word in words if word not in STOP_WORDS), "")
        year = str(self.date.year) if self.date else ""
        return f"{family}{year}{word}{'-summary' if self.container else ''}" or "untitled"


def bibtex(work: Work) -> str:
    """For BibTeX and biblatex, in UTF-8. Titles are in braces twice, so that no style changes their capitals."""
    day = work.date
    fields = {
        "title": f"{{{escaped(work.title)}}}",
        "author": " and ".join(map(_bibtex_name, work.authors)),
        "year": f"{day.year}" if day else "",
        "month": f"{day.month}" if day else "",
        "date": day.isoformat() if day and work.container else "",
        "eprint": work.arxiv_id,
        "archiveprefix": "arXiv" if work.arxiv_id else "",
        "doi": work.doi,
        "note": escaped(work.venue),
        "howpublished": escaped(f"{work.container}, issue {work.issue}") if work.container else "",
        "url": work.url,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{work.key},", *lines, "}", ""])


_TEX = {
    **{sign: f"\\{sign}" for sign in "&%#_$"},
    **{"\\": r"{\textbackslash}", "{": r"{\textbraceleft}", "}": r"{\textbraceright}"},
    **{"~": r"{\textasciitilde}", "^": r"{\textasciicircum}"},
}
_FORMULA = re.compile(r"\$[^$\s](?:[^$]*[^$\s])?\$")


def escaped(text: str) -> str:
    """`text` for TeX; a formula in dollars stays one as long as its braces close."""
    parts, at = [], 0
    for formula in _FORMULA.finditer(text):
        if _is_balanced(formula[0]):
            parts += [_escaped(text[at : formula.start()]), formula[0]]
            at = formula.end()
    return "".join([*parts, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in " ".join(text.split(" ")) if char.isprintable() or char == " ")


def _is_balanced(formula: str) -> bool:
    depth = 0
    for char in formula:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return depth == 0 and not formula.endswith(r"\$")


def _bibtex_name(text: str) -> str:
    name = parse_name(text)
    if not name.given:
        return f"{{{escaped(name.family)}}}"
    return escaped(", ".join(filter(None, [name.family, name.suffix, name.given])))


def ris(work: Work) -> str:
    day = work.date
    fields = [
        ("TY", "MGZN" if work.container else "UNPB"),
        ("TI", work.title),
        *(("AU", _ris_name(author)) for author in work.authors),
        ("PY", f"{day:%Y}" if day else ""),
        ("DA", f"{day:%Y/%m/%d}" if day else ""),
        ("T2", work.container),
        ("IS", str(work.issue) if work.issue else ""),
        ("DO", work.doi),
        ("PB", "arXiv" if work.arxiv_id else ""),
        ("M1", f"arXiv:{work.arxiv_id}" if work.arxiv_id else ""),
        ("N1", work.venue),
        ("UR", work.url),
    ]
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in fields if value.strip()]
    return "\r\n".join([*lines, "ER  - ", ""])


def _ris_name(text: str) -> str:
    name = parse_name(text)
    return ", ".join(filter(None, [name.family, name.given, name.suffix]))


def csl_json(work: Work) -> str:
    """https://docs.citationstyles.org/en/stable/specification.html, a list of one item."""
    day = work.date
    item: dict[str, Any] = {
        "id": work.key,
        "type": "article-magazine" if work.container else "article",
        "title": work.title,
        "author": [_csl_name(author) for author in work.authors],
        "issued": {"date-parts": [[day.year, day.month, day.day]]} if day else None,
        "container-title": work.container,
        "issue": str(work.issue) if work.issue else "",
        "publisher": "arXiv" if work.arxiv_id else "",
        "number": f"arXiv:{work.arxiv_id}" if work.arxiv_id else "",
        "DOI": work.doi,
        "note": work.venue,
        "URL": work.url,
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2) + "\n"


def _csl_name(text: str) -> dict[str, str]:
    name = parse_name(text)
    if not name.given:
        return {"literal": name.family}
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
    return {part: value for part, value in parts.items() if value}


@dataclass(frozen=True)
class Form:
    label: str
    ending: str
    media_type: str
    write: Callable[[Work], str]


FORMS: Sequence[Form] = (
    Form("BibTeX", "bib", "application/x-bibtex", bibtex),
    Form("RIS", "ris", "application/x-research-info-systems", ris),
    Form("CSL-JSON", "json", "application/vnd.citationstyles.csl+json", csl_json),
)
