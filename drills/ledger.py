"""Who typed which paragraph, who took it away, and where it is in the end."""

import re
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from timeline.models import Draft, Item, User, Version

TOKEN = re.compile(r"p-[0-9]{4,}")
WORDS = ["the", "model", "learns", "from", "data", "which", "nobody", "saw", "before", "and", "answers", "in", "steps"]


def tokens(text: str) -> Counter[str]:
    """The paragraphs of the drill that stand in a text, by the number that each begins with."""
    return Counter(TOKEN.findall(text))


@dataclass
class Ledger:
    """Every paragraph is typed once in all of the drill: it begins with a number of its own."""

    chance: Random
    first: int = 0  # number: another drill may have written into the same texts
    typed: dict[str, User] = field(default_factory=dict)
    removed: dict[str, set[User]] = field(default_factory=dict)  # by those who deleted, rewrote or did not choose it

    def paragraph(self, editor: User, like: str = "") -> str:
        """A new one; `like` another but for a few words."""
        token = f"p-{self.first + len(self.typed):05}"
        self.typed[token] = editor
        words = TOKEN.sub("", like).split() or self.chance.choices(WORDS, k=self.chance.randint(4, 16))
        words[self.chance.randrange(len(words))] = self.chance.choice(WORDS)
        return f"{token} {' '.join(words)}"

    def remove(self, found: Counter[str], editor: User) -> None:
        for token in found:
            self.removed.setdefault(token, set()).add(editor)

    def check(self, items: list[Item], journals: str = "") -> tuple[list[str], list[str]]:
        """(lost, doubled): what is nowhere, and what stands twice in a text that was saved.

        What nobody removed must stand in its row, in a draft or in `journals`, the texts that browsers still hold;
        what only somebody else removed must also be in the history.
        """
        saved = [tokens(type(item)._base_manager.get(pk=item.pk).body) for item in items]
        pending = tokens(journals).keys() | {
            token for draft in Draft.objects.all() for token in tokens(str(draft.data.get("body")))
        }
        there = pending.union(*saved)
        history = [tokens(str(version.data.get("body"))) for version in Version.objects.all()]
        recorded = there.union(*history)
        lost = []
        for token, editor in self.typed.items():
            removers = self.removed.get(token, set())
            if token not in (there if not removers else recorded) and editor not in removers:
                lost.append(token)
        doubled = {token for text in [*saved, *history] for token, count in text.items() if count > 1}
        return lost, sorted(doubled)
