"""What a line of plain text is: a heading, the caption of a lost picture, or a paragraph.

Plain text does not say, so this is a guess. Each feature of a line speaks for or against the three; the highest sum
wins, and the report names the features that spoke for it. The weights stand in one table, FEATURES, and nowhere else.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL_WORDS = words(
    "a an and as at but by for from in into nor of off on onto or over per the to up via vs with without"
)
# Words that go on with a thought: what they start is no heading and no caption.
CONNECTIVES = words(
    "also although and because besides but eg finally first furthermore hence however ie if instead it its "
    "meanwhile moreover nevertheless next note or otherwise since so still that then there therefore these they this "
    "those though thus unlike we when whereas while yet you i he she"
)
VERBS = words(
    "am are be been being can cannot could did do does had has have is isn't aren't wasn't weren't it's let's may "
    "might must shall should that's they we were was will won't would doesn't don't didn't can't couldn't "
    "shows show uses use gives give makes make needs need we're they're you"
)
QUESTION = r"(?:What|Why|How|Who|Where|When)\b[^,.;:]*\??$"
CAPTION_WORDS = words(
    "after architecture before chart chatbot compared comparing comparison comparisons demo demonstration diagram "
    "example examples figure footage generated graph illustrated illustration image images left map photo picture "
    "pipeline plot preview render rendered right sample samples screenshot sketch snapshot teaser video videos "
    "visualisation visualised visualization visualized vs versus"
)
HEADING_WORDS = words(
    "ablation ablations abstract advantages analysis applications approach architecture availability background "
    "benchmarks breakdown challenges conclusion conclusions contributions data dataset datasets discussion details "
    "drawbacks evaluation evaluations experiments features findings future glossary highlight highlights idea ideas "
    "implementation implications intro introduction keywords limitations method methodology methods motivation notes "
    "outlook overview performance pricing problem problems results setup significance summary takeaway takeaways tests "
    "terminology terms thoughts training usage"
)


def words_of(text: str) -> list[str]:
    """The words in small letters, without “’s”; one empty word if there are none."""
    return re.findall(r"\w+", re.sub(r"[’']s\b", "", text.casefold())) or [""]


@dataclass(frozen=True)
class Candidate:
    """A line that stands alone, and what is known of its surroundings."""

    text: str
    before: str  # the kind of what stands before it: "" at the start of the item, else "heading", "caption", "list" …
    after: str  # "" at the end of the item, "list", or "text"
    next_text: str = ""
    underlined: bool = False
    subject: frozenset[str] = frozenset()  # names of the item's title, in small letters
    small_style: bool = False  # whether the author starts paragraphs with small letters

    @cached_property
    def words(self) -> list[str]:
        return [word for word in (part.strip("“”\"'‘’()[].,;:!?…") for part in self.text.split()) if word]

    @cached_property
    def small(self) -> list[str]:
        return [word.casefold().replace("’", "'").replace(".", "") for word in self.words]

    @property
    def is_short(self) -> bool:
        return len(self.text) <= 60 and len(self.words) <= 9

    @property
    def is_long(self) -> bool:
        return len(self.text) > 90 or len(self.words) > 14

    @property
    def starts_small(self) -> bool:
        return self.text[:1].islower()

    @property
    def goes_on(self) -> bool:
        return not self.small or self.small[0] in CONNECTIVES

    @property
    def has_colon(self) -> bool:
        return self.text.endswith((":", "："))

    @property
    def is_title_case(self) -> bool:
        big = [word for word in self.words if word.casefold() not in SMALL_WORDS and word[0].isalnum()]
        return len(big) > 1 and not any(word[0].islower() for word in big)

    @property
    def is_all_caps(self) -> bool:
        return sum(char.isalpha() for char in self.text) > 3 and self.text.upper() == self.text != self.text.lower()

    @property
    def has_label(self) -> bool:
        return bool(re.match(r"[^:]{2,60}: \S", self.text)) and not self.is_title_case and not self.starts_small

    @property
    def looks_like_heading(self) -> bool:
        """By itself, before its neighbours are known."""
        return self.is_short and not self.goes_on and judge(self)[0] == "heading"


@dataclass(frozen=True)
class Feature:
    says: str
    holds: Callable[[Candidate], bool]
    heading: int
    caption: int
    paragraph: int


def stands_above_heading(line: Candidate) -> bool:
    return bool(line.next_text) and Candidate(line.next_text, "paragraph", "text").looks_like_heading


FEATURES = (
    Feature("no mark of a heading or caption", lambda line: True, 0, 0, 3),
    Feature("short", lambda line: line.is_short, 1, 1, 0),
    Feature(
        "a few words",
        lambda line: len(line.words) <= 4 and len(line.text) <= 32 and not line.starts_small,
        2, 0, 0,
    ),
    Feature("long", lambda line: line.is_long, -6, -4, 3),
    Feature("ends with a colon", lambda line: line.has_colon and len(line.words) <= 6, 3, -4, 0),
    Feature("a longer line that ends with a colon", lambda line: line.has_colon and len(line.words) > 6, -2, -4, 2),
    Feature("ends like a sentence", lambda line: line.text.rstrip("”“\"’)")[-1:] in ".!…;,", -4, -3, 2),
    Feature("a short question", lambda line: line.text.endswith("?") and len(line.words) <= 8, 1, -2, 1),
    Feature("asks a question", lambda line: len(line.words) <= 7 and bool(re.match(QUESTION, line.text)), 4, -1, 0),
    Feature("one word", lambda line: len(line.words) == 1 and not line.starts_small, 1, 0, 0),
    Feature("starts with a small letter", lambda line: line.starts_small and not line.small_style, -4, 4, -1),
    Feature("goes on with a thought", lambda line: line.goes_on, -6, -4, 2),
    Feature("every word has a capital", lambda line: line.is_title_case and not line.is_all_caps, 3, 0, 0),
    Feature("in capitals", lambda line: line.is_all_caps, 4, -2, 0),
    Feature("has a verb", lambda line: not VERBS.isdisjoint(line.small), -2, -1, 1),
    Feature("a label with text", lambda line: line.has_label, -3, -3, 2),
    Feature("holds a quotation or signs", lambda line: bool(re.search("[“”\"=→≈⇒]", line.text)), -3, -3, 2),
    Feature("stands above a list", lambda line: line.after == "list", 3, -3, 0),
    Feature("stands above a long paragraph", lambda line: line.after == "text" and len(line.next_text) > 90, 2, 0, 0),
    Feature("stands at the end", lambda line: not line.after, -4, 0, 0),
    Feature("stands right under a heading", lambda line: line.before == "heading", -3, -1, 2),
    Feature("stands right under a caption", lambda line: line.before == "caption", 0, 1, 0),
    Feature("first of its item", lambda line: not line.before, -1, 2, 0),
    Feature("above a heading there", lambda line: not line.before and stands_above_heading(line), -4, 3, 0),
    Feature("starts with a name of the title", lambda line: words_of(line.text)[0] in line.subject, -3, 3, 0),
    Feature("a usual word of captions", lambda line: not CAPTION_WORDS.isdisjoint(line.small), 0, 2, 0),
    Feature(
        "named as a figure",
        lambda line: bool(re.match(r"(?i:fig(ure|\.)? ?\d+|image|picture|photo|chart|caption) ?[.:–-]", line.text)),
        -6, 8, -3,
    ),
    Feature(
        "a usual word of headings",
        lambda line: not HEADING_WORDS.isdisjoint([*line.small[:1], *line.small[-1:]]),
        2, 0, 0,
    ),
    Feature("a word and a number", lambda line: bool(re.fullmatch(r"[A-Z]\w+ (\d\d?|[A-Z])[.:]?", line.text)), 4, 0, 0),
    Feature("underlined", lambda line: line.underlined, 9, 0, 0),
)  # fmt: skip


def judge(line: Candidate) -> tuple[str, list[str]]:
    """The kind ("heading", "caption" or "paragraph") and what speaks for it; "paragraph" where two are equal."""
    true = [feature for feature in FEATURES if feature.holds(line)]
    sums = {kind: sum(getattr(feature, kind) for feature in true) for kind in ("paragraph", "heading", "caption")}
    kind = max(sums, key=lambda name: sums[name])
    return kind, [feature.says for feature in true if getattr(feature, kind) > 0]
