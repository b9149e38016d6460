"""Random edits of two editors in Chromium: the form, its script and the journal in the browser's storage."""

import re
from collections import Counter
from collections.abc import Callable
from random import Random

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from drills.editors import PASSWORD, Editor, address
from drills.http_level import save_all
from drills.ledger import Ledger
from drills.site import Site
from tests.browser import chromium
from timeline.models import Draft, Item, User

KEPT, NOT_KEPT = re.compile("^Kept"), re.compile("kept in this browser")
SAVE = "Save and continue editing"


class BrowserDrill:
    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.chance = site, Random(seed)
        self.done: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.ledger = Ledger(self.chance, first=50_000)
        path = chromium.find()
        if not path:
            raise RuntimeError(chromium.MISSING)
        self.playwright = sync_playwright().start()
        self.browser = self.playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        self.contexts = {user: self.browser.new_context(base_url=site.url) for user in site.editors}
        for user, context in self.contexts.items():
            self.sign_in(context, user)
        self.pages: dict[tuple[User, Item], Page] = {}
        self.ends: list[Callable[[Page, User], None]] = [
            self.wait,
            self.save,
            self.kill_while_typing,
            self.kill_while_saving,
            self.cut_the_network,
            self.close_without_network,
            self.close_at_once,
            self.sign_out,
            self.reload,
        ]
        self.deck: list[Callable[[Page, User], None]] = []  # so that each has its turn

    def sign_in(self, context: BrowserContext, user: User) -> None:
        page = context.new_page()
        page.goto("/admin/login/")
        page.get_by_label("E-mail address").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        page.close()

    def edit(self) -> None:
        user, item = self.chance.choice(self.site.editors), self.chance.choice(self.site.items)
        page = self.pages.get((user, item)) or self.open(user, item)
        if not self.deck:
            self.deck = self.chance.sample(self.ends, len(self.ends))
        end = self.deck.pop()
        self.done[end.__name__.replace("_", " ")] += 1
        end(page, user)

    def open(self, user: User, item: Item) -> Page:
        """The form in a new tab, filled with something that it offers if it offers anything."""
        page = self.pages[user, item] = self.contexts[user].new_page()
        page.goto(address(item, "change"))
        if page.locator("#login-form").count():
            page.get_by_label("E-mail address").fill(user.email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/change/")
        offers = page.locator(".kept:visible").locator("a, .show")
        if offers.count() and self.chance.random() < 0.7:
            with page.expect_navigation():
                offers.nth(self.chance.randrange(offers.count())).click()
            self.settle(page, user)
            self.done["offer shown"] += 1
        return page

    def settle(self, page: Page, user: User) -> None:
        """Choose both where a page of merging asks."""
        while "/merge/" in page.url:
            for choice in page.locator(".merging fieldset").all():
                both = choice.locator("input[value=both]")
                (both if both.count() else choice.locator("input[value=mine]")).check()
            with page.expect_navigation():
                page.get_by_role("button", name="Save", exact=True).click()
            self.done["merge settled"] += 1

    def type(self, page: Page, user: User, between: Callable[[], None] = lambda: None) -> None:
        """A new paragraph at the end, `between` two of its letters."""
        text = self.ledger.paragraph(user)
        page.bring_to_front()  # keys go to the tab that somebody looks at
        page.locator("#id_body").press("Control+End")
        half = len(text) // 2
        page.keyboard.type(f"\n\n{text[:half]}")
        between()
        page.keyboard.type(text[half:])
        assert text in page.locator("#id_body").input_value(), "The keys did not reach the field."

    def wait(self, page: Page, user: User) -> None:
        self.type(page, user)
        expect(page.locator(".keeper .state")).to_have_text(KEPT)

    def press_save(self, page: Page, user: User) -> None:
        with page.expect_navigation():
            page.get_by_role("button", name=SAVE).first.click()
        self.settle(page, user)
        expect(page.locator("#id_body")).to_be_visible()

    def save(self, page: Page, user: User) -> None:
        self.type(page, user)
        self.press_save(page, user)

    def kill_while_typing(self, page: Page, user: User) -> None:
        self.type(page, user, between=self.site.kill)
        expect(page.locator(".keeper .state")).to_have_text(NOT_KEPT)
        self.site.start()
        self.press_save(page, user)

    def kill_while_saving(self, page: Page, user: User) -> None:
        """The page is gone, or not: whoever wrote in it opens another."""
        self.type(page, user)
        page.get_by_role("button", name=SAVE).first.click(no_wait_after=True)
        self.site.restart()
        self.close(page)

    def cut_the_network(self, page: Page, user: User) -> None:
        page.context.set_offline(True)
        self.type(page, user)
        expect(page.locator(".keeper .state")).to_have_text(NOT_KEPT)
        page.context.set_offline(False)
        self.press_save(page, user)

    def close_without_network(self, page: Page, user: User) -> None:
        page.context.set_offline(True)
        self.type(page, user)
        self.close(page)
        page.context.set_offline(False)

    def close_at_once(self, page: Page, user: User) -> None:
        self.type(page, user)
        self.close(page)

    def close(self, page: Page) -> None:
        self.pages = {key: each for key, each in self.pages.items() if each is not page}
        page.close()

    def sign_out(self, page: Page, user: User) -> None:
        session = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sessionid")
        self.type(page, user, between=lambda: self.site.sign_out(session))
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        dialog.get_by_label("E-mail").fill(user.email)
        dialog.get_by_label("Password").fill(PASSWORD)
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog).to_be_hidden()
        expect(page.locator(".keeper .state")).to_have_text(KEPT)

    def reload(self, page: Page, user: User) -> None:
        self.type(page, user)
        page.reload()

    def finish(self) -> tuple[list[str], list[str]]:
        """Show all that browsers still have, save all that is offered, and check: (lost, doubled)."""
        for page in list(self.pages.values()):
            self.close(page)
        self.site.restart()
        for user in self.site.editors:
            for item in self.site.items:
                while self.recover(user, item):
                    pass
        self.browser.close()
        self.playwright.stop()
        lost, doubled = self.ledger.check(self.site.items)
        for user in self.site.editors:
            editor = Editor(self.site, user, self.done)
            for item in self.site.items:
                save_all(editor, item, self.ledger)
        assert not Draft.objects.exists(), "There are drafts that no form offers."
        again = self.ledger.check(self.site.items)
        return sorted({*lost, *again[0]}), sorted({*doubled, *again[1]})

    def recover(self, user: User, item: Item) -> bool:
        """Send the server what this browser has of a form; whether it had anything."""
        page = self.contexts[user].new_page()
        page.goto(address(item, "change"))
        note = page.locator(".journal:visible .show")
        found = note.count() > 0
        if found:
            with page.expect_navigation():
                note.first.click()
        page.close()
        return found
