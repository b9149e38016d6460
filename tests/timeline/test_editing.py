import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import edith, make_image, make_issue, make_paper, picture
from tests.timeline.test_film import make_film
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


def test_preview_tells_problems_and_refuses_what_is_too_long(editor: Client) -> None:
    answer = editor.post("/markdownx/markdownify/", {"content": "Fine\n\n$\\frac{1}$"}).json()
    assert [problem.startswith("Line 3: ") for problem in answer["problems"]] == [True]
    answer = editor.post("/markdownx/markdownify/", {"content": "x" * 200_001})
    assert (answer.status_code, "200,000" in answer.json()["error"]) == (400, True)


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
