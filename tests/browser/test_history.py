"""The history in the admin, by keyboard and pointer, and what axe finds there."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import problems
from tests.browser.test_admin import sign_in
from tests.factories import edith, make_image, make_issue, make_paper
from timeline.history import record
from timeline.models import Issue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issue() -> Issue:
    """Whales: its one paper was saved twice, another one was deleted."""
    issue = make_issue(published=False, number=2, title="Whales")
    paper = make_paper(issue, title="Orca", body="\n\n".join(["Kept."] * 4 + ["One two three."]), authors=["Ada"])
    gone = make_paper(issue, title="Beluga")
    for row in (paper, gone, issue):
        record(row, "added", edith())
    paper.title, paper.body = "Orca 2", paper.body.replace("three", "four")
    paper.lead_image = make_image("whale")
    paper.save()
    record(paper, "saved", edith())
    record(gone, "deleted", edith())
    gone.delete()
    record(issue, "items changed", edith())
    return issue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, base_url: str, issue: Issue, scheme: Any) -> None:
    context = browser.new_context(base_url=base_url, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, edith().email)
    paper = issue.papersummary_set.get()
    found = {}
    for path, link in [
        (reverse("admin:papers_papersummary_history", args=[paper.pk]), "What changed on"),
        (reverse("admin:timeline_issue_history", args=[issue.pk]), "Whole issue then"),
        (reverse("admin:papers_papersummary_deleted"), "What was in it"),
    ]:
        page.goto(path)
        found[path] = problems(page)
        page.get_by_role("link", name=link).last.click()
        page.wait_for_load_state()
        found[link] = problems(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
    assert {path: each for path, each in found.items() if each} == {}


def test_an_editor_chooses_two_versions_and_goes_back_by_keyboard(page: Page, issue: Issue) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, edith().email)
    page.goto(reverse("admin:papers_papersummary_change", args=[issue.papersummary_set.get().pk]))
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Compare the two chosen").press("Enter")
    expect(page.get_by_role("heading", name="Compare versions of Orca 2")).to_be_visible()
    expect(page.get_by_role("region", name="Body").locator("del")).to_have_text("[removed: three]")
    page.get_by_text("unchanged").press("Enter")
    expect(page.get_by_text("Kept.").first).to_be_visible()
    page.get_by_role("button", name="Restore the version").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("“Orca” is again as it was saved on")
    expect(page.locator("#id_title")).to_have_value("Orca")


def test_a_whole_issue_is_seen_and_had_back(page: Page, issue: Issue) -> None:
    sign_in(page, edith().email)
    page.goto(reverse("admin:timeline_issue_history", args=[issue.pk]))
    page.get_by_role("link", name="Whole issue then").last.click()
    page.get_by_role("link", name="See the page as it stood").click()
    expect(page.get_by_role("heading", name="Beluga")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Restore the whole issue").click()
    expect(page.locator(".messagelist")).to_contain_text("“#2 – Whales” is again, with all its items")
    assert [paper.title for paper in issue.papersummary_set.order_by("position")] == ["Orca", "Beluga"]
