"""Rich text as Markdown: what Google Docs, Word and web pages put on the clipboard, and what nobody should."""

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_writing import field, select  # noqa: F401 - a fixture
from tests.factories import picture
from tests.test_hostile import Runs
from timeline import markdown
from timeline.models import Image

pytestmark = pytest.mark.django_db(transaction=True)

FIXTURES = Path(__file__).parent / "fixtures"
PASTE = """(field, values) => {
    const clipboardData = new DataTransfer();
    for (const [type, value] of Object.entries(values)) clipboardData.setData(type, value);
    field.focus();
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    return field.dispatchEvent(event);
}"""


def to_markdown(page: Page, html: str) -> dict[str, Any]:
    page.goto("/healthz")
    return page.evaluate("async html => (await import('/static/js/paste.js')).toMarkdown(html)", html)


@pytest.mark.parametrize("name", ["google-docs", "word", "web-page"])
def test_rich_text_becomes_our_markdown_and_what_was_lost_is_told(page: Page, name: str) -> None:
    wanted, _, lost = (FIXTURES / f"{name}.md").read_text(encoding="utf-8").rpartition("---\n")
    found = to_markdown(page, (FIXTURES / f"{name}.html").read_text(encoding="utf-8"))
    assert found["markdown"] == wanted.strip()
    assert found["lost"] == lost.splitlines()
    assert markdown.problems(found["markdown"]) == []


def test_nothing_hostile_survives(browser: Browser, base_url: str) -> None:
    page = browser.new_page(base_url=base_url, bypass_csp=True)  # the policy is not what saves us
    dialogs: list[object] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog))
    found = to_markdown(page, (FIXTURES / "hostile.html").read_text(encoding="utf-8").replace("evil()", "alert(1)"))
    page.close()
    text = found["markdown"]
    html = markdown.to_html(text)
    assert (dialogs, Runs(html).found, found["pictures"]) == ([], [], [])
    assert [word in text for word in ("hidden", "csrf", 'onclick="')] == [False] * 3
    # What was text stays text.
    shown = markdown.to_text(text)
    for typed in ("<script>alert(1)</script>", "[x](javascript:alert(1))", "&lt;", "**not** more", "::: note"):
        assert typed in shown
    assert markdown.problems(text) == []


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("a<b> b </b>c", "a **b** c"),
        ("<b>a</b><i>b</i>", "**a***b*"),
        ("<b>a <i>b</i></b> c", "**a *b*** c"),
        ('<b>a</b><b style="font-weight:normal">b</b>', "**a**b"),
        ("<p>a<br><br>b</p>", "a\n\nb"),
        ("<p>a</p><p>&nbsp;</p><p>b</p>", "a\n\nb"),
        ('<a href="https://a.b/"><b>a</b> b</a>c', "[**a** b](https://a.b/)c"),
        ("<ul><li>a<p>b</p><ol><li>c</li></ol></li></ul>", "- a\n\n  b\n  1. c"),
        ("<table><tr><td>Only one</td></tr></table>", "Only one"),
        ("10<sup>2</sup> x<sup>abc</sup>", "10² xabc"),
        ("<code>a`b</code>", "`` a`b ``"),
        ("a < b & c &amp;amp; &lt;b&gt; 2*3 [x]", "a < b & c \\&amp; \\<b> 2\\*3 \\[x\\]"),
        ("", ""),
    ],
)
def test_small_things(page: Page, html: str, wanted: str) -> None:
    assert to_markdown(page, html)["markdown"] == wanted


def test_pasting_tells_what_was_lost_and_can_be_plain_instead(page: Page, field: Locator) -> None:  # noqa: F811
    select(field, 4, 4)
    body = page.locator(".field-body")
    report = body.get_by_role("group", name="What was pasted")
    values = {"text/html": '<p><b>One</b> <font color="red">two</font></p>', "text/plain": " One two"}
    assert field.evaluate(PASTE, values) is False
    expect(field).to_have_value("Text**One** two")
    expect(report).to_contain_text("Pasted as Markdown. Not kept: colours.")
    expect(report.get_by_role("status")).to_contain_text("Not kept: colours.")
    report.get_by_role("button", name="Paste as plain text instead").click()
    expect(field).to_have_value("Text One two")
    expect(field).to_be_focused()
    expect(report.get_by_role("status")).to_be_empty()
    expect(report.get_by_role("button")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(field).to_have_value("Text**One** two")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("Text")
    field.evaluate(PASTE, values)
    page.keyboard.type("!")
    expect(report).to_contain_text("Not kept: colours.")
    expect(report.get_by_role("button")).to_have_count(0)


def test_pasted_blocks_stand_apart_from_the_text_around_them(page: Page, field: Locator) -> None:  # noqa: F811
    select(field, 2, 2)
    field.evaluate(PASTE, {"text/html": "<h2>Title</h2><p>Said</p>", "text/plain": "Title\nSaid"})
    expect(field).to_have_value("Te\n\n## Title\n\nSaid\n\nxt")
    page.get_by_role("button", name="Paste as plain text instead").first.click()
    expect(field).to_have_value("TeTitle\nSaidxt")


def test_rich_text_that_says_no_more_than_the_plain_is_left_to_the_browser(page: Page, field: Locator) -> None:  # noqa: F811
    values = {"text/html": '<div><font color="#dddddd">a_b = [1]</font></div>', "text/plain": "a_b = [1]"}
    assert field.evaluate(PASTE, values) is True
    assert field.evaluate(PASTE, {"text/plain": "**a**"}) is True


def test_pasted_pictures_are_uploaded(page: Page, field: Locator) -> None:  # noqa: F811
    select(field, 4, 4)
    data = base64.b64encode(picture().read()).decode()
    html = f'<p> and</p><img alt="Two bars" src="data:image/png;base64,{data}"><img src="data:image/png;base64,AAAA">'
    field.evaluate(PASTE, {"text/html": html, "text/plain": "and"})
    expect(field).to_have_value("Text\n\nand\n\n![](media:two-bars)")
    expect(page.locator(".markdown-pasted").first).to_contain_text("Not kept: a picture (This is no picture")
    assert [(image.name, image.alt) for image in Image.objects.all()] == [("two-bars", "Two bars")]
