from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import edith, make_image, make_issue, make_paper, picture
from tests.test_hostile import HOSTILE, MARKDOWN, Runs
from tests.timeline.test_film import make_film
from timeline import markdown
from timeline.history import versions
from timeline.models import Image

pytestmark = pytest.mark.django_db

TEXT = """# Overview

Some *text*, $x^2$.[^1]

## Results

![](media:whale)

::: note bycloud
Fine.
:::

[^1]: Foot
"""


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(edith())
    return client


def test_preview_equals_the_item_on_the_site(editor: Client) -> None:
    make_image("whale", caption="A whale")
    paper = make_paper(make_issue(), body=TEXT)
    form = editor.get(reverse("admin:papers_papersummary_change", args=[paper.pk])).content.decode()
    assert f'data-prefix="{paper.anchor}"' in form
    html = editor.post("/markdownx/markdownify/", {"content": TEXT, "prefix": paper.anchor}).json()["html"]
    assert html.strip() in editor.get(paper.get_absolute_url()).content.decode()
    assert (f'id="{paper.anchor}-overview"' in html, "A whale" in html, "<math" in html) == (True, True, True)


def test_preview_of_an_introduction_equals_the_issue_on_the_site(editor: Client) -> None:
    issue = make_issue(introduction=TEXT)
    form = editor.get(reverse("admin:timeline_issue_change", args=[issue.pk])).content.decode()
    assert 'data-prefix="introduction"' in form
    html = editor.post("/markdownx/markdownify/", {"content": TEXT, "prefix": "introduction"}).json()["html"]
    assert html.strip() in editor.get(issue.get_absolute_url()).content.decode()


def test_preview_tells_problems_and_measures_and_refuses_what_is_too_long(editor: Client) -> None:
    answer = editor.post("/markdownx/markdownify/", {"content": "Fine\n\n$\\frac{1}$\n\n::: nota"}).json()
    assert [(problem["line"], sorted(problem)) for problem in answer["problems"]] == [
        (3, ["line", "message"]),
        (5, ["line", "message"]),
    ]
    assert answer["problems"][1]["message"].startswith("“::: nota” is not known.")
    assert (answer["words"], answer["minutes"], answer["lines"]) == (3, 1, [1, 3, 5])
    answer = editor.post("/markdownx/markdownify/", {"content": "x" * 200_001})
    assert (answer.status_code, "200,000" in answer.json()["error"]) == (400, True)


def test_preview_of_each_medium_is_what_that_medium_gets(editor: Client) -> None:
    make_image("whale", caption="A whale")

    def preview(medium: str) -> dict[str, object]:
        return editor.post("/markdownx/markdownify/", {"content": TEXT, "medium": medium}).json()

    context = Image.objects.markdown_context([TEXT], base_url="http://127.0.0.1:8000")
    email, text = preview("email"), preview("txt")
    assert email["html"] == markdown.to_html(TEXT, level=4, medium="email", context=context)
    assert ("font: 18px/1.55 Georgia" in str(email["css"]), "css" in preview("html")) == (True, False)
    assert (text["text"], "html" in text) == (markdown.to_text(TEXT, context=context), False)
    answer = editor.post("/markdownx/markdownify/", {"content": TEXT, "medium": "fax"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "There is no such preview: ask for html, email or txt."},
    )


@pytest.mark.parametrize("medium", ["html", "email", "txt"])
def test_preview_asks_little_of_the_database(
    editor: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]], medium: str
) -> None:
    make_image("whale")
    with django_assert_max_num_queries(6):  # the session, the person and what they may: 4
        editor.post("/markdownx/markdownify/", {"content": TEXT, "medium": medium})


@pytest.mark.parametrize("medium", ["html", "email"])
def test_nothing_runs_in_a_preview(editor: Client, medium: str) -> None:
    answer = editor.post("/markdownx/markdownify/", {"content": MARKDOWN, "medium": medium, "prefix": HOSTILE}).json()
    assert Runs(answer["html"]).found == []


def test_upload_makes_the_row_at_once_and_answers_with_its_markdown(editor: Client) -> None:
    answer = editor.post("/markdownx/upload/", {"image": picture(name="Whale song.png")})
    assert (answer.status_code, answer.json()) == (200, {"image_code": "![](media:whale-song)"})
    assert Image.objects.get().width == 40


def test_upload_takes_a_film(editor: Client) -> None:
    answer = editor.post("/markdownx/upload/", {"image": SimpleUploadedFile("Ring.mp4", make_film().getvalue())})
    assert (answer.status_code, answer.json()) == (200, {"image_code": "![](media:ring)"})
    image = Image.objects.get()
    assert (image.width, image.height, image.figure.film_type, bool(image.poster)) == (64, 48, "video/mp4", True)


def test_upload_refuses_with_a_sentence_and_stores_nothing(editor: Client, settings) -> None:
    file = picture(name="evil.html")
    file.file.seek(0)
    file.file.truncate(20)
    answer = editor.post("/markdownx/upload/", {"image": file})
    assert (answer.status_code, "no picture" in answer.json()["error"]) == (400, True)
    assert (Image.objects.count(), settings.MEDIA_ROOT.exists()) == (0, False)


@pytest.mark.parametrize("url", ["/markdownx/markdownify/", "/markdownx/upload/"])
def test_both_need_the_token_of_the_form(url: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(edith())
    assert client.post(url, {"content": "x"}).status_code == 403


def test_upload_takes_what_there_is_to_say_of_a_figure(editor: Client) -> None:
    told = {"alt": "A  whale\n", "caption": "Moby", "credit": "Ada", "rights": "CC BY 4.0"}
    answer = editor.post("/markdownx/upload/", {"image": picture(name="whale.png"), **told})
    assert (answer.status_code, answer.json()) == (200, {"image_code": "![](media:whale)"})
    image = Image.objects.get()
    assert (image.alt, image.caption, image.credit, image.rights) == ("A whale", "Moby", "Ada", "CC BY 4.0")
    assert versions(image).get().action == "uploaded"


def test_upload_wants_an_alternative_text_or_to_hear_that_there_is_none(editor: Client) -> None:
    answer = editor.post("/markdownx/upload/", {"image": picture(), "alt": " "})
    assert (answer.status_code, answer.json()["error"].startswith("Write what the picture says")) == (400, True)
    assert Image.objects.count() == 0
    answer = editor.post("/markdownx/upload/", {"image": picture(), "alt": "Kept by mistake", "decorative": "on"})
    assert (answer.status_code, Image.objects.get().alt) == (200, "")


def test_upload_names_the_field_that_is_too_long_and_stores_nothing(editor: Client, settings) -> None:
    answer = editor.post("/markdownx/upload/", {"image": picture(), "alt": "x" * 501, "credit": "y" * 201})
    assert answer.status_code == 400
    assert [name in answer.json()["error"] for name in ("Alternative text: ", "Credit: ", "500", "200")] == [True] * 4
    assert (Image.objects.count(), settings.MEDIA_ROOT.exists()) == (0, False)
