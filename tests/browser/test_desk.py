"""The desk of an issue and the start page, with the eyes, the mouse and the keyboard of an editor."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_accessibility import OPTIONS
from tests.browser.test_admin import change_url, sign_in
from tests.factories import edith, make_issue, make_news, make_paper, paula
from timeline.history import record
from timeline.models import Issue
from timeline.sections import section

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "A very long title that nobody could remember, with-a-word-that-is-much-longer-than-any-phone-is-wide"


@pytest.fixture
def issue() -> Issue:
    """A draft with the papers a, b and c and a news item; a paper s is on the shelf."""
    issue = make_issue(published=False, title="AI Can Think", introduction="# One\n\nTODO\n")
    for title in "abc":
        make_paper(issue, title=title, body="![](media:nowhere)")
    make_news(issue, title=LONG)
    make_paper(title="s")
    record(issue, "added")
    return issue


def titles(issue: Issue) -> str:
    return "".join(paper.title for paper in section("papers").items(issue))


def opened(page: Page, issue: Issue) -> tuple[Locator, Locator]:
    """The rows of the papers in the issue, and of those elsewhere."""
    sign_in(page, edith().email)
    page.goto(change_url(issue))
    part = page.locator("[data-kind=papers]")
    return part.locator(".desk-here > li"), part.locator(".desk-away .ordered-row")


def save(page: Page) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").first.click()


def test_items_are_ordered_by_buttons_by_keys_and_by_dragging(page: Page, issue: Issue) -> None:
    rows, _ = opened(page, issue)
    rows.nth(2).get_by_role("button", name="Move up").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-kind=papers] .order-status")).to_have_text("c: place 2")
    page.keyboard.press("Enter")  # the button keeps the focus
    save(page)
    assert titles(issue) == "cab"
    rows.nth(0).get_by_role("link", name="c", exact=True).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows.nth(1).get_by_role("link", name="c", exact=True)).to_be_focused()
    save(page)
    assert titles(issue) == "acb"
    lower_edge = rows.nth(2).bounding_box()["height"] - 4
    rows.nth(0).locator(".order-handle").drag_to(rows.nth(2), target_position={"x": 60, "y": lower_edge})
    save(page)
    assert titles(issue) == "cba"


def test_order_survives_a_reload(page: Page, issue: Issue) -> None:
    rows, away = opened(page, issue)
    rows.nth(2).get_by_role("button", name="Move up").click()
    rows.nth(0).get_by_label("Issue of a").select_option("On the shelf")
    expect(away).to_have_count(2)
    expect(page.locator(".keeper .state")).to_have_text(re.compile("Kept"))
    page.reload()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Show it").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("c")
    save(page)
    assert titles(issue) == "cb"


def test_items_come_and_go_by_keyboard(page: Page, issue: Issue) -> None:
    other = make_issue(published=False, title="Other")
    rows, away = opened(page, issue)
    page.locator("[data-kind=papers] .desk-away > summary").focus()
    page.keyboard.press("Enter")
    away.get_by_label("Issue of s").focus()
    page.keyboard.press("ArrowUp")  # to this issue
    expect(rows).to_have_count(4)
    expect(page.locator("[data-kind=papers] .order-status")).to_have_text("s: In this issue")
    expect(rows.nth(3).get_by_label("Issue of s")).to_be_focused()
    expect(rows.nth(3).get_by_label("Place of s")).to_have_value("4")
    rows.nth(3).get_by_role("button", name="Move up").press("Enter")
    rows.nth(0).get_by_label("Issue of a").focus()
    page.keyboard.press("I")  # the first of “In this issue”, “In #2 – Other” that follows the chosen one
    expect(away.get_by_label("Issue of a")).to_have_value(str(other.uuid))
    expect(rows.nth(0).get_by_label("Place of b")).to_have_value("1")
    save(page)
    assert (titles(issue), titles(other)) == ("bsc", "a")


def test_desk_does_without_script(browser: Browser, base_url: str, issue: Issue) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    rows, away = opened(page, issue)
    page.get_by_label("Place of c").fill("1")
    page.get_by_label("Issue of b").select_option("On the shelf")
    page.locator("[data-kind=papers] .desk-away > summary").click()
    page.get_by_label("Issue of s").select_option("In this issue")
    page.get_by_role("button", name="Save and continue editing").first.click()
    expect(rows).to_have_count(3)
    assert (titles(issue), away.count()) == ("cas", 1)
    context.close()


def test_preflight_at_the_side_leads_to_the_field_and_keeps_what_is_typed(page: Page, issue: Issue) -> None:
    opened(page, issue)
    side = page.get_by_role("complementary", name="Preflight")
    expect(side).to_contain_text("stop publication")
    page.locator("#id_title").fill("Typed")
    side.get_by_role("link", name="Write what “TODO” stands for, or remove it.").press("Enter")
    # Nothing is pressed after this: Chromium may move the focus there once more some frames later.
    expect(page).to_have_url(re.compile("#id_introduction$"))
    expect(page.locator("#id_introduction")).to_be_focused()
    expect(page.locator("#id_title")).to_have_value("Typed")  # no page was loaded anew


def test_preflight_at_an_item_leads_to_what_is_to_be_mended_there(page: Page, issue: Issue) -> None:
    rows, _ = opened(page, issue)
    summary = rows.nth(0).locator(".desk-findings.hard summary")
    expect(summary).to_have_text("2 stop publication")
    summary.press("Enter")
    rows.nth(0).get_by_role("link", name="Name the authors of this paper.").press("Enter")
    expect(page).to_have_url(re.compile("papersummary/.*#bylines-group$"))


def test_new_issue_is_begun_on_the_start_page_by_keyboard(page: Page, issue: Issue) -> None:
    sign_in(page, edith().email)
    page.goto("/admin/")
    expect(page.locator("[data-preflight]")).to_contain_text("stop publication")
    page.get_by_role("link", name="New issue").press("Enter")
    page.locator("#id_title").fill("AI Can Wait")
    page.locator("#id_title").press("Enter")
    expect(page.get_by_role("heading", name=f"Desk of issue {issue.number + 1}")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(browser: Browser, base_url: str, issue: Issue, scheme: Any) -> None:
    make_issue(published=False, title=LONG, withdrawn_at="2026-01-01T00:00:00Z")
    context = browser.new_context(base_url=base_url, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, paula().email)
    found = {}
    for path, parts in {
        change_url(issue): [".desk-items", ".desk-side", ".object-tools"],
        "/admin/": [".start-page"],
    }.items():
        for width in (320, 768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            expect(page.locator("[data-preflight]")).to_contain_text("stop publication")
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            rules = [
                rule["id"]
                for part in parts
                for rule in Axe().run(page, context=part, options=OPTIONS).response["violations"]
            ]
            found[path, width] = [page.evaluate("document.documentElement.scrollWidth"), *rules]
    context.close()
    assert found == {key: [key[1]] for key in found}
