"""Browser tests: `page.goto("/issues/2/")` in a real Chromium against pytest-django's live server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Request
from pytest_django.live_server_helper import LiveServer

from tests.browser import chromium

# Playwright keeps an event loop running in this thread; the tests themselves are not asynchronous.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = chromium.find()
    if not path:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(chromium.MISSING)
    # Chromium's sandbox needs rights that containers withhold, and refuses root; the pages are our own.
    return browser_type_launch_args | {"executable_path": path, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def base_url(live_server: LiveServer) -> str:
    return live_server.url


@pytest.fixture(autouse=True)
def no_script_fails(context: BrowserContext) -> Iterator[None]:
    """Every browser test fails when a page raises an error, breaks the policy, or a script or style does not come."""
    problems: list[str] = []

    def lost(request: Request, why: str | None) -> None:
        if request.resource_type in {"script", "stylesheet"} and why != "net::ERR_ABORTED":  # by going elsewhere
            problems.append(f"{request.url}: {why}")

    context.on("requestfailed", lambda request: lost(request, request.failure))
    context.on("response", lambda each: each.ok or each.status == 304 or lost(each.request, str(each.status)))
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    yield
    assert problems == []
