"""A site of 1,000 issues and 10,000 items, the same at every run.

    python -m benchmarks.generator

fills the database that DATABASE_URL names and that has no issue yet. The rows go in directly. Words, topics and authors
are distributed as in the world: a few are everywhere, most are rare.
"""

import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any, TypeVar

import django
from django.core.management import call_command

ISSUES = 1_000
ITEMS = {"papers": 7, "news": 3}  # of each issue
AUTHORS = 4_000
TOPICS = 200
ORGANISATIONS = 300
IMAGES = 200
BENCHMARKS = 40
MODELS = 400
WORDS = 30_000
TERMS = 200
START = datetime(2007, 1, 1, 9, tzinfo=UTC)  # a week before the first issue

STARTS = "a ab ac ad al an ap ar as at be bi bo br ca ce ch cl co cr da de di do dr e el en er ex fa fi fl fo fr ga ge"
MIDDLES = "ba ber bi ca cer ci co da den der di du fi fo ga ger gi la len li lo ma men mi mo na ner ni no pa per pi"
ENDS = "al ance ant ary ate ation ed ence ent er est ful ic ing ion ism ist ity ive ize less ly ment ness or ous s y"
COMMON = "the of a to and in is it that for with on model we by learning data as not are this training from results"
NAMES = "Ada Łukasz Răzvan Nguyễn Zoë Jürgen Ming Aïcha Søren Ines Omar Priya Kenji Olga Tomás Wei Lena Ivo Noor Edith"
EMOJI = "🐳 🧠 🔭 🧩 ⚡ 🎨 🪜 🗝️ 📝 🎥 🧪 🛰️"

Thing = TypeVar("Thing")


@cache
def weights(count: int) -> list[float]:
    """For that many ranked things: the second comes half as often as the first, the third a third …, about."""
    return list(accumulate(1 / (rank + 2) for rank in range(count)))


class Chance(random.Random):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        starts, middles, ends = STARTS.split(), MIDDLES.split(), ENDS.split()
        made = dict.fromkeys(COMMON.split())
        while len(made) < WORDS:
            made["".join([self.choice(starts), *self.choices(middles, k=self.randint(0, 2)), self.choice(ends)])] = None
        self.words = list(made)
        self.benchmarks = [f"{self.title(1, 1)}Bench {number}" for number in range(BENCHMARKS)]
        self.models = [f"{self.title(1, 1)} {self.randint(1, 90)}B {number}" for number in range(MODELS)]

    def some(self, things: Sequence[Thing], count: int) -> list[Thing]:
        return self.choices(things, cum_weights=weights(len(things)), k=count)

    def different(self, things: Sequence[Thing], most: int) -> list[Thing]:
        return list(dict.fromkeys(self.some(things, self.randint(1, most))))

    def terms(self) -> list[str]:
        """Of these a text has nine or so: none is everywhere, some are in hardly any text."""
        return [self.words[round(300 * (len(self.words) / 301) ** (rank / TERMS))] for rank in range(TERMS)]

    def title(self, least: int, most: int) -> str:
        return " ".join(self.some(self.words, self.randint(least, most))).title()

    def sentence(self) -> str:
        return f"{' '.join(self.some(self.words, self.randint(6, 22))).capitalize()}."

    def paragraph(self) -> str:
        return " ".join(self.sentence() for _ in range(self.randint(2, 5)))

    def percent(self) -> str:
        return f"{self.randint(100, 999) / 10}%"

    def body(self, figure: str) -> str:
        """1 to 6 KB in the dialect of docs/editing.md."""
        rows = "\n".join(f"| {self.title(1, 2)} | {self.percent()} |" for _ in range(5))
        scores = "\n".join(f"{model} = {self.percent()}" for model in self.different(self.models, 9))
        points = "\n".join(f"- {self.sentence()}" for _ in range(4))
        parts = [
            f"# Overview\n\n{self.paragraph()}",
            f"# Previous challenges\n\n{self.paragraph()}\n\n{points}",
            f"# Proposed method\n\n{self.paragraph()}\n\n![](media:{figure})\n\n{self.paragraph()}",
            "The loss is $L = -\\sum_i \\log p(x_i \\mid x_{<i})$, no more.",
            f"# Results\n\n{self.paragraph()}\n\n| Model | Score |\n| --- | --- |\n{rows}",
            f"::: takeaways\n# Key takeaways\n\n{points}\n:::",
            f"```scores {self.some(self.benchmarks, 1)[0]}\n*{scores}\n```",
        ]
        return "\n\n".join(parts[: self.randint(3, len(parts))])


def fill() -> None:
    """Make the tables and all rows; SystemExit where there is content."""
    from papers.models import Author
    from timeline.models import Image, Issue, Publication, Term, Topic
    from timeline.sections import sections

    call_command("migrate", verbosity=0)
    if Issue.objects.exists():
        sys.exit("There is content in this database: the generator fills an empty one.")
    chance = Chance(2023)
    Publication(about="# About\n\nA site of the benchmark.", reply_address="reply@ai-timeline.example").save()
    topics = Topic.objects.bulk_create(
        Topic(name=f"{chance.title(1, 2)} {number}", slug=f"topic-{number}") for number in range(TOPICS)
    )
    authors = Author.objects.bulk_create(
        Author(name=f"{name} {number}", slug=f"author-{number}", key=f"{name} {number}".lower())
        for number in range(AUTHORS)
        for name in [f"{chance.choice(NAMES.split())} {chance.title(1, 1)}"]
    )
    organisations = [f"{chance.title(1, 2)} {number}" for number in range(ORGANISATIONS)]
    images = Image.objects.bulk_create(
        Image(name=f"figure-{number}", file=f"images/{number}.png", width=1200, height=800, alt=chance.sentence())
        for number in range(IMAGES)
    )
    issues = Issue.objects.bulk_create(
        Issue(
            number=number,
            title=chance.title(3, 6),
            tagline=chance.sentence(),
            introduction=chance.paragraph(),
            published_at=START + timedelta(weeks=number),
        )
        for number in range(1, ISSUES + 1)
    )

    def make(model: Any, issue: Issue, position: int) -> Any:
        assert issue.published_at
        title = chance.title(4, 11)
        day = (issue.published_at - timedelta(days=chance.randint(0, 40))).date()
        own = {"organisation": chance.some(organisations, 1)[0]} if model.kind == "news" else {}
        return model(
            issue=issue,
            position=position,
            slug=f"{model.kind}-{issue.number}-{position}",
            emoji=chance.choice(EMOJI.split()),
            title=title,
            short_title=" ".join(title.split()[:2]),
            body=chance.body(chance.choice(images).name),
            lead_image=chance.choice(images) if chance.random() < 0.3 else None,
            date=day if chance.random() < 0.9 else None,
            **own,
        )

    for section in sections():
        model: Any = section.model
        positions = range(1, ITEMS[section.kind] + 1)
        items = model.objects.bulk_create(
            [make(model, issue, position) for issue in issues for position in positions], batch_size=500
        )
        on_topic = model.topics.through
        column = f"{model._meta.model_name}_id"
        on_topic.objects.bulk_create(
            [on_topic(topic=topic, **{column: item.pk}) for item in items for topic in chance.different(topics, 4)],
            batch_size=5_000,
        )
        section.bylines.bulk_create(
            [
                section.bylines.model(item=item, author=author, position=position)
                for item in items
                for position, author in enumerate(chance.different(authors, 9), 1)
            ],
            batch_size=5_000,
        )
    Term.objects.bulk_create(
        Term(name=word, slug=word, key=word, expansion=chance.title(2, 4), explanation=chance.sentence())
        for word in chance.terms()
    )
    call_command("migrate", verbosity=0)  # fills what is derived of content and empty


if __name__ == "__main__":
    django.setup()
    fill()
