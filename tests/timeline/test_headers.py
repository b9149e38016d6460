"""What production tells browsers with each sort of answer, and what the HTTP Observatory would say to it."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.factories import make_issue, make_paper, paula
from tests.observatory import A_PLUS, policy, score, scores
from timeline.models import Issue, Publication
from timeline.settings import BASE_DIR

pytestmark = pytest.mark.django_db

ENVIRONMENT = {
    "DEBUG": "0",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "SITE_URL": "https://example.org",
    "ALLOWED_HOSTS": "example.org",
}
OURS = ("SECURE_", "SESSION_COOKIE_", "CSRF_", "CONTENT_SECURITY_", "X_FRAME_", "WHITENOISE_", "DATA_UPLOAD_")
EVERYWHERE = {
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
}


@pytest.fixture(autouse=True)
def production(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings as the file gives them to a site with HTTPS, but for the storage of what tests write."""
    for name, value in {**ENVIRONMENT, "VAR_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name, value in runpy.run_path(str(BASE_DIR / "timeline" / "settings.py")).items():
        if name.startswith(OURS) or name in {"DEBUG", "SITE_URL", "ALLOWED_HOSTS", "MIDDLEWARE"}:
            setattr(settings, name, value)
    Path(settings.STATIC_ROOT, "page.css").write_text("a { color: teal }")


@pytest.fixture
def issue() -> Issue:
    Publication(about="# Who we are", reply_address="reply@example.org").save()
    issue = make_issue(number=2)
    make_paper(issue, title="Orca", authors=["Ada"], body="```scores MMLU\nOrca = 1\n```")
    return issue


def site(**options: Any) -> Client:
    return Client(SERVER_NAME="example.org", raise_request_exception=False, **options)


def get(path: str, client: Client | None = None, **options: Any) -> HttpResponseBase:
    return (client or site()).get(path, secure=True, **options)


@pytest.fixture
def answers(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> dict[str, HttpResponseBase]:
    """One of each sort."""
    publisher = site()
    publisher.force_login(paula())
    draft = make_issue(number=3, published=False)
    admin = {
        "desk": reverse("admin:index"),
        "form": reverse("admin:timeline_issue_change", args=[draft.pk]),
        "list": reverse("admin:timeline_issue_changelist"),
        "preview": reverse("admin:timeline_issue_preview", args=[draft.pk]),
        "frame": reverse("admin:timeline_issue_preview_frame", args=[draft.pk, "email"]),
    }
    public = {
        "home": "/",
        "issue": "/issues/2/",
        "paper": "/papers/orca/",
        "search": "/search/?q=orca",
        "board": "/benchmarks/mmlu/",
        "text": "/about/",
        "contact": "/contact/reply/",
        "login": "/admin/login/",
        "not found": "/nowhere/",
    }
    found = {name: get(path) for name, path in public.items()}
    found |= {name: get(path, publisher) for name, path in admin.items()}
    found["signed in"] = site().post(
        "/admin/login/", {"username": "paula@example.org", "password": "correct horse battery"}, secure=True
    )
    monkeypatch.setattr("timeline.views.Publication.objects.current", lambda: 1 / 0)
    found["broken"] = get("/about/")
    return found


def test_every_sort_of_page_gets_an_a_plus(answers: dict[str, HttpResponseBase]) -> None:
    given = {name: score(answer) for name, answer in answers.items()}
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 200} == {
        "not found": 404,
        "signed in": 302,
        "broken": 500,
    }
    public = dict.fromkeys(["home", "issue", "paper", "search", "board", "text", "contact", "not found", "broken"], 120)
    signed_in = dict.fromkeys(["login", "signed in", "form", "list"], 125)
    assert given == {**public, **signed_in, "desk": 125, "preview": 125, "frame": 110}
    assert min(given.values()) >= A_PLUS


def test_the_score_falls_where_something_is_missing(answers: dict[str, HttpResponseBase]) -> None:
    """The judge itself: without each of these headers it gives less."""
    home = answers["home"]
    lost = {}
    for name in sorted(EVERYWHERE - {"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"}):
        value = home[name]
        del home[name]
        lost[name] = 20 - sum(scores(home).values())
        home[name] = value
    assert lost == {
        "Content-Security-Policy": 10 + 25 + 5,  # X-Frame-Options stays
        "Permissions-Policy": 0,  # not asked for
        "Referrer-Policy": 5,
        "Strict-Transport-Security": 20,
        "X-Content-Type-Options": 5,
        "X-Frame-Options": 0,  # the policy says it
    }
    login = answers["login"]
    login.cookies["__Host-csrftoken"]["secure"] = ""
    assert scores(login)["cookies"] == -20


def test_only_the_frame_of_the_preview_may_have_styles_of_its_own(answers: dict[str, HttpResponseBase]) -> None:
    unsafe = {
        name: [part for part, sources in policy(answer["Content-Security-Policy"]).items() if "unsafe" in str(sources)]
        for name, answer in answers.items()
    }
    assert {name: parts for name, parts in unsafe.items() if parts} == {"frame": ["style-src"]}


def test_what_is_no_page_has_them_too(issue: Issue) -> None:
    paths = {
        "file": "/static/page.css",
        "alive": "/healthz",
        "feed": "/feed.atom",
        "share image": get("/issues/2/share-0.png")["Location"].removeprefix("https://example.org"),
        "data": "/api/v1/issues",
        "scores": "/benchmarks/mmlu.csv",
        "moved": "/issues/2",
        "admin": "/admin/",
    }
    found = {name: get(path) for name, path in paths.items()}
    found["file"].close()
    found["another host"] = get("/", SERVER_NAME="evil.example")
    found["plain HTTP"] = site().get("/issues/2/")
    missing = {name: EVERYWHERE - set(answer.headers) for name, answer in found.items()}
    assert {name: headers for name, headers in missing.items() if headers} == {
        "plain HTTP": {"Strict-Transport-Security"}  # a browser would not believe it
    }
    assert {name: answer.status_code for name, answer in found.items()} == {
        **dict.fromkeys(["file", "alive", "feed", "share image", "data", "scores"], 200),
        **{"moved": 301, "plain HTTP": 301, "admin": 302, "another host": 400},
    }
    assert found["plain HTTP"]["Location"] == "https://example.org/issues/2/"
    shared = {name for name, answer in found.items() if answer["Cross-Origin-Resource-Policy"] == "cross-origin"}
    assert shared == {"feed", "share image", "data"}


def test_cookies_are_of_this_host_alone(issue: Issue) -> None:
    client = site()
    client.get("/admin/login/", secure=True)
    client.post("/admin/login/", {"username": paula().email, "password": "correct horse battery"}, secure=True)
    assert set(client.cookies) == {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in client.cookies.values():
        wanted = (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"])
        assert wanted == (True, True, "Lax", "/", "")
    assert client.get("/admin/", secure=True).status_code == 200
