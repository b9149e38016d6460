"""What is published is changed, looked at, updated, and told to readers, in a browser."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import OPTIONS, problems
from tests.browser.test_admin import change_url, sign_in
from tests.factories import edith, make_issue, make_paper, paula
from timeline import pending, publishing
from timeline.history import current, record
from timeline.models import Issue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issue() -> Issue:
    issue = make_issue(number=2, title="AI Can Think")
    record(make_paper(issue, title="Orca", body="It says this.", authors=["Ada"]), "added")
    record(issue, "added")
    return issue


def test_a_change_waits_until_it_is_updated(page: Page, issue: Issue) -> None:
    paper = issue.papersummary_set.get()
    sign_in(page, paula().email)
    edith()
    page.goto(change_url(paper))
    expect(page.locator(".keeper")).to_contain_text("Readers see this. What you save here waits")
    page.locator("#id_body").fill("It says that.")
    page.locator(".form-preview > summary").press("Enter")
    shown = page.frame_locator("iframe[name=form-preview]").locator("main")
    expect(shown).to_contain_text("It says that.")
    page.locator("#id_body").fill("It says *this and that*.")
    expect(shown.locator("em")).to_have_text("this and that")  # it follows the typing
    page.locator(".form-preview").get_by_role("button", name="Dark").press("Enter")
    expect(page.frame_locator("iframe[name=form-preview]").locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Save", exact=True).first.press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Readers see it when the issue is updated.")
    page.get_by_role("link", name="What waits (1)").press("Enter")
    expect(page.get_by_role("region", name="Body").locator("ins")).to_contain_text(["and that"])
    page.get_by_label("What was corrected, and why").fill("That was missing.")
    page.get_by_role("button", name="Update").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("is updated: readers see it now.")
    page.goto(paper.get_absolute_url())
    expect(page.locator(".corrected")).to_contain_text(re.compile("Corrected on .*: That was missing."))
    page.get_by_role("link", name="What changed").click()
    expect(page.get_by_role("heading", name="Corrections of issue 2")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, base_url: str, issue: Issue, scheme: Any) -> None:
    paper = issue.papersummary_set.get()
    pending.hold(paper, current(paper) | {"title": "Orca 2", "body": "It says that."})
    publishing.update(issue, note="The whole title.")
    pending.hold(paper, current(issue.papersummary_set.get()) | {"body": "It says this and that."})
    context = browser.new_context(base_url=base_url, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, paula().email)
    found: dict[str, Any] = {}
    for path in ("/issues/2/corrections/", paper.get_absolute_url(), "/issues/2/"):
        page.goto(path)
        found[path] = problems(page)
    for name, args in (("changes", [issue.pk]), ("preview", [issue.pk])):
        path = reverse(f"admin:timeline_issue_{name}", args=args)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            violations = Axe().run(page, context="#content", options=OPTIONS).response["violations"]
            found[f"{path} {width}"] = [
                f"{rule['id']} {node['target']}" for rule in violations for node in rule["nodes"]
            ]
            if page.evaluate("document.querySelector('#content').scrollWidth > innerWidth"):
                found[f"{path} {width}"].append("wider than the page")
    context.close()
    assert {path: each for path, each in found.items() if each} == {}
