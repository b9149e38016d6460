"""Random edits of two editors with up to two tabs each, at HTTP level."""

from collections import Counter
from random import Random

from drills.editors import FATES, Editor, Fate, Tab
from drills.ledger import Ledger
from drills.site import Site
from timeline.models import Draft, Item

# What follows on typing, and how often of a hundred times.
ENDS = {
    "left as typed": 10,
    "kept": 18,
    "saved": 20,
    "saved after a request failed": 8,
    "reloaded, draft shown": 9,
    "reloaded, draft left": 4,
    "tab closed": 10,
    "tab closed when it was kept": 9,
    "second tab": 5,
    "signed out": 5,
    "server killed": 2,
}


class Drill:
    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.chance = site, Random(seed)
        self.done: Counter[str] = Counter()
        self.ledger = Ledger(self.chance)
        self.editors = [Editor(site, user, self.done) for user in site.editors]
        self.tabs: list[Tab] = []

    @property
    def seconds(self) -> list[float]:
        return [each for editor in self.editors for each in editor.seconds]

    def edit(self) -> None:
        """One of them types something into one of the forms, and something becomes of it."""
        chance = self.chance
        tab = self.tab()
        tab.type(chance)
        end = chance.choices(list(ENDS), list(ENDS.values()))[0]
        self.done[end] += 1
        fate: Fate = chance.choices(FATES, (87, 10, 2, 1))[0]
        choice = chance.choices(["both", "mine", "theirs"], (8, 1, 1))[0]
        if end == "kept":
            tab.keep(fate)
        elif end == "saved":
            tab.save(choice, fate)
        elif end == "saved after a request failed":
            tab.keep("cut off")
            tab.save(choice, "cut off")
            tab.type(chance)
            tab.save(choice)
        elif end.startswith("reloaded"):
            tab.keep(fate)
            tab.load()
            if tab.offered and end.endswith("shown"):
                tab.load(chance.choice(tab.offered))
        elif end.startswith("tab closed"):
            if end.endswith("kept"):
                tab.keep()
            self.tabs.remove(tab)
        elif end == "second tab":
            self.tabs.append(Tab(tab.editor, tab.item, self.ledger))
        elif end == "signed out":
            self.site.sign_everybody_out()
        elif end == "server killed":
            self.site.restart()

    def tab(self) -> Tab:
        """One that is open, or another: then what its browser still has may be shown in it."""
        chance = self.chance
        if len(self.tabs) >= 5 or (self.tabs and chance.random() < 0.6):
            return chance.choice(self.tabs)
        tab = Tab(chance.choice(self.editors), chance.choice(self.site.items), self.ledger)
        self.tabs.append(tab)
        living = {each.sheet for each in self.tabs}
        left = [sheet for sheet, (item, _) in tab.editor.journals.items() if item == tab.item and sheet not in living]
        if left and chance.random() < 0.5:
            tab.recover(chance.choice(left))
            self.done["journal shown"] += 1
        elif tab.offered and chance.random() < 0.3:
            tab.load(chance.choice(tab.offered))
            self.done["draft shown"] += 1
        return tab

    def finish(self) -> tuple[list[str], list[str]]:
        """Close all tabs and check; then show and save all that is offered, and check again: (lost, doubled)."""
        self.site.restart()  # nothing is on its way any more
        self.tabs = []
        told = " ".join(fields["body"][0] for editor in self.editors for _, fields in editor.journals.values())
        lost, doubled = self.ledger.check(self.site.items, told)
        for editor in self.editors:
            for sheet, (item, _) in list(editor.journals.items()):
                Tab(editor, item, self.ledger).recover(sheet)
            for item in self.site.items:
                save_all(editor, item, self.ledger)
        assert not Draft.objects.exists(), "There are drafts that no form offers."
        again = self.ledger.check(self.site.items)
        return sorted({*lost, *again[0]}), sorted({*doubled, *again[1]})


def save_all(editor: Editor, item: Item, ledger: Ledger) -> None:
    """Show every draft of the item that its form offers, and save it."""
    tab = Tab(editor, item, ledger)
    while tab.offered:
        tab.load(tab.offered[0])
        if tab.fields["replaces"][0]:  # it was not merged on the way
            tab.save("both")
        while tab.content != tab.sent:
            tab.save("both")
        editor.done["draft saved in the end"] += 1
        tab.load()
