"""The Markdown field as an editor uses it: toolbar, keys, preview, what is to be mended, the dialog of figures."""

import base64
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_accessibility import OPTIONS
from tests.browser.test_admin import change_url, sign_in
from tests.factories import edith, make_issue, make_paper, picture
from timeline.models import Image

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def field(page: Page) -> Locator:
    """The body of a paper that says "Text", in the form of Edith."""
    paper = make_paper(make_issue(), body="Text")
    sign_in(page, edith().email)
    page.goto(change_url(paper))
    expect(page.locator(".field-body .prose")).to_have_text("Text")
    return page.locator("#id_body")


def select(field: Locator, start: int, end: int) -> None:
    field.evaluate("(field, [start, end]) => { field.focus(); field.setSelectionRange(start, end); }", [start, end])


def selected(field: Locator) -> str:
    return field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")


BLOCKS = {
    "Table (Ctrl+Alt+B)": "Some \n\n| text | Score |\n|:------|------:|\n| Orca  |    50 |\n\n here",
    "Note (Ctrl+Alt+N)": "Some \n\n::: note\ntext\n:::\n\n here",
    "Takeaways (Ctrl+Alt+Y)": "Some \n\n::: takeaways\n## Key takeaways\n- text\n:::\n\n here",
    "Scores (Ctrl+Alt+S)": "Some \n\n```scores text\nmetric: accuracy, higher is better\n"
    "*This model = 50%\nAnother model = 40%\n```\n\n here",
}
ACTIONS = {
    "Heading (Ctrl+Alt+2)": "# Some text here",
    "Bold (Ctrl+B)": "Some **text** here",
    "Italic (Ctrl+I)": "Some *text* here",
    "List (Ctrl+Shift+8)": "- Some text here",
    "Numbered list (Ctrl+Shift+7)": "1. Some text here",
    "Link (Ctrl+K)": "Some [text](https://) here",
    "Code (Ctrl+E)": "Some `text` here",
    "Formula (Ctrl+Alt+M)": "Some $text$ here",
    "Footnote (Ctrl+Alt+F)": "Some text[^1] here\n\n[^1]: ",
    **BLOCKS,
}


def test_each_action_is_done_by_button_and_by_key_and_undone_by_the_field(page: Page, field: Locator) -> None:
    toolbar = page.locator(".field-body").get_by_role("toolbar", name="Markdown")
    told = toolbar.get_by_role("button").evaluate_all("all => all.map((each) => each.getAttribute('aria-label'))")
    assert {*told} - {*ACTIONS} == {"Figure (Ctrl+Alt+G)", "Term (Ctrl+Alt+E)"}
    field.fill("Some text here")
    undone, by_button, by_key = {}, {}, {}
    for name in ACTIONS:
        select(field, 5, 9)
        toolbar.get_by_role("button", name=name, exact=True).click()
        expect(field).to_be_focused()
        by_button[name] = field.input_value()
        page.keyboard.press("Control+z")
        undone[name] = field.input_value()
        select(field, 5, 9)
        keys = name.partition("(")[2].rstrip(")").split("+")
        key = f"Digit{keys[-1]}" if keys[-1].isdigit() else f"Key{keys[-1]}"
        page.keyboard.press("+".join(["Control", *keys[1:-1], key]))
        by_key[name] = field.input_value()
        page.keyboard.press("Control+z")
    assert by_button == ACTIONS
    assert by_key == ACTIONS
    assert undone == dict.fromkeys(ACTIONS, "Some text here")


def test_an_action_twice_takes_it_back_and_what_it_put_in_is_selected(page: Page, field: Locator) -> None:
    field.fill("one ***two***\n\nthree")
    select(field, 7, 10)
    page.keyboard.press("Control+i")
    expect(field).to_have_value("one **two**\n\nthree")
    assert selected(field) == "two"
    page.keyboard.press("Control+b")
    expect(field).to_have_value("one two\n\nthree")
    select(field, 9, 14)
    for shown in ("# three", "## three", "### three", "three"):
        page.keyboard.press("Control+Alt+Digit2")
        expect(field).to_have_value(f"one two\n\n{shown}")
    for keys, shown in (("8", "- three"), ("7", "1. three"), ("7", "three")):
        page.keyboard.press(f"Control+Shift+Digit{keys}")
        expect(field).to_have_value(f"one two\n\n{shown}")
    select(field, 0, 3)
    page.keyboard.press("Control+k")
    assert selected(field) == "https://"
    field.fill("A[^2] b\n\n[^2]: Two")
    select(field, 7, 7)
    page.keyboard.press("Control+Alt+KeyF")
    page.keyboard.type("Three")
    expect(field).to_have_value("A[^2] b[^3]\n\n[^2]: Two\n[^3]: Three")


def test_tab_leaves_and_arrows_go_through_the_toolbar(page: Page, field: Locator) -> None:
    field.focus()
    page.keyboard.press("Shift+Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Heading")
    page.keyboard.press("ArrowLeft")
    expect(focused).to_have_text("Term")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_text("Bold")
    page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Web")
    expect(field).to_have_value("Text")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(focused).to_have_text("Bold")


def test_enter_goes_on_with_a_list_and_ends_it(page: Page, field: Locator) -> None:
    field.fill("")
    for typed in ("- one", "two", ""):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    page.keyboard.type("9. nine")
    page.keyboard.press("Enter")
    page.keyboard.type("ten")
    expect(field).to_have_value("- one\n- two\n9. nine\n10. ten")
    field.fill("- [x] done")
    page.keyboard.press("Enter")
    expect(field).to_have_value("- [x] done\n- [ ] ")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("- [x] done")
    field.fill("```\n- code")
    page.keyboard.press("Enter")
    expect(field).to_have_value("```\n- code\n")


def test_a_term_opens_its_form_with_its_name(page: Page, field: Locator) -> None:
    field.fill("The LCM is")
    select(field, 4, 7)
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Alt+KeyE")
    expect(opened.value.locator("#id_name")).to_have_value("LCM")
    expect(field).to_have_value("The LCM is")


def test_problems_stand_at_their_lines_and_words_are_counted(page: Page, field: Locator) -> None:
    body = page.locator(".field-body")
    field.fill("Four words $x$ here\n\n$\\frac{1}$\n\n::: nota\n:::")
    problems = body.get_by_role("list", name="To mend").get_by_role("listitem")
    expect(problems).to_have_count(2)
    expect(body.locator(".markdown-status")).to_have_text("2 to mend, in line 3, 5.")
    expect(problems.nth(1)).to_contain_text("“::: nota” is not known")
    problems.nth(1).get_by_role("button", name="Line 5").click()
    expect(field).to_be_focused()
    assert selected(field) == "::: nota"
    field.fill("Four words $x$ here. " * 100)
    expect(problems).to_have_count(0)
    expect(body.locator(".markdown-status")).to_have_text("")
    expect(body.get_by_text("400 words, 2 min read")).to_be_visible()


def test_tabs_show_each_medium_without_taking_the_focus(page: Page, field: Locator) -> None:
    field.fill("# Title\n\n*One* $x^2$")
    panel = page.locator(".field-body").get_by_role("tabpanel")
    expect(panel.locator("math")).to_be_visible()
    light = panel.evaluate("pane => getComputedStyle(pane).backgroundColor")
    tab = page.locator(".field-body").get_by_role("tab", name="Web")
    tab.focus()
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".phone h2")).to_be_visible()
    assert panel.locator(".phone").bounding_box()["width"] == 360
    page.keyboard.press("ArrowRight")
    expect(panel.locator(".letter h4")).to_have_text("Title")
    expect(panel.locator(".letter code")).to_have_text("x^2")
    assert "Georgia" in panel.locator(".letter").evaluate("letter => getComputedStyle(letter).fontFamily")
    page.keyboard.press("ArrowRight")
    expect(panel.locator("pre.plain")).to_contain_text("Title")
    expect(panel.locator("pre.plain")).to_contain_text("x^2")
    page.keyboard.press("End")
    expect(panel.locator(".prose h2")).to_be_visible()
    expect(page.locator(":focus")).to_have_text("Dark")
    dark = panel.evaluate("pane => getComputedStyle(pane).backgroundColor")
    assert (light != dark, page.locator("[role=tab][aria-selected=true]").all_inner_texts()) == (True, ["Dark"])
    select(field, 0, 0)
    page.keyboard.type("New ")
    expect(panel.get_by_text("New # Title")).to_be_visible()
    expect(field).to_be_focused()


def test_preview_scrolls_along_with_the_text(page: Page, field: Locator) -> None:
    page.set_viewport_size({"width": 1440, "height": 700})
    words = " ".join(["word"] * 60)
    field.fill("\n\n".join(f"# Part {number}\n\n{words}\n\n- a\n- b" for number in range(20)))
    panel = page.locator(".field-body").get_by_role("tabpanel")
    last = panel.get_by_role("heading", name="Part 19")
    expect(last).to_be_attached()
    for part in (10, 3):
        page.evaluate(
            """part => {
                const field = document.querySelector("#id_body");
                const at = field.value.indexOf(`# Part ${part}\\n`);
                field.scrollTop = field.scrollHeight * at / field.value.length;
            }""",
            part,
        )
        page.wait_for_function("document.querySelector('.field-body .markdown-preview').scrollTop > 0")
        page.wait_for_function(
            """part => {
                const pane = document.querySelector(".field-body .markdown-preview");
                const all = [...pane.shadowRoot.querySelectorAll("h2")];
                const heading = all.find((each) => each.textContent.startsWith(`Part ${part} `));
                return Math.abs(heading.getBoundingClientRect().top - pane.getBoundingClientRect().top) < 120;
            }""",
            arg=part,
        )
    field.evaluate("field => { field.scrollTop = field.scrollHeight; }")
    page.wait_for_function(
        """() => {
            const pane = document.querySelector(".field-body .markdown-preview");
            return pane.scrollTop >= pane.scrollHeight - pane.clientHeight - 2;
        }"""
    )


def test_a_figure_is_described_by_keyboard_and_stands_in_the_text(page: Page, field: Locator) -> None:
    select(field, 4, 4)
    page.keyboard.press("Control+Alt+KeyG")
    dialog = page.get_by_role("dialog", name="Insert a figure")
    expect(dialog).to_be_visible()
    expect(page.locator(":focus")).to_have_attribute("type", "file")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(field).to_be_focused()
    expect(field).to_have_value("Text")
    page.keyboard.press("Control+Alt+KeyG")
    expect(dialog).to_be_visible()
    dialog.evaluate("dialog => dialog.dispatchEvent(new Event('close'))")  # of the time before: it may come so late
    dialog.get_by_label("Picture or film").set_input_files(
        {"name": "whale.png", "mimeType": "image/png", "buffer": picture().read()}
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # a new line in the text of the field, not a submission
    dialog.get_by_label("Alternative text").fill("A whale")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("The whale")
    page.keyboard.press("Tab")
    page.keyboard.type("Ada")
    page.keyboard.press("Tab")
    page.keyboard.type("Our own")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Text\n\n![](media:whale)")
    expect(field).to_be_focused()
    image = Image.objects.get()
    assert (image.alt, image.caption, image.credit, image.rights) == ("A whale", "The whale", "Ada", "Our own")
    expect(page.locator(".field-body .prose figcaption")).to_contain_text("The whale")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("Text")


def test_a_dropped_file_opens_the_dialog_which_tells_what_is_wrong(page: Page, field: Locator) -> None:
    drop = """(field, [data, name]) => {
        const bytes = Uint8Array.from(atob(data), char => char.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], name, { type: "image/png" }));
        field.focus();
        field.setSelectionRange(4, 4);
        field.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    field.evaluate(drop, [base64.b64encode(b"no picture").decode(), "evil.png"])
    dialog = page.get_by_role("dialog", name="Insert a figure")
    expect(page.locator(":focus")).to_have_attribute("name", "alt")
    send = dialog.get_by_role("button", name="Upload and insert")
    send.click()
    assert dialog.locator("[name=alt]").evaluate("alt => alt.validity.valueMissing")
    dialog.get_by_label("It only decorates").check()
    send.click()
    expect(dialog.locator("[role=alert]")).to_contain_text("This is no picture")
    dialog.get_by_role("button", name="Cancel").click()
    expect(field).to_be_focused()
    assert Image.objects.count() == 0
    field.evaluate(drop, [base64.b64encode(picture().read()).decode(), "whale.png"])
    expect(dialog.locator("[role=alert]")).to_have_text("")
    dialog.get_by_label("It only decorates").check()
    send.click()
    expect(field).to_have_value("Text\n\n![](media:whale)")
    expect(page.locator(".field-body .prose img")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_axe_finds_nothing_of_ours(page: Page, browser: Browser, base_url: str, scheme: Any, width: int) -> None:
    paper = make_paper(make_issue(), body="Text")
    sign_in(page, edith().email)
    context = browser.new_context(
        base_url=base_url,
        storage_state=page.context.storage_state(),
        bypass_csp=True,  # axe sets styles
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    page = context.new_page()
    page.goto(change_url(paper))
    field = page.locator("#id_body")
    field.fill("# Title\n\n$\\frac{1}$\n\n" + "Text. " * 400)
    expect(page.locator(".field-body").get_by_role("button", name="Line 3")).to_be_visible()
    found = []
    for state in ("form", "dialog"):
        if state == "dialog":
            select(field, 0, 0)
            page.keyboard.press("Control+Alt+KeyG")
            expect(page.get_by_role("dialog")).to_be_visible()
        violations = Axe().run(page, options=OPTIONS).response["violations"]
        found += [
            f"{rule['id']} {node['target']}"
            for rule in violations
            for node in rule["nodes"]
            if any(name in str(node["target"]) + node["html"] for name in ("markdown", "figure-dialog", "id_body"))
        ]
    context.close()
    assert found == []


def test_without_script_the_field_is_a_field(browser: Browser, base_url: str, page: Page) -> None:
    paper = make_paper(make_issue(published=False), body="Text")
    sign_in(page, edith().email)
    context = browser.new_context(
        base_url=base_url, java_script_enabled=False, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(change_url(paper))
    plain.locator("#id_body").fill("Typed")
    assert plain.get_by_role("toolbar").count() == plain.get_by_role("dialog").count() == 0
    plain.get_by_role("button", name="Save", exact=True).first.click()
    paper.refresh_from_db()
    assert paper.body == "Typed"
    context.close()
