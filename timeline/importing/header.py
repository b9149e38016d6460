"""The first lines of a document (number, title, tagline) and its last ones, which the site supplies itself."""

import re
from collections.abc import Collection

from timeline.importing.blocks import RULE
from timeline.importing.documents import Document
from timeline.importing.frame import leave_out_marks, shown
from timeline.importing.plain import signed
from timeline.importing.report import CannotImport, Line, Report
from timeline.importing.shapes import words

EDGES = " \t-–—:|·•,/.()[]~"
ISSUE_NUMBER = re.compile(
    r"(?:#|№|\b(?:issue|number|edition|volume|episode)\b\s*(?:no\.|number)?\s*#?|\b(?:no|nr|vol|ep)\.)\s*(?P<number>\d{1,6})\b",
    re.IGNORECASE,
)
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE = re.compile(
    rf"(?:[a-z]{{3,9}},? )?(?:\d{{1,2}}(?:st|nd|rd|th)?\.? {MONTH}|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?),? \d{{4}}"
    r"|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}",
    re.IGNORECASE,
)
NAME_IS_SUPPLIED = "the site supplies the name of the publication"
LONGEST_TITLE = 300  # characters
LONGEST_TAGLINE = 120  # characters
FAREWELL = re.compile(
    r"^\W*(?:many |and )?(?:thank you|thanks(?! to\b))"
    r"|^\W*(?:and )?that(?:[’']s| is) (?:a wrap|all|it)(?:\W*$|,| for\b)"
    r"|\b(?:un)?till? next (?:time|week|month|issue)\b|^\W*(?:good)?bye\b|^\W*see you\b",
    re.IGNORECASE,
)
# Buttons of the page from which a text was copied consist of these words alone.
BUTTON_WORDS = words(
    "a and browser comment comments follow for forward friend free in join like log login now online or participate "
    "read reply share sign signup subscribe this to today unsubscribe up us view with your"
)
ASK = (
    r"(?:support|reply|share|subscribe|unsubscribe|follow|forward|comment|join|reach out|contact|promote|sponsor"
    r"|advertise|donate|want to|interested in|questions|sign up|log ?in|become|feedback)\b"
)
REQUEST = re.compile(rf"\W*{ASK}.*\b(?:me|us|my|our|this)\b", re.IGNORECASE)
LONGEST_REQUEST = 200  # characters


def read_header(lines: list[Line], document: Document, publication: str, *, marked: bool, report: Report) -> list[Line]:
    """Take number, title and tagline from the lines above the contents; the lines that are left over.

    CannotImport where there is no title.
    """
    texts = {line: text for line in lines if (text := shown(line, marked=marked))}
    all_texts = dict(texts)
    for line, text in all_texts.items():
        if reason := of_the_old_page(text, publication):
            report.leave_out(line.number, line.text, reason)
            del texts[line]
    if not texts:
        raise CannotImport("The document has no title: put a line such as “Issue 12: The title” at its top.")
    top = next((line for line in texts if line.level == 1), next(iter(texts)))
    # An introduction may speak of other issues: only short lines near the top tell the number of this one.
    near = [line for line in texts if len(texts[line]) <= LONGEST_TITLE][:4]
    for line in sorted(near, key=lambda line: line is not top):
        match = ISSUE_NUMBER.search(texts[line]) or re.match(
            rf"{re.escape(publication)}\s+(?P<number>\d{{1,6}})\b", texts[line], re.IGNORECASE
        )
        if match:
            document.number = int(match["number"])
            texts[line] = without_number(line, texts[line], match, publication, report)
            if not texts[line]:
                leave_out_marks(line, marked, report)
            break
    else:
        if name := re.match(rf"{re.escape(publication)}\s*[-–—:|·•]+\s*(?=\S)", texts[top], re.IGNORECASE):
            report.leave_out(top.number, name[0], NAME_IS_SUPPLIED)
            texts[top] = texts[top][name.end() :]
    texts = {line: text for line, text in texts.items() if text}
    top = top if top in texts else next(iter(texts), top)
    if top not in texts:
        raise CannotImport("The document has a number but no title: put one behind the number or on the next line.")
    document.fields["title"] = texts.pop(top)
    leave_out_marks(top, marked, report)
    tagline = next((line for line in texts if line.number > top.number), None)
    if tagline and is_tagline(tagline, texts[tagline], lines):
        document.fields["tagline"] = texts.pop(tagline)
        leave_out_marks(tagline, marked, report)
    return [line for line in lines if line in texts or line not in all_texts]


def of_the_old_page(text: str, publication: str) -> str:
    """Why a line of the header does not belong to the issue; "" if it does."""
    if RULE.fullmatch(text):
        return "a rule, the site draws its own"
    if text.casefold() == publication.casefold():
        return NAME_IS_SUPPLIED
    if DATE.fullmatch(text.strip(EDGES)):
        return "a date, publishing the issue sets it"
    return "a button of the page that was copied" if is_button(text) else ""


def without_number(line: Line, text: str, match: re.Match[str], publication: str, report: Report) -> str:
    """What is left of the line that numbers the issue: its title, if the line has one."""
    before, after = text[: match.start()].strip(EDGES), text[match.end() :].strip(EDGES)
    segments = re.split(r"\s+[·|•–—-]\s+", after)
    for date in [segment for segment in segments if DATE.fullmatch(segment.strip(EDGES))]:
        report.leave_out(line.number, date, "a date, publishing the issue sets it")
        after = after.replace(date, "").strip(EDGES)
    if before and (after or before.casefold() == publication.casefold()):
        report.leave_out(line.number, before, NAME_IS_SUPPLIED)
        before = ""
    word = match[0].removesuffix(match["number"]).strip(EDGES)
    if any(char.isalpha() for char in word):
        report.leave_out(line.number, word, "the site supplies the word before the number")
    return after or before


def is_button(text: str) -> bool:
    found = re.findall(r"\w+", text.casefold())
    return 0 < len(found) <= 6 and BUTTON_WORDS.issuperset(found)


def is_tagline(line: Line, text: str, lines: list[Line]) -> bool:
    """Whether a line of the header stands alone and reads like a motto, not like the start of a text."""
    alone = not any(other.text.strip() for other in lines if other.number == line.number + 1)
    return alone and len(text) <= LONGEST_TAGLINE and not text.endswith(":")


def split_closing(
    lines: list[Line], editors: Collection[str], *, marked: bool, report: Report
) -> tuple[list[Line], list[Line]]:
    """The last lines of the document: without its end, and what of its end the site does not supply itself.

    The end begins with a farewell, a request to the reader or a button, and goes on to the last line.
    """
    odd = False
    end: list[tuple[int, str]] = []
    for index in range(len(lines) - 1, -1, -1):
        text = shown(lines[index], marked=marked)
        if not text:
            continue
        if RULE.fullmatch(text) or belongs_to_closing(lines[index], text, editors):
            odd = False
        elif len(text) <= 60 and not odd and not lines[index].level and not signed(text, editors):
            odd = True  # one line of the editor's own may stand between the others
        else:
            break
        end.append((index, text))
    while end and not opens_closing(end[-1][1]):
        end.pop()
    own = []
    for index, text in reversed(end):
        if RULE.fullmatch(text) or belongs_to_closing(lines[index], text, editors):
            report.leave_out(lines[index].number, lines[index].text, "the end of an issue, the site supplies its own")
        else:
            report.guess(lines[index].number, text, "the closing text of this issue")
            own.append(lines[index])
    return lines[: end[-1][0]] if end else lines, own


def opens_closing(text: str) -> bool:
    return is_button(text) or bool(REQUEST.match(text) or (len(text) <= 120 and FAREWELL.search(text)))


def belongs_to_closing(line: Line, text: str, editors: Collection[str]) -> bool:
    if line.is_code or len(text) > LONGEST_REQUEST or signed(text, editors):
        return False
    return opens_closing(text) or bool(re.search(rf"\b{ASK}", text, re.IGNORECASE))
