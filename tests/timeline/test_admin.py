from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import FileField
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from PIL import Image as Picture

from papers.models import PaperSummary
from tests.factories import (
    edith,
    make_author,
    make_draft,
    make_image,
    make_issue,
    make_news,
    make_paper,
    paula,
    picture,
)
from tests.timeline.test_film import make_film
from timeline.history import versions
from timeline.images import store_image
from timeline.models import Image, Issue, Publication, Topic
from timeline.sections import section
from timeline.variants import draw

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(edith())
    return client


@pytest.fixture
def publisher(client: Client) -> Client:
    client.force_login(paula())
    return client


def film_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("ring.mp4", make_film().getvalue())


def form_values(client: Client, url: str) -> dict[str, Any]:
    """What a browser would send of the admin form at `url` if nobody touched it."""
    context = client.get(url).context
    forms = [context["adminform"].form]
    values: dict[str, Any] = {}
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and not isinstance(bound.field, FileField):
                values[bound.html_name] = value
    return values


def change_url(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_saving_leaves_a_version_with_the_editor(editor: Client) -> None:
    paper = make_paper(make_issue(published=False), title="Orca", authors=["Ada"])
    url = change_url(paper)
    answer = editor.post(url, {**form_values(editor, url), "title": "Orca 2"})
    assert answer.status_code == 302
    kept = versions(paper).get()
    assert (kept.action, kept.data["title"], kept.data["authors"], str(kept.editor)) == (
        "saved", "Orca 2", [str(make_author("Ada").uuid)], "edith@example.org"
    )  # fmt: skip


def test_deleting_leaves_a_version(editor: Client) -> None:
    topic = Topic.objects.create(name="Old")
    editor.post(reverse("admin:timeline_topic_delete", args=[topic.pk]), {"post": "yes"})
    assert [(version.action, version.data["name"]) for version in versions(topic)] == [("deleted", "Old")]


def test_deleting_an_issue_shelves_its_items_with_versions(editor: Client) -> None:
    paper = make_paper(make_issue(published=False))
    editor.post(reverse("admin:timeline_issue_delete", args=[paper.issue.pk]), {"post": "yes"})
    paper.refresh_from_db()
    assert (paper.issue, [version.action for version in versions(paper)]) == (None, ["shelved"])


def test_bad_latex_is_an_error_at_the_field(editor: Client) -> None:
    paper = make_paper()
    url = change_url(paper)
    answer = editor.post(url, {**form_values(editor, url), "body": "Fine\n\n$\\frac{1}$"})
    assert list(answer.context["adminform"].form.errors) == ["body"]
    assert answer.context["adminform"].form.errors["body"][0].startswith("Line 3: ")
    assert "Fine" in answer.content.decode()  # nothing typed is lost


def test_moved_item_goes_to_the_end_of_its_new_issue_and_closes_the_gap(editor: Client) -> None:
    old, new = make_issue(published=False), make_issue(published=False)
    a, *_ = (make_paper(old, title=title) for title in "abc")
    make_paper(new, title="x")
    url = change_url(a)
    editor.post(url, {**form_values(editor, url), "issue": new.pk})
    order = [[(paper.title, paper.position) for paper in section("papers").items(issue)] for issue in (old, new)]
    assert order == [[("b", 1), ("c", 2)], [("x", 1), ("a", 2)]]
    kept = [len(versions(issue).get().data["items"]["papers"]) for issue in (old, new)]
    assert kept == [2, 2]


def test_deleted_item_leaves_a_version_of_its_issue(editor: Client) -> None:
    issue = make_issue(published=False)
    paper, other = make_paper(issue), make_paper(issue)
    editor.post(reverse("admin:papers_papersummary_delete", args=[paper.pk]), {"post": "yes"})
    assert [version.data["items"]["papers"] for version in versions(issue)] == [[str(other.uuid)]]


def test_authors_are_ordered_by_their_numbers(editor: Client) -> None:
    paper = make_paper(authors=["Ada", "Bob", "Cy"])
    url = change_url(paper)
    editor.post(url, {**form_values(editor, url), "bylines-2-position": 1})
    paper = PaperSummary.objects.get()
    assert [(place.author.name, place.position) for place in paper.bylines.all()] == [("Cy", 1), ("Ada", 2), ("Bob", 3)]


def test_new_issue_starts_from_the_frame_of_the_last(editor: Client) -> None:
    cover = make_image()
    make_issue(number=4, tagline="Explained", closing="Bye", cover=cover)
    make_issue(number=3, tagline="Older")
    values = form_values(editor, reverse("admin:timeline_issue_add") + "?frame=3")
    assert (values["number"], values["tagline"]) == (5, "Older")
    values = form_values(editor, reverse("admin:timeline_issue_add"))
    assert {key: values[key] for key in ("number", "tagline", "closing", "cover")} == {
        "number": 5, "tagline": "Explained", "closing": "Bye", "cover": cover.pk
    }  # fmt: skip


def test_first_issue_starts_with_the_tagline_of_the_publication_and_lands_on_its_desk(editor: Client) -> None:
    Publication(tagline="Simply").save()
    values = form_values(editor, reverse("admin:timeline_issue_add") + "?frame=x")
    assert (values["number"], values["tagline"]) == (1, "Simply")
    answer = editor.post(reverse("admin:timeline_issue_add"), values | {"title": "First"})
    assert answer["Location"] == change_url(Issue.objects.get())


def test_publish_asks_first_and_then_publishes(publisher: Client) -> None:
    issue = make_draft()
    url = reverse("admin:timeline_issue_publish", args=[issue.pk])
    assert PaperSummary.objects.get().title in publisher.get(url).content.decode()
    assert Issue.objects.get().status == "draft"
    publisher.post(url)
    assert Issue.objects.get().status == "published"
    page = publisher.post(url, follow=True)
    assert [str(message) for message in page.context["messages"]] == [
        f"{issue} is published.",
        f"Issue {issue.number} is published already.",
    ]


def test_schedule_takes_a_time_of_the_publication_and_no_past_one(publisher: Client) -> None:
    Publication(time_zone="Asia/Tokyo").save()
    issue = make_draft()
    url = reverse("admin:timeline_issue_schedule", args=[issue.pk])
    past = publisher.post(url, {"at_0": "2020-01-01", "at_1": "09:00"})
    assert past.context["form"].errors == {"at": ["This time has passed: choose a later one, or publish now."]}
    day = (timezone.now() + timedelta(days=30)).date()
    publisher.post(url, {"at_0": day.isoformat(), "at_1": "09:00"})
    issue.refresh_from_db()
    assert (issue.status, issue.published_at.isoformat()) == ("scheduled", f"{day}T00:00:00+00:00")


def test_withdraw_takes_the_pages_away(publisher: Client) -> None:
    paper = make_paper(make_issue())
    assert publisher.get(paper.get_absolute_url()).status_code == 200
    publisher.post(reverse("admin:timeline_issue_withdraw", args=[paper.issue.pk]))
    assert publisher.get(paper.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("make", [make_paper, make_news])
def test_preview_shows_a_draft_in_the_admin_only(editor: Client, make: Any) -> None:
    item = make(make_issue(published=False), title="Secret draft", body="# Heading")
    for row in (item, item.issue):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_preview"
        frame = reverse(f"{name}_frame", args=[row.pk, "html"])
        assert f'src="{frame}"' in editor.get(reverse(name, args=[row.pk])).content.decode()
        assert "Secret draft" in editor.get(frame).content.decode()
        assert editor.get(row.get_absolute_url()).status_code == 404


def test_image_form_cleans_the_file_and_keeps_the_name(editor: Client) -> None:
    editor.post(reverse("admin:timeline_image_add"), {"name": "whale", "file": picture("JPEG", name="x.png")})
    image = Image.objects.get()
    assert (image.name, image.file.name.endswith(".jpg"), image.width) == ("whale", True, 40)
    planned = DBTaskResult.objects.values_list("task_path", flat=True)
    assert set(planned) == {"timeline.images.sweep_images", "timeline.variants.draw_variants"}
    broken = picture(name="x.png")
    broken.file.truncate(10)
    page = editor.post(change_url(image), {"name": "shark", "file": broken})
    assert list(page.context["adminform"].form.errors) == ["file"]
    editor.post(change_url(image), {"name": "shark", "alt": "A whale"})
    image.refresh_from_db()
    assert (image.name, image.alt) == ("whale", "A whale")


def test_film_comes_with_captions_and_a_still_that_can_be_another(editor: Client) -> None:
    captions = SimpleUploadedFile("said.vtt", b"WEBVTT\n")
    editor.post(reverse("admin:timeline_image_add"), {"name": "ring", "file": film_file(), "captions": captions})
    image = Image.objects.get()
    assert [file.name[-4:] for file in (image.file, image.poster, image.captions)] == [".mp4", ".jpg", ".vtt"]
    assert (image.width, image.height, Path(image.captions.path).read_text()) == (64, 48, "WEBVTT\n")

    made, film = image.poster.name, image.file.name
    editor.post(change_url(image), {"poster": picture(size=(30, 20), name="still.png")})
    image.refresh_from_db()
    assert (image.file.name, image.poster.name == made, image.poster.name[-4:]) == (film, False, ".jpg")
    with Picture.open(image.poster.path) as still:
        assert (still.format, still.size) == ("JPEG", (30, 20))

    page = editor.post(change_url(image), {"poster-clear": "on"})
    assert list(page.context["adminform"].form.errors) == ["poster"]

    editor.post(change_url(image), {"file": picture("PNG")})
    image.refresh_from_db()
    assert (image.file.name[-4:], image.poster.name, image.width) == (".png", "", 40)


def test_only_a_film_has_captions_and_a_still(editor: Client) -> None:
    given = {"captions": SimpleUploadedFile("a.vtt", b"WEBVTT\n"), "poster": picture()}
    page = editor.post(reverse("admin:timeline_image_add"), {"name": "whale", "file": picture(), **given})
    assert set(page.context["adminform"].form.errors) == {"captions", "poster"}
    given = {"captions": SimpleUploadedFile("a.vtt", b"<script>"), "poster": film_file()}
    page = editor.post(reverse("admin:timeline_image_add"), {"name": "ring", "file": film_file(), **given})
    assert set(page.context["adminform"].form.errors) == {"captions", "poster"}
    assert (Image.objects.count(), default_storage.exists("images")) == (0, False)


def test_file_of_an_image_can_be_taken_away(editor: Client) -> None:
    image = store_image(picture())
    draw(image)
    editor.post(change_url(image), {"file-clear": "on"})
    image.refresh_from_db()
    assert (image.file.name, image.width, image.height, image.variants) == ("", None, None, {})


def test_publication_list_leads_to_the_one_row(publisher: Client) -> None:
    answer = publisher.get(reverse("admin:timeline_publication_changelist"))
    assert answer["Location"] == reverse("admin:timeline_publication_change", args=[1])


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/admin/", 12),
        ("/admin/timeline/issue/", 6),
        ("/admin/timeline/issue/{issue}/change/", 11),
        ("/admin/timeline/issue/{issue}/preflight/", 13),
        ("/admin/timeline/issue/{issue}/preview/html/", 17),
        ("/admin/timeline/issue/{issue}/publish/", 9),
        ("/admin/papers/papersummary/", 6),
        ("/admin/papers/papersummary/{paper}/change/", 12),
        ("/admin/papers/author/", 6),
        ("/admin/timeline/image/", 12),
    ],
)
def test_admin_pages_need_a_fixed_number_of_queries(
    publisher: Client, url: str, queries: int, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        issue = make_issue()
        for _ in range(5):
            paper = make_paper(issue, authors=["Ada", "Bob", "Cy"], lead_image=make_image())
            make_news(issue, authors=["Ada"])
    ContentType.objects.get_for_models(*apps.get_models())  # a process asks for them once
    with django_assert_num_queries(queries):
        assert publisher.get(url.format(issue=issue.pk, paper=paper.pk)).status_code == 200
