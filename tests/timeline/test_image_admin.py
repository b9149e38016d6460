"""The library of images: what each looks like, where it is shown, what is missing of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from tests.factories import edith, make_image, make_issue, make_news, make_paper, paula, picture
from timeline.image_uses import uses
from timeline.images import store_image
from timeline.models import Image, Publication
from timeline.variants import draw

pytestmark = pytest.mark.django_db

LIST = "/admin/timeline/image/"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(edith())
    return client


def test_uses_are_texts_and_fields_and_no_longer_names() -> None:
    whale, shark, other = make_image("whale"), make_image("whale-shark"), make_image("other")
    issue = make_issue(cover=whale, introduction="![](media:whale-shark)")
    paper = make_paper(issue, body="A ![](media:whale) and ![](media:whale-shark)")
    news = make_news(issue, lead_image=shark, body="media:whale is only said")
    Publication(closing="![](media:whale)").save()
    found = uses([whale, shark, other])
    assert {image.name: set(rows) for image, rows in found.items()} == {
        "whale": {issue, paper, Publication.objects.get()},
        "whale-shark": {issue, paper, news},
        "other": set(),
    }
    assert uses([]) == {}


def test_list_shows_where_each_is_used_with_as_many_queries_for_many(
    editor: Client, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    issue = make_issue(cover=make_image("whale"), title="Moby <Dick>")
    Publication(closing="![](media:whale)").save()
    page = editor.get(LIST).content.decode()
    assert f'<a href="{reverse("admin:timeline_issue_change", args=[issue.pk])}">#1 – Moby &lt;Dick&gt;</a>' in page
    assert reverse("admin:timeline_publication_change", args=[1]) not in page.split('id="result_list"')[1]
    for number in range(5):
        make_paper(issue, body=f"![](media:{make_image(f'image-{number}').name})")
    make_image("unused")
    with django_assert_num_queries(12):  # six of them for the models that can show one
        page = editor.get(LIST).content.decode()
    assert (page.count("Nowhere"), page.count("To come")) == (1, 7)
    editor.force_login(paula())
    assert reverse("admin:timeline_publication_change", args=[1]) in editor.get(LIST).content.decode()


def names(editor: Client, query: str) -> set[str]:
    return {image.name for image in editor.get(f"{LIST}?{query}").context["cl"].result_list}


def test_search_and_filter_find_images(editor: Client) -> None:
    make_image("whale", alt="A sea animal", rights="Our own", credit="Ada")
    make_image("shark", caption="It bites", alt="Teeth")
    make_image("squid", rights="CC BY", credit="Łukasz")
    for query in ("whale", "animal", "ada"):
        assert names(editor, f"q={query}") == {"whale"}
    assert (names(editor, "q=bites"), names(editor, "q=teeth")) == ({"shark"}, {"shark"})
    assert names(editor, "missing=rights") == {"shark"}
    assert names(editor, "missing=alt") == {"squid"}
    assert names(editor, "missing=credit") == {"shark"}
    assert names(editor, "missing=file") == {"whale", "shark", "squid"}
    assert names(editor, "missing=name") == {"whale", "shark", "squid"}  # nobody asked for it


def test_form_shows_the_picture_and_takes_another_under_the_same_name(editor: Client) -> None:
    image = store_image(picture(name="whale.png", size=(400, 300)))
    paper = make_paper(make_issue(), body="![](media:whale)")
    draw(image)
    image.refresh_from_db()
    url, old = reverse("admin:timeline_image_change", args=[image.pk]), image.file.url
    page = editor.get(url).content.decode()
    assert f'<img class="thumbnail" src="{image.figure.variants[0].src}" alt="" loading="lazy">' in page
    assert reverse("admin:papers_papersummary_change", args=[paper.pk]) in page
    DBTaskResult.objects.all().delete()
    assert editor.post(url, {"file": picture("JPEG", size=(80, 60), name="new.jpg")}).status_code == 302
    image = Image.objects.get()
    assert (image.name, image.width, image.variants) == ("whale", 80, {})
    assert DBTaskResult.objects.get().task_path == "timeline.variants.draw_variants"
    page = editor.get(paper.get_absolute_url()).content.decode()
    assert (image.file.url in page, old in page) == (True, False)


def test_readers_see_nothing_of_it(client: Client) -> None:
    make_image("whale")
    assert client.get(LIST).status_code == 302
