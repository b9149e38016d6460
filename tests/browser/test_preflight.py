"""The preflight with the eyes and the keyboard of an editor."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import OPTIONS
from tests.browser.test_admin import sign_in
from tests.factories import edith, make_image, make_issue, make_paper, paula
from timeline.models import Issue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def issue() -> Issue:
    issue = make_issue(published=False, title="AI Can Think", introduction="# One\n\n### Three\n\nTODO\n")
    make_image("whale", file="images/x.png", caption="It swims.", credit="Ada")
    make_paper(issue, title="Orca", body=f"![](media:whale)\n\n![](media:{'long-' * 20}name)")
    return issue


def url(page: str, issue: Issue) -> str:
    return reverse(f"admin:timeline_issue_{page}", args=[issue.pk])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(browser: Browser, base_url: str, issue: Issue, scheme: Any) -> None:
    context = browser.new_context(base_url=base_url, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, paula().email)
    found = {}
    for path in (url("preflight", issue), url("publish", issue)):
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            lists = page.locator("ul.findings, fieldset")
            violations = [
                violation
                for element in ["ul.findings", *(["form:has(textarea)"] if "publish" in path else [])]
                for violation in Axe().run(page, context=element, options=OPTIONS).response["violations"]
            ]
            overflow = lists.evaluate_all("all => all.filter((one) => one.scrollWidth > one.clientWidth).length")
            found[path, width] = [overflow, *(rule["id"] for rule in violations)]
    context.close()
    assert {key: each for key, each in found.items() if each != [0]} == {}


def test_finding_leads_to_its_field_by_keyboard(page: Page, issue: Issue) -> None:
    sign_in(page, edith().email)
    page.goto(f"/admin/timeline/issue/{issue.pk}/change/")
    page.get_by_role("link", name="Preflight").click()
    expect(page.locator("#content")).to_contain_text("5 findings of 6 stop publication.")
    page.get_by_role("link", name="Write what “TODO” stands for, or remove it.").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#id_introduction$"))
    expect(page.locator("#id_introduction")).to_be_in_viewport()
