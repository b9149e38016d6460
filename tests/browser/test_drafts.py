"""What is typed survives a reload, a network that is cut, and a session that ends."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from papers.models import PaperSummary
from tests.browser.test_admin import change_url, sign_in
from tests.factories import edith, make_issue, make_paper
from tests.timeline.test_drafts import draft_of
from timeline.history import record
from timeline.models import Draft

pytestmark = pytest.mark.django_db(transaction=True)
DESK = re.compile(r"/timeline/issue/[0-9]+/change/$")  # where a saved item leads
KEPT = re.compile("Kept")


def opened(page: Page) -> PaperSummary:
    paper = make_paper(make_issue(published=False), title="Orca 2", authors=["Ada"], body="First.")
    record(paper, "added")
    sign_in(page, edith().email)
    page.goto(change_url(paper))
    return paper


def test_what_is_typed_is_kept_and_offered_after_a_reload(page: Page) -> None:
    paper = opened(page)
    page.locator("#id_body").fill("First.\n\nTyped, not saved.")
    expect(page.locator(".keeper .state")).to_have_text(KEPT)
    assert draft_of(paper, edith()).data["body"].replace("\r\n", "\n") == "First.\n\nTyped, not saved."
    page.reload()
    expect(page.locator("#id_body")).to_have_value("First.")
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("#id_body")).to_have_value("First.\n\nTyped, not saved.")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(DESK)
    paper.refresh_from_db()
    assert (paper.body.replace("\r\n", "\n"), Draft.objects.count()) == ("First.\n\nTyped, not saved.", 0)
    page.goto(change_url(paper))
    expect(page.locator(".kept:visible")).to_have_count(0)


def test_network_that_is_cut_loses_nothing(page: Page) -> None:
    paper = opened(page)
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#id_body").fill("Typed without a network.")
    expect(page.locator(".keeper .state")).to_contain_text("kept in this browser")
    page.unroute("**/draft/")
    page.goto(change_url(paper))
    expect(page.locator("#id_body")).to_have_value("First.")
    expect(page.locator(".journal")).to_be_visible()
    page.locator(".journal .show").click()
    expect(page.locator("#id_body")).to_have_value("Typed without a network.")
    assert draft_of(paper, edith()).data["body"] == "Typed without a network."
    expect(page.locator(".journal")).to_be_hidden()


def test_what_was_discarded_is_offered_no_more(page: Page) -> None:
    paper = opened(page)
    page.locator("#id_body").fill("Nonsense")
    expect(page.locator(".keeper .state")).to_have_text(KEPT)
    page.reload()
    page.locator(".kept:visible .discard").click()
    expect(page.locator(".kept:visible")).to_have_count(0)
    page.reload()
    expect(page.locator(".kept:visible")).to_have_count(0)
    assert draft_of(paper, edith()) is None


def test_who_was_signed_out_signs_in_in_place_and_saves(page: Page) -> None:
    paper = opened(page)
    Session.objects.all().delete()
    page.locator("#id_body").fill("Typed while signed out.")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("E-mail").fill(edith().email)
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("do not go together")
    dialog.get_by_label("Password").fill("correct horse battery")
    dialog.get_by_label("Password").press("Enter")
    expect(dialog).to_be_hidden()
    page.keyboard.type(" And on.")  # the keys go where they went before
    expect(page.locator("#id_body")).to_have_value("Typed while signed out. And on.")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(DESK)
    paper.refresh_from_db()
    assert paper.body == "Typed while signed out. And on."


def test_caret_is_back_before_the_first_key_after_a_dialog(page: Page) -> None:
    opened(page)
    field = page.locator("#id_body")
    Session.objects.all().delete()
    field.fill("Typed while signed out.")
    expect(page.get_by_role("dialog")).to_be_visible()
    field.evaluate("""async () => {
        const dialog = document.querySelector("dialog[open]");
        const closed = new Promise((resolve) => dialog.addEventListener("close", resolve));
        dialog.close();
        await null; // no key comes before this, but one may come before the event
        document.execCommand("insertText", false, " And");
        await closed;
    }""")
    page.keyboard.type(" on.")
    expect(field).to_have_value("Typed while signed out. And on.")


def test_new_text_is_offered_on_the_page_where_one_adds(page: Page) -> None:
    opened(page)
    page.goto("/admin/papers/papersummary/add/")
    page.locator("#id_title").fill("Begun")
    page.locator("#id_body").fill("Half a text")
    expect(page.locator(".keeper .state")).to_have_text(KEPT)
    page.goto("/admin/papers/papersummary/add/")
    page.get_by_role("link", name="Go on with it").click()
    expect(page.locator("#id_body")).to_have_value("Half a text")


def typed_in_two_tabs(page: Page, paper: PaperSummary) -> Page:
    """Two tabs without a network, in which the same editor types; gives the second."""
    other = page.context.new_page()
    other.goto(change_url(paper))
    page.context.set_offline(True)
    for tab, text in ((page, "First tab."), (other, "Second tab.")):
        tab.locator("#id_body").fill(text)
        expect(tab.locator(".keeper .state")).to_contain_text("kept in this browser")
    return other


def test_two_tabs_keep_what_is_typed_each_for_itself(page: Page) -> None:
    paper = opened(page)
    other = typed_in_two_tabs(page, paper)
    other.close()
    page.close(run_before_unload=False)
    other.context.set_offline(False)
    again = other.context.new_page()
    again.goto(change_url(paper))
    for left in (2, 1):
        notes = again.locator(".journal:visible")
        expect(notes).to_have_count(left)
        with again.expect_navigation():
            notes.locator(".show").first.click()
        again.goto(change_url(paper))
    expect(notes).to_have_count(0)
    expect(again.get_by_role("link", name="Show it")).to_have_count(2)
    assert sorted(draft.data["body"] for draft in Draft.objects.all()) == ["First tab.", "Second tab."]


def test_own_second_tab_is_no_stranger(page: Page) -> None:
    paper = opened(page)
    other = page.context.new_page()
    other.goto(change_url(paper))
    other.locator("#id_title").fill("From the other tab")
    other.get_by_role("button", name="Save", exact=True).first.click()
    other.wait_for_url(DESK)
    page.locator("#id_short_title").fill("From this")
    expect(page.locator(".keeper .others")).to_contain_text("You have saved it elsewhere")
    expect(page.locator(".keeper .others")).not_to_contain_text("too")
    with page.expect_navigation():
        page.get_by_role("button", name="Save", exact=True).first.click()
    paper.refresh_from_db()
    assert (paper.title, paper.short_title) == ("From the other tab", "From this")


def test_reload_leaves_what_was_typed_to_the_journal(page: Page) -> None:
    """A browser that put the text back by itself would make it look as if the server had it."""
    paper = opened(page)
    page.route("**/draft/", lambda route: route.abort())
    page.locator("#id_body").press("Control+End")
    page.keyboard.type(" Typed, and reloaded at once.")
    page.reload()
    expect(page.locator("#id_body")).to_have_value("First.")
    expect(page.locator(".journal")).to_be_visible()
    page.unroute("**/draft/")
    page.locator(".journal .show").click()
    expect(page.locator("#id_body")).to_have_value("First. Typed, and reloaded at once.")
    assert draft_of(paper, edith()).data["body"] == "First. Typed, and reloaded at once."


def test_who_signed_in_again_in_another_tab_is_asked_no_more(page: Page) -> None:
    paper = opened(page)
    Session.objects.all().delete()
    sign_in(other := page.context.new_page(), edith().email)
    other.close()
    page.locator("#id_body").fill("Typed with the token of before.")
    expect(page.locator(".keeper .state")).to_have_text(KEPT)
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(DESK)
    paper.refresh_from_db()
    assert paper.body == "Typed with the token of before."


def test_form_stays_where_the_server_does_not_answer(page: Page) -> None:
    paper = opened(page)
    page.locator("#id_body").fill("Typed.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator(".keeper .state")).to_contain_text("The server does not answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url(DESK)
    paper.refresh_from_db()
    assert paper.body == "Typed."


def test_two_versions_are_settled_by_keyboard(page: Page) -> None:
    paper = opened(page)
    page.locator("#id_title").fill("My title")
    paper.title = "Their title"
    paper.save()
    record(paper, "saved")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url("**/merge/**")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}).response["violations"]
    assert [violation["id"] for violation in found] == []
    page.get_by_role("radio", name="Theirs").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Mine")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/change/")
    paper.refresh_from_db()
    assert paper.title == "My title"


def test_what_was_written_on_the_page_of_a_merge_outlives_a_session(page: Page) -> None:
    paper = opened(page)
    page.locator("#id_body").fill("Mine.")
    paper.body = "Theirs."
    paper.save()
    record(paper, "saved")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_url("**/merge/**")
    merging = page.url
    field = page.get_by_role("textbox", name="Body, with both in it")
    field.fill("Mine and theirs, and more.")
    Session.objects.all().delete()
    page.get_by_role("radio", name="This text").check()
    page.get_by_role("button", name="Save", exact=True).click()
    sign_in(page, edith().email)
    page.goto(merging)
    expect(field).to_have_value("Theirs.\n\nMine.\n")
    page.get_by_role("button", name="Put it into its field").click()
    expect(field).to_have_value("Mine and theirs, and more.")
    page.get_by_role("radio", name="This text").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/change/")
    paper.refresh_from_db()
    assert paper.body == "Mine and theirs, and more."
    expect(page.locator(".kept:visible")).to_have_count(0)
