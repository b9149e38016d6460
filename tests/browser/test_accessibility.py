"""The demo, one page of each type: what axe finds there; what an issue weighs, and how it reads with little."""

from collections.abc import Iterator
from gzip import compress
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Browser, Page, Response, expect
from pytest_django import DjangoDbBlocker, Settings

from timeline.management.commands.develop import load_demo
from timeline.models import Publication

PAGES = [
    *("/", "/issues/", "/issues/2/", "/issues/5/", "/issues/6/", "/papers/", "/papers/orca-2/", "/news/gemini/"),
    *(
        "/papers/ring-attention/",
        "/papers/latent-consistency-models/",
        "/timeline/",
        "/timeline/2023/papers/topics/language-models/",
    ),
    *("/topics/reasoning/", "/authors/", "/authors/lukasz-kaiser/", "/about/", "/contact/reply/"),
    *("/benchmarks/", "/benchmarks/mmlu/", "/glossary/", "/glossary/lora/", "/api/"),
    *("/search/", "/search/?q=reasoning", "/search/?q=diffusoin", "/search/?q=zzzz"),
]
WIDTHS = (320, 768, 1440)
OPTIONS = {
    "resultTypes": ["violations"],  # of the hundreds of nodes that pass nobody reads the addresses
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # The line on the sheet is one: axe would leave the contrast of every text beside it open.
    "checks": {"color-contrast": {"options": {"ignorePseudo": True}}},
}
MOST_BYTES = 60 * 1024  # of an issue's HTML, style sheets and scripts, compressed


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker, media: Path) -> Iterator[None]:
    """What the live server asks for is here no empty database for each test, but one demo for all: they only read."""
    with django_db_blocker.unblock():
        with override_settings(MEDIA_ROOT=media):
            load_demo(settings.BASE_DIR / "demo")
        Publication.objects.update(reply_address="reply@example.org")
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(autouse=True)
def demo(nothing_left_over: None, settings: Settings, media: Path) -> None:
    settings.MEDIA_ROOT = media


def problems(page: Page) -> list[str]:
    """What axe finds at each width, with all that folds away unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate(AXE_SCRIPT)
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        violations = page.evaluate("options => axe.run(options)", OPTIONS)["violations"]
        found += [f"{width} {rule['id']} {node['target']}" for rule in violations for node in rule["nodes"]]
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, base_url: str, scheme: Any) -> None:
    context = browser.new_context(base_url=base_url, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    statuses, found = {}, {}
    for path in [*PAGES, "/nowhere/"]:
        answer = page.goto(path)
        statuses[path] = answer and answer.status
        found[path] = problems(page)
    page.goto("/contact/reply/")
    page.get_by_role("button", name="Show the address").click()
    expect(page.get_by_role("link", name="reply@example.org")).to_be_visible()
    found["the address"] = problems(page)
    context.close()
    assert statuses == dict.fromkeys(PAGES, 200) | {"/nowhere/": 404}
    assert {path: each for path, each in found.items() if each} == {}


def test_an_issue_is_light(page: Page) -> None:
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))
    weights = {}
    for number in range(1, 7):
        loaded.clear()
        page.goto(f"/issues/{number}/")
        parts = [each for each in loaded if each.request.resource_type in {"document", "stylesheet", "script"}]
        assert len(parts) > 5
        weights[number] = sum(len(compress(each.body())) for each in parts)
    assert {number: weight for number, weight in weights.items() if weight > MOST_BYTES} == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_an_issue_is_readable_without_fonts_and_scripts(browser: Browser, base_url: str, width: int) -> None:
    context = browser.new_context(base_url=base_url, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto("/issues/2/")
    text = page.locator("main").inner_text()
    context.route("**/*.{woff2,js}", lambda route: route.abort())
    page.goto("/issues/2/")
    assert page.locator("main").inner_text() == text
    # What is far away is laid out when it comes near: its place is a guess until then.
    page.locator(".text").evaluate_all(
        "texts => texts.forEach((text) => { text.style.contentVisibility = 'visible'; })"
    )
    tops = page.locator("main .row :is(h1, h2, h3, h4, h5, .prose > p)").evaluate_all(
        "blocks => blocks.map((block) => block.getBoundingClientRect().top)"
    )
    assert len(tops) > 50
    assert tops == sorted(tops)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()
