from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.factories import edith, make_draft, make_issue, make_paper, paula
from timeline.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def sign_in(page: Page, email: str) -> None:
    """With the cookie that a link to sign in would give; no page is open yet."""
    client = Client()
    client.force_login(User.objects.get(email=email))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": "localhost", "path": "/"}])


def change_url(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_link_signs_in_and_a_password_is_set(page: Page) -> None:
    link = StringIO()
    call_command("signin_link", edith().email, stdout=link)
    page.goto(link.getvalue().strip().removeprefix(settings.SITE_URL))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Not now").click()
    expect(page.get_by_role("heading", name="Desk")).to_be_visible()


def test_preview_follows_the_typing(page: Page) -> None:
    paper = make_paper(make_issue(), body="# Overview\n\nFirst text")
    sign_in(page, edith().email)
    page.goto(change_url(paper))
    field, preview = page.locator("#id_body"), page.locator(".field-body .prose")
    expect(preview.get_by_role("heading", name="Overview")).to_be_visible()
    field.fill("## Results\n\nIt is *better*: $x^2$")
    expect(preview.locator("em")).to_have_text("better")
    expect(preview.locator("math")).to_be_visible()
    assert preview.get_by_role("heading").get_attribute("id") == f"{paper.anchor}-results"


def test_authors_are_ordered_by_buttons_and_keys(page: Page) -> None:
    paper = make_paper(make_issue(published=False), authors=["Ada", "Bob", "Cy"])
    sign_in(page, edith().email)
    page.goto(change_url(paper))
    rows = page.locator("#bylines-group tr.form-row:not(.empty-form)")
    rows.nth(2).get_by_role("button", name="Move up").press("Enter")
    expect(page.locator(".order-status")).to_have_text("Cy: place 2")
    rows.nth(0).locator("input[name$=position]").press("Alt+ArrowDown")
    with page.expect_navigation():
        page.get_by_role("button", name="Save and continue editing").first.click()
    assert [place.author.name for place in paper.bylines.order_by("position")] == ["Cy", "Ada", "Bob"]


def test_publisher_publishes_after_a_question(page: Page) -> None:
    issue = make_draft(title="AI Can Think")
    sign_in(page, paula().email)
    page.goto(change_url(issue))
    page.get_by_role("link", name="Publish", exact=True).click()
    expect(page.locator("#content")).to_contain_text("becomes public at once")
    page.get_by_role("button", name="Publish").click()
    page.goto("/")
    expect(page.get_by_role("heading", name="AI Can Think")).to_be_visible()
