"""Search and the timeline as a reader uses them, with and without script."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import make_issue, make_news, make_paper, tag

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def reader(request: pytest.FixtureRequest, browser: Browser, base_url: str) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param, base_url=base_url)
    yield context.new_page()
    context.close()


@pytest.fixture(autouse=True)
def line() -> None:
    issue = make_issue(number=2, title="AI Can Think", at=datetime(2023, 11, 27, tzinfo=UTC))
    orca = make_paper(
        issue,
        title="Orca 2: Teaching Small Models How to Reason",
        emoji="🐳",
        date=date(2023, 11, 18),
        authors=["Łukasz Kaiser"],
        body="The student learns to reason step by step, and a second student learns to reason too.",
    )
    tag(orca, "Reasoning")
    make_paper(issue, title="LoRA", date=date(2022, 6, 17), body="Small updates. No reason to tune it all.")
    make_news(issue, title="Claude", emoji="📝", date=date(2023, 11, 21), organisation="Anthropic", body="It reasons.")


def test_reader_searches_narrows_and_opens_what_was_found(reader: Page) -> None:
    reader.goto("/")
    reader.get_by_label("Search everything").fill("reasoning")
    reader.keyboard.press("Enter")
    expect(reader.get_by_role("status")).to_have_text("3 results, best match first.")
    expect(reader.locator(".found mark").first).to_have_text("Reason")
    reader.get_by_role("navigation", name="Narrow").get_by_role("link", name="Research Papers").click()
    expect(reader.get_by_role("status")).to_have_text("2 results, best match first.")
    expect(reader.locator(".chosen")).to_contain_text("Section: Research Papers")
    reader.get_by_role("link", name="Remove Research Papers").click()
    expect(reader.get_by_role("status")).to_have_text("3 results, best match first.")
    reader.get_by_role("heading", name="Orca 2").get_by_role("link").click()
    expect(reader).to_have_url("/papers/orca-2-teaching-small-models-how-to-reason/")


def test_a_search_that_finds_nothing_offers_the_nearest_words(reader: Page) -> None:
    reader.goto("/search/?q=studnet")
    reader.get_by_role("status").get_by_role("link", name="student").click()
    expect(reader.get_by_role("searchbox")).to_have_value("student")
    expect(reader.get_by_role("heading", name="Orca 2")).to_be_visible()


def test_names_are_found_without_their_diacritics(reader: Page) -> None:
    reader.goto("/search/?q=lukasz+kaiser")
    expect(reader.locator(".found mark")).to_have_text(["Łukasz", "Kaiser"])


def test_reader_walks_the_timeline_by_year_kind_and_topic(reader: Page) -> None:
    reader.goto("/timeline/")
    stops = reader.locator(".axis h4")
    expect(stops).to_contain_text(["AI Can Think", "Claude", "Orca 2"])
    reader.get_by_role("navigation", name="Years").get_by_role("link", name="2022").click()
    expect(reader).to_have_url("/timeline/2022/")
    expect(stops).to_have_text(["LoRA"])
    reader.goto("/timeline/")
    reader.get_by_role("navigation", name="Kinds").get_by_role("link", name="Industry News").click()
    expect(stops).to_have_text(["Claude"])
    reader.goto("/timeline/")
    reader.get_by_text("Follow one topic").click()
    reader.get_by_role("link", name="Reasoning").click()
    expect(reader).to_have_url("/timeline/topics/reasoning/")
    expect(stops).to_contain_text(["Orca 2"])
    reader.get_by_role("link", name="Show everything again").click()
    expect(stops).to_contain_text(["AI Can Think", "Claude", "Orca 2"])


def test_timeline_is_walked_by_keyboard(page: Page) -> None:
    page.goto("/timeline/")
    titles = []
    for _ in range(60):
        page.keyboard.press("Tab")
        titles.append(page.evaluate("document.activeElement.textContent.trim()"))
    order = [titles.index(title) for title in ("Everything 3", "2023 3", "Claude")]
    assert order == sorted(order)
    page.get_by_text("Follow one topic").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Reasoning")).to_be_visible()
