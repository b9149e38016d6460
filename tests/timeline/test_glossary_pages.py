"""Which items use which term, kept exact through every change, and the pages that tell of it."""

import json
import re
from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.factories import edith, make_issue, make_news, make_paper, make_term
from timeline.history import record, versions
from timeline.models import Filing, Issue, Publication, Term
from timeline.publishing import publish, withdraw

pytestmark = pytest.mark.django_db


def uses() -> list[tuple[str, str]]:
    """(term, title of the item) for all that readers may see."""
    return sorted(Filing.objects.published().named("term").values_list("facet__label", "entry__title"))


def saved(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    record(row, "saved")


@pytest.fixture
def issue() -> Issue:
    issue = make_issue(number=2)
    make_paper(issue, title="Fast", date=date(2023, 11, 9), body="Tokens and an LCM. Another LCM.")
    make_paper(issue, title="The LCM", date=date(2023, 11, 8), body="# None")
    make_news(issue, title="News", date=date(2023, 11, 7), body="A token of LCM-LoRA")
    return issue


def test_term_that_is_added_today_explains_what_is_there(client: Client, issue: Issue) -> None:
    assert "<button type" not in client.get("/papers/fast/").content.decode()
    make_term("LCM")
    make_term("token", "tokens")
    assert uses() == [("LCM", "Fast"), ("LCM", "The LCM"), ("token", "Fast"), ("token", "News")]
    for path, terms in [("/papers/fast/", ["token", "lcm"]), ("/news/news/", ["token"]), ("/issues/2/", [])]:
        page = client.get(path).content.decode()
        own = re.findall(r'popovertarget="[a-z]+-[a-z]+-term:([a-z]+)"', page)
        assert own == (terms or ["token", "lcm", "token"])


def test_items_that_come_later_use_it_too(issue: Issue) -> None:
    make_term("LoRA")
    paper = make_paper(issue, title="Small", body="A LoRA")
    assert uses() == [("LoRA", "Small")]
    saved(paper, body="None")
    assert uses() == []


@pytest.mark.parametrize("kind", ["HTML", "feed", "twin", "mail"])
def test_only_pages_are_marked(client: Client, issue: Issue, kind: str) -> None:
    make_term("LCM", explanation="It draws.")
    urls = {"HTML": "/issues/2/", "feed": "/feed.atom", "twin": "/issues/2.md", "mail": "/papers/feed.rss"}
    assert ("It draws." in client.get(urls[kind]).content.decode()) is (kind == "HTML")


def test_every_change_of_a_term_changes_the_uses_and_the_pages(client: Client, issue: Issue) -> None:
    def page() -> str:
        return client.get("/papers/fast/").content.decode()

    term = make_term("token")
    assert uses() == [("token", "News")]
    term.spellings.create(name="tokens")
    saved(term)
    assert uses() == [("token", "Fast"), ("token", "News")]
    saved(term, explanation="A piece of a word.", slug="piece")
    assert "A piece of a word." in page() and "/glossary/piece/" in page()
    saved(term, name="LCM")
    term.spellings.all().delete()
    saved(term)
    assert uses() == [("LCM", "Fast"), ("LCM", "The LCM")]
    term.delete()
    assert (uses(), "<button type" in page()) == ([], False)


def test_longer_term_takes_and_gives_back_what_it_holds(issue: Issue) -> None:
    paper = make_paper(issue, title="Models", body="A latent consistency model")
    make_term("consistency model")
    longer = make_term("latent consistency model")
    assert uses() == [("latent consistency model", "Models")]
    longer.delete()
    assert uses() == [("consistency model", "Models")]
    saved(paper, issue=None)
    assert uses() == []


def test_withdrawn_items_use_nothing_until_they_come_back(client: Client, issue: Issue) -> None:
    make_term("LCM")
    before = uses()
    withdraw(issue)
    assert (uses(), "Fast" in client.get("/glossary/lcm/").content.decode()) == ([], False)
    assert "Fast" not in client.get("/glossary/").content.decode()
    publish(issue, override="A test")
    assert uses() == before


def test_rebuild_makes_the_same_from_nothing(issue: Issue) -> None:
    make_term("LCM", "LCMs")
    make_term("token", "tokens")
    before = uses()
    Filing.objects.filter(name="term").delete()
    call_command("rebuild", verbosity=0)
    assert uses() == before


def test_settings_that_are_saved_meanwhile_change_no_term(client: Client, issue: Issue) -> None:
    opened = Publication.objects.current()
    make_term("LCM")
    opened.save()
    assert "Explain LCM" in client.get("/papers/fast/").content.decode()


def test_glossary_lists_terms_from_a_to_z_with_the_newest_items(client: Client, issue: Issue) -> None:
    for number in (1, 2):
        make_paper(issue, title=f"Older {number}", date=date(2022, 1, number), body="LCM")
    make_term("LoRA", explanation="Fine-tuning with <little>.")
    make_term("latent space")
    make_term("LCM", expansion="Latent Consistency Model")
    make_term("3D")
    page = client.get("/glossary/").content.decode()
    headings = re.findall(r'<h[23][^>]*>(?:<a href="/glossary/[^/]*/">)?([^<]+)', page)
    assert headings == ["#", "3D", "L", "latent space", "LCM", "LoRA"]
    assert "Fine-tuning with &lt;little&gt;." in page and "Latent Consistency Model" in page
    items = re.search(r'href="/glossary/lcm/">LCM</a></h3>.*?<ul>(.*?)</ul>', page, re.DOTALL)
    assert items and re.findall(r'<a href="([^"]*)">\s*([^<]*)</a>', items[1]) == [
        ("/papers/fast/", "Fast"),
        ("/papers/the-lcm/", "The LCM"),
        ("/papers/older-2/", "Older 2"),
        ("/glossary/lcm/", "All 4 items with LCM"),
    ]


def test_page_of_a_term_tells_all_its_items_and_moves_with_its_address(client: Client, issue: Issue) -> None:
    term = make_term("LCM", expansion="Latent Consistency Model", explanation="It draws in few steps.")
    page = client.get("/glossary/lcm/").content.decode()
    assert [word in page for word in ("Latent Consistency Model", "It draws in few steps.", "Fast", "/news/news/")] == [
        *(True, True, True, False)
    ]
    data = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)[0])
    assert data == {
        "@context": "https://schema.org",
        "@type": "DefinedTerm",
        "name": "LCM",
        "alternateName": "Latent Consistency Model",
        "description": "It draws in few steps.",
        "url": "http://127.0.0.1:8000/glossary/lcm/",
        "inDefinedTermSet": "http://127.0.0.1:8000/glossary/",
    }
    saved(term, slug="latent")
    answer = client.get("/glossary/lcm/")
    assert (answer.status_code, answer["Location"]) == (301, "/glossary/latent/")


@pytest.mark.parametrize(
    ("url", "queries"), [("/glossary/", 7), ("/glossary/lcm/", 5), ("/papers/fast/", 6), ("/issues/2/", 8)]
)
def test_terms_cost_a_page_no_query(
    client: Client, issue: Issue, url: str, queries: int, django_assert_num_queries: Any
) -> None:
    for name in ("LCM", "token", "LoRA", "FID"):
        make_term(name, f"{name}s")
    client.get("/issues/2/")  # a process reads the terms once after a change
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


def test_editor_writes_and_merges_terms_in_the_admin(client: Client, issue: Issue) -> None:
    editor = edith()
    client.force_login(editor)
    formset = {"spellings-TOTAL_FORMS": 1, "spellings-INITIAL_FORMS": 0, "spellings-0-name": "Tokens"}
    client.post("/admin/timeline/term/add/", {"name": "LCM", "explanation": "It draws.", **formset})
    term = Term.objects.get()
    assert uses() == [("LCM", "Fast"), ("LCM", "The LCM")]
    assert [(version.data["spellings"], "seal" in version.data) for version in versions(term)] == [(["Tokens"], False)]
    double = make_term("token")
    form = {"action": "merge_chosen", "_selected_action": [term.pk, double.pk], "kept": term.pk}
    client.post("/admin/timeline/term/", form)
    assert list(Term.objects.all()) == [term]
    assert uses() == [("LCM", "Fast"), ("LCM", "News"), ("LCM", "The LCM")]
    assert client.get("/glossary/token/")["Location"] == "/glossary/lcm/"


def test_preview_of_a_text_is_what_the_site_shows(client: Client, issue: Issue) -> None:
    make_term("LCM")
    client.force_login(edith())
    form = {"content": "Tokens and an LCM. Another LCM.", "prefix": "papers-fast"}
    html = client.post("/markdownx/markdownify/", form).json()["html"]
    assert "Explain LCM" in html and html in client.get("/papers/fast/").content.decode()
