"""A term explains itself to whoever points at it, comes to it by keyboard, taps it, or has no script."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.factories import make_issue, make_paper, make_term

pytestmark = pytest.mark.django_db(transaction=True)

WHAT = "It draws in few steps."


@pytest.fixture(autouse=True)
def paper() -> None:
    make_paper(make_issue(), title="Fast", body="An LCM and a LoRA.\n\nThe end.")
    make_term("LCM", expansion="Latent Consistency Model", explanation=WHAT)
    make_term("LoRA", explanation="Small.")


def explanation(page: Page) -> Locator:
    return page.get_by_text(WHAT)


def test_pointing_shows_it_until_one_points_elsewhere_or_dismisses_it(page: Page) -> None:
    page.goto("/papers/fast/")
    expect(explanation(page)).to_be_hidden()
    page.locator(".term").first.hover()
    expect(explanation(page)).to_be_visible()
    explanation(page).hover()
    page.get_by_role("link", name="In the glossary").hover()
    expect(explanation(page)).to_be_visible()
    page.get_by_text("The end.").hover()
    expect(explanation(page)).to_be_hidden()
    page.locator(".term").first.hover()
    expect(explanation(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation(page)).to_be_hidden()


def test_keyboard_comes_to_it_and_through_it(page: Page) -> None:
    page.goto("/papers/fast/")
    button = page.get_by_role("button", name="Explain LCM")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("(each) => each === document.activeElement"):
            break
    expect(explanation(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation(page)).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(explanation(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="In the glossary")).to_be_focused()
    page.keyboard.press("Escape")
    expect(explanation(page)).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Small.")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_text("Small.")).to_be_hidden()


@pytest.mark.parametrize("script", [True, False])
def test_press_shows_it_until_it_is_dismissed(browser: Browser, base_url: str, script: bool) -> None:
    context = browser.new_context(
        base_url=base_url, java_script_enabled=script, has_touch=True, viewport={"width": 320, "height": 640}
    )
    page = context.new_page()
    page.goto("/papers/fast/")
    page.locator(".term button").first.tap()
    expect(explanation(page)).to_be_visible()
    box = explanation(page).bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320
    page.locator(".term button").first.tap()
    expect(explanation(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(explanation(page)).to_be_hidden()
    page.locator(".term button").first.tap()
    page.get_by_role("link", name="In the glossary").tap()
    expect(page).to_have_url(f"{base_url}/glossary/lcm/")
    context.close()


def test_text_is_copied_without_explanations(page: Page) -> None:
    page.goto("/papers/fast/")
    copied = page.locator(".prose").evaluate("each => `${getSelection().selectAllChildren(each), getSelection()}`")
    assert copied.split("\n\n")[:2] == ["An LCM and a LoRA.", "The end."]
    assert WHAT not in copied
