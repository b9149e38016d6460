"""Editors at HTTP level, who do what static/js/draft.js does, and to whom everything happens that can."""

import http.client
from collections import Counter
from random import Random
from time import perf_counter
from typing import Literal
from urllib.parse import urlencode, urlsplit

import requests
from django.urls import reverse

from drills.forms import Fields, FormReader
from drills.ledger import Ledger, tokens
from drills.site import Site
from timeline.models import Draft, Item, User

PASSWORD = "correct horse battery"  # tests.factories
# What becomes of a request: its answer is read, or not, or the server dies while it works, or before.
Fate = Literal["answered", "cut off", "killed", "down"]
FATES: tuple[Fate, ...] = ("answered", "cut off", "killed", "down")


def address(item: Item, page: str) -> str:
    name = f"admin:{item._meta.app_label}_{item._meta.model_name}_{page}"
    return reverse(name) if page == "draft" else reverse(name, args=[item.pk])


class Editor:
    """A person with a browser: its cookies, and what its scripts keep in it."""

    def __init__(self, site: Site, user: User, done: Counter[str]) -> None:
        self.site, self.user, self.done = site, user, done
        self.session = requests.Session()
        self.journals: dict[str, tuple[Item, Fields]] = {}  # by sheet
        self.seconds: list[float] = []

    def sign_in(self) -> None:
        login = self.site.url + reverse("admin:login")
        self.session.get(login, timeout=30)
        form = {"username": self.user.email, "password": PASSWORD, "csrfmiddlewaretoken": self.token}
        answer = self.session.post(login, form, timeout=30, allow_redirects=False)
        assert answer.status_code == 302, f"Signing in: {answer.status_code} {answer.text[:500]}"
        self.done["signed in"] += 1

    @property
    def token(self) -> str:
        return self.session.cookies.get("csrftoken") or ""

    def get(self, path: str) -> requests.Response:
        answer = self.session.get(self.site.url + path, timeout=30)
        if urlsplit(answer.url).path == reverse("admin:login"):
            self.sign_in()
            return self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {self.site.told()}"
        return answer

    def post(self, path: str, fields: Fields, fate: Fate = "answered") -> requests.Response | None:
        """The answer, which may be a redirect; None where nobody read one. Who was signed out signs in and goes on."""
        if fate != "answered":
            self.done[f"request {fate}"] += 1
        if fate == "down":
            self.site.restart()
            return None
        if fate != "answered":
            self.throw(path, fields)
            if fate == "killed":
                self.site.restart()
            return None
        start = perf_counter()
        form = fields | {"csrfmiddlewaretoken": [self.token]}
        answer = self.session.post(self.site.url + path, form, timeout=30, allow_redirects=False)
        self.seconds.append(perf_counter() - start)
        if answer.status_code == 403 or answer.headers.get("Location", "").startswith(reverse("admin:login")):
            self.sign_in()
            return self.post(path, fields)
        assert answer.status_code in {200, 302}, f"{path}: {answer.status_code} {answer.text[:500]} {self.site.told()}"
        return answer

    def throw(self, path: str, fields: Fields) -> None:
        """Send a request and go without its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.session.cookies.items())
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}
        form = fields | {"csrfmiddlewaretoken": [self.token]}
        connection.request("POST", path, urlencode(form, doseq=True), headers)
        connection.close()

    def settle(self, item: Item, path: str, ledger: Ledger, choice: str = "both") -> str:
        """On the page of a merge: choose the same for each field, until it is saved; where that is the text with both,
        write something more into it. Gives that, if it is not saved: the browser has it and offers it on the form.
        """
        written = ""
        while True:
            page = self.get(path)
            draft = Draft.objects.filter(editor=self.user, sheet=path.rpartition("=")[2]).first()
            saved = type(item)._base_manager.get(pk=item.pk).body
            if "/merge/" not in urlsplit(page.url).path or draft is None:
                return "" if written in saved else written
            fields = FormReader(page.text, "revision").fields
            contested = conflicts(page.text)
            for name in contested:
                text = fields.get(f"text-{name}")
                fields[f"choice-{name}"] = ["mine" if choice == "both" and not text else choice]
                if text and choice == "both":
                    written = written or ledger.paragraph(self.user)
                    text[0] = f"{text[0].strip()}\n\n{written}"
            if "body" in contested and choice != "both":
                sides = [tokens(draft.data["body"]), tokens(saved)]
                chosen, other = sides if choice == "mine" else reversed(sides)
                ledger.remove(other - chosen, self.user)
            self.done[f"merge settled: {choice}"] += 1
            fate: Fate = ledger.chance.choices(FATES, (88, 9, 2, 1))[0]
            posted = self.post(path, fields, fate)
            if posted is not None and posted.status_code == 302:
                return ""


def conflicts(page: str) -> list[str]:
    """The names of the fields for which a page of merging asks."""
    return list(dict.fromkeys(part.partition('"')[0] for part in page.split('name="choice-')[1:]))


class Tab:
    """The form of an item on a page, as its script sees it."""

    def __init__(self, editor: Editor, item: Item, ledger: Ledger) -> None:
        self.editor, self.item, self.ledger = editor, item, ledger
        self.load()

    def load(self, query: str = "") -> None:
        """Show the form; where that leads to a merge, settle it first."""
        path = address(self.item, "change")
        answer = self.editor.get(path + query)
        written = ""
        if "/merge/" in answer.url:
            written = self.editor.settle(self.item, answer.url.removeprefix(self.editor.site.url), self.ledger)
            answer = self.editor.get(path)
        page = FormReader(answer.text, "sheet")
        self.fields = page.fields
        self.offered = [link for link in page.links if link.startswith("?draft=")]
        self.sent = self.content
        self.put(written)

    @property
    def content(self) -> Fields:
        own = {"csrfmiddlewaretoken", "sheet", "turn", "replaces", "revision", "draft"}
        return {name: values for name, values in self.fields.items() if name not in own}

    @property
    def sheet(self) -> str:
        return self.fields["sheet"][0]

    @property
    def paragraphs(self) -> list[str]:
        return self.fields["body"][0].replace("\r\n", "\n").strip().split("\n\n")

    def type(self, chance: Random) -> None:
        """Add a paragraph; perhaps rewrite or delete another, or give it another title."""
        texts = self.paragraphs
        if len(texts) > 3 and chance.random() < len(texts) / 60:  # so that it does not grow for ever
            place = chance.randrange(len(texts))
            self.ledger.remove(tokens(texts[place]), self.editor.user)
            texts[place : place + 1] = (
                [self.ledger.paragraph(self.editor.user, like=texts[place])] if chance.random() < 0.5 else []
            )
        texts.insert(chance.randint(0, len(texts)), self.ledger.paragraph(self.editor.user))
        if chance.random() < 0.05:
            self.fields["title"] = [f"Title {chance.randrange(1000)}"]
        self.write(texts)

    def write(self, texts: list[str]) -> None:
        self.fields["body"] = ["\n\n".join(texts)]
        self.fields["turn"] = [str(int(self.fields["turn"][0]) + 1)]
        self.editor.journals[self.sheet] = (self.item, dict(self.fields))

    def put(self, written: str) -> None:
        """What was written on the page of a merge and did not arrive is put into the form."""
        if written not in self.fields["body"][0]:
            self.write([*self.paragraphs, written])

    def keep(self, fate: Fate = "answered") -> None:
        """Autosave: what was not answered stays in the journal."""
        if self.content != self.sent and self.editor.post(address(self.item, "draft"), self.fields, fate):
            self.sent = self.content
            self.editor.journals.pop(self.sheet, None)

    def save(self, choice: str, fate: Fate = "answered") -> None:
        """Keep it, then save it. Without an answer the form stays on the screen, to be saved again or left."""
        self.keep()
        path = address(self.item, "change")
        answer = self.editor.post(path, self.fields | {"_continue": ["1"]}, fate)
        if answer is None:
            return
        faults = answer.text.split("errorlist")[1:]
        assert answer.status_code == 302, f"It could not be saved: {[fault[:300] for fault in faults]}"
        if "/merge/" in answer.headers["Location"]:
            self.editor.done["merge asked"] += 1
            written = self.editor.settle(self.item, answer.headers["Location"], self.ledger, choice)
            self.load()
            self.put(written)
        else:
            self.load()

    def recover(self, sheet: str) -> None:
        """Show what this browser has of a tab that was closed: the server gets it and fills the form with it."""
        _, fields = self.editor.journals[sheet]
        self.editor.post(address(self.item, "draft"), fields)
        del self.editor.journals[sheet]
        self.load(f"?draft={sheet}")
