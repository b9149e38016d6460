import pytest
from playwright.sync_api import Browser, Page, expect

from tests.factories import make_image, make_issue, make_news, make_paper, tag
from tests.test_hostile import site  # noqa: F401  (a fixture)
from timeline.models import Publication

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rich_site() -> list[str]:
    """One of everything that can be wide, and the addresses of its pages."""
    Publication(reply_address="reply@example.org", support_link="https://example.org").save()
    issue = make_issue(number=2, title="AI Can Think & Reason About Unbelievablylongcompoundwords")
    names = ["Nguyễn Văn Ánh", "李明", "Wolfeschlegelsteinhausenbergerdorff Maximilian-Alexander", "Ада Лавлейс"]
    make_image("whale", caption="A whale", alt="A whale")
    body = (
        "# Overview\n\n| a | b | c | d | e | f |\n|-|-|-|-|-|-|\n" + "| wide cell | wide cell " * 3 + "|\n\n"
        "```python\n" + "x = " + "very_long_name + " * 20 + "1\n```\n\n$$" + "a + " * 60 + "b$$\n\n"
        "```scores Massive Multitask Understanding\n*Wide name of a model = 40%\nOther = 30.25% ± 0.5\n```\n\n"
        "![](media:whale)\n\n::: note bycloud\nA note.\n:::\n\n::: takeaways\n- https://example.org/"
        + "x" * 120
        + "\n:::\n"
    )
    paper = make_paper(issue, title="Orca 2: Teaching", emoji="🐳", authors=names, body=body)
    news = make_news(issue, title="Claude", emoji="📝", authors=names[:1], body=body)
    tag(paper, "Reasoning")
    return [
        *("/", "/issues/", "/issues/2/", "/papers/", "/news/", "/authors/", "/contact/reply/", "/nowhere/"),
        *("/benchmarks/", "/benchmarks/massive-multitask-understanding/"),
        *("/timeline/", "/search/", "/search/?q=whale", "/search/?q=" + "long" * 50),
        *(row.get_absolute_url() for row in (paper, news, paper.byline[0], paper.topics.get())),
    ]


def test_no_page_is_wider_than_a_phone(page: Page, rich_site: list[str]) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    wide = {}
    for url in rich_site:
        page.goto(url)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[url] = width
    assert wide == {}


def test_site_is_complete_without_script(browser: Browser, base_url: str, rich_site: list[str]) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=base_url)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="Orca 2").first.click()
    expect(page.get_by_role("heading", name="Overview").first).to_be_visible()
    expect(page.locator("math").first).to_be_visible()
    page.goto("/contact/reply/")
    page.get_by_role("button").click()
    expect(page.get_by_role("link", name="reply@example.org")).to_be_visible()
    context.close()


def test_contents_lead_to_their_items(page: Page, rich_site: list[str]) -> None:
    page.goto("/issues/2/")
    page.locator(".cover").get_by_role("link", name="Claude").click()
    expect(page).to_have_url("/issues/2/#news-claude")
    expect(page.locator("#news-claude")).to_be_in_viewport()


@pytest.mark.usefixtures("site")
def test_hostile_texts_run_nothing_in_a_browser(page: Page) -> None:
    page.add_init_script("window.evil = () => { window.ran = true; }")
    ran = []
    for url in (
        "/",
        "/issues/2/",
        "/papers/paper/",
        "/news/news/",
        "/authors/author/",
        "/topics/topic/",
        "/polls/poll/",
    ):
        page.goto(url)
        page.evaluate("document.querySelectorAll('a, details').forEach((each) => each.focus?.())")
        if page.evaluate("window.ran === true"):
            ran.append(url)
    assert ran == []


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_theme_switch_is_remembered_and_follows_the_system_again(browser: Browser, base_url: str) -> None:
    context = browser.new_context(color_scheme="light", base_url=base_url)
    page = context.new_page()
    page.goto("/")
    light = background(page)
    page.get_by_role("button", name="Use the dark scheme").click()
    dark = background(page)
    page.goto("/issues/")
    assert (dark != light, background(page)) == (True, dark)
    page.get_by_role("button", name="Use the light scheme").click()
    page.emulate_media(color_scheme="dark")
    assert background(page) == dark
    expect(page.get_by_role("button", name="Use the light scheme")).to_have_text("Light")
    context.close()
