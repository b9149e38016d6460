"""The history as editors use it: what they read, and what a button does."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from tests.factories import edith, make_author, make_image, make_issue, make_paper, make_user, paula, picture, tag
from timeline.differences import differences
from timeline.history import record, versions
from timeline.images import store_image
from timeline.models import Image, Issue, Topic, Version

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(edith())
    return client


def read(page: Any) -> str:
    """The text of the main part of a page, with single spaces."""
    html = page.content.decode()
    main = html[html.index('id="content"') :]
    return " ".join(unescape(strip_tags(re.sub(r"<br>|</(?:div|li|p|h1|h2|a)>", " ", main))).split())


def saved_twice(*, published: bool = False) -> tuple[Any, Version, Version]:
    issue = make_issue(published=published)
    paper = make_paper(issue, title="Orca", body="One two three.\n\nKept.", authors=["Ada", "Zoe"])
    old = record(paper, "added", edith())
    paper.title, paper.body = "Orca 2", "One two four.\n\nKept."
    paper.save()
    paper.bylines.first().delete()
    return paper, old, record(paper, "saved", paula())


def url(page: str, *args: Any, model: str = "papers_papersummary") -> str:
    return reverse(f"admin:{model}_{page}", args=args)


def test_the_list_tells_who_changed_what(editor: Client) -> None:
    paper, old, new = saved_twice()
    change_form = editor.get(url("change", paper.pk)).content.decode()
    assert f'href="{url("history", paper.pk)}"' in change_form
    text = read(editor.get(url("history", paper.pk)))
    assert re.search(r"paula@example.org saved Title, body, authors What changed", text)
    assert re.search(r"edith@example.org added The first that is known Compare with now", text)
    assert (old.data["title"], new.data["title"]) == ("Orca", "Orca 2")


def test_a_long_history_has_pages_and_the_same_few_queries(editor: Client, django_assert_num_queries: Any) -> None:
    paper, _, _ = saved_twice()
    for number in range(60):
        paper.title = f"Orca {number}"
        record(paper, "saved", edith())
    with django_assert_num_queries(
        8
    ):  # session, person, two for permissions, row, count, page, the version before the page's last
        page = editor.get(url("history", paper.pk))
    assert (page.content.count(b"<time"), b"Page 1 of 2" in page.content) == (50, True)
    issue = paper.issue
    record(issue, "saved")
    for number in range(60):
        paper.title = f"Orca {number}"
        record(paper, "saved", edith())
    with django_assert_num_queries(9):  # also: what was in the issue
        editor.get(url("history", issue.pk, model="timeline_issue"))


def test_versions_are_compared_by_field_paragraph_and_word(editor: Client) -> None:
    _, old, new = saved_twice()
    for page in (
        editor.get(f"{url('compare')}?old={old.pk}&new={new.pk}"),
        editor.get(f"{url('compare')}?old={new.pk}&new={old.pk}"),
        editor.get(f"{url('compare')}?old={old.pk}"),
    ):
        text = read(page)
        assert "Title Before Orca After Orca[added: 2]" in text
        assert "Body Before One two [removed: three]. After One two [added: four]. Kept." in text
        assert "Authors Removed [removed: Ada] Zoe" in text
        assert '<del><span class="visually-hidden">[removed: </span>three<span' in page.content.decode()
    text = read(editor.get(f"{url('compare')}?old={new.pk}&new={new.pk}"))
    assert "Nothing differs." in text
    assert "Restore" not in text


def test_comparing_and_listing_ask_no_more_for_more(editor: Client, django_assert_num_queries: Any) -> None:
    paper, old, _ = saved_twice()
    for name in ("Eve", "Mallory", "Trent"):
        tag(paper, name)
        paper.bylines.create(author=make_author(name), position=9)
    new = record(paper, "saved")
    # Four for the person, two versions, the row, three for what it is now, topics and authors by name.
    with django_assert_num_queries(12):
        editor.get(f"{url('compare')}?old={old.pk}&new={new.pk}")
    for _ in range(3):
        gone, _, _ = saved_twice()
        gone.delete()
    with django_assert_num_queries(7):  # four for the person, count, the last versions, those before
        editor.get(url("deleted"))


def test_versions_of_two_rows_are_not_compared(editor: Client) -> None:
    _, old, _ = saved_twice()
    _, _, other = saved_twice()
    for query in (f"old={old.pk}&new={other.pk}", "", "old=999999", "old=x&new='"):
        assert editor.get(f"{url('compare')}?{query}").status_code == 404


def test_pictures_are_shown_and_rows_that_are_gone_have_their_last_name() -> None:
    whale = store_image(picture(name="whale.png"))
    paper = make_paper(title="Orca", lead_image=whale)
    topic = tag(paper, "Reasoning")
    record(topic, "added")
    old = record(paper, "added")
    topic.delete()
    paper.lead_image = make_image("awaited")
    paper.save()
    told = {each.label: each for each in differences(type(paper), old.data, record(paper, "saved").data)}
    image, topics = told["Lead image"], told["Topics"]
    assert [(change.old, change.new) for change in image.changes] == [("whale", None), (None, "awaited")]
    assert (image.old_picture, image.new_picture) == (whale.file.url, "")
    assert [(change.old, change.new) for change in topics.changes] == [("Reasoning (deleted)", None)]
    first = versions(whale)[0]
    [file] = [each for each in differences(Image, first.data | {"file": ""}, first.data) if each.label == "File"]
    assert (file.old_picture, file.new_picture) == ("", whale.file.url)


def test_what_is_far_from_a_change_is_folded() -> None:
    paper = make_paper(body="\n\n".join(f"Paragraph {number}" for number in range(6)))
    old = record(paper, "added")
    [difference] = differences(type(paper), old.data, old.data | {"body": old.data["body"] + "\n\nEnd of it"})
    assert [(stretch.is_folded, len(stretch.changes)) for stretch in difference.stretches] == [(True, 5), (False, 2)]


def test_an_editor_restores_and_reads_what_happened(editor: Client) -> None:
    paper, old, _ = saved_twice()
    page = editor.get(f"{url('compare')}?old={old.pk}")
    assert page.content.count(b"/restore/") == 1
    answer = editor.post(url("restore", old.pk), follow=True)
    assert answer.redirect_chain == [(url("change", paper.pk), 302)]
    assert "“Orca” is again as it was saved on" in answer.content.decode()
    paper.refresh_from_db()
    assert (paper.title, versions(paper)[0].editor) == ("Orca", edith())


def test_what_cannot_come_back_is_told_and_nothing_is_changed(editor: Client) -> None:
    topic = Topic.objects.create(name="Agents")
    version = record(topic, "deleted")
    topic.delete()
    Topic.objects.create(name="Agents", slug="other")
    answer = editor.post(url("restore", version.pk, model="timeline_topic"), follow=True)
    assert "nothing was changed. Topic with this Name already exists." in answer.content.decode()
    assert Version.objects.count() == 1


def test_what_was_deleted_is_listed_and_comes_back(editor: Client) -> None:
    paper, _, _ = saved_twice(published=True)
    saved_twice()
    editor.post(url("delete", paper.pk), {"post": "yes"})
    assert paper.issue.is_public  # so an Editor may not: only a Publisher takes it away
    editor.force_login(paula())
    editor.post(url("delete", paper.pk), {"post": "yes"})
    assert url("deleted") in editor.get(url("changelist")).content.decode()
    text = read(editor.get(url("deleted")))
    assert text.count("Restore") == 1
    assert "Orca 2 Deleted What was in it (Orca 2)" in text
    version = versions(paper)[0]
    page = editor.get(f"{url('compare')}?old={version.pk}")
    assert "Title Removed [removed: Orca 2]" in read(page)
    editor.post(url("restore", version.pk))
    assert type(paper).objects.get(uuid=paper.uuid).title == "Orca 2"
    assert "Nothing was deleted." in read(editor.get(url("deleted")))


def test_only_those_who_may_change_restore(client: Client) -> None:
    paper, old, _ = saved_twice()
    reader = make_user("vera@example.org")
    reader.user_permissions.set(Permission.objects.filter(codename__in=["view_issue", "view_papersummary"]))
    client.force_login(reader)
    assert "Restore" not in read(client.get(f"{url('compare')}?old={old.pk}"))
    assert client.post(url("restore", old.pk)).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="change_papersummary"))
    assert client.post(url("restore", old.pk)).status_code == 302
    paper.delete()
    assert client.post(url("restore", old.pk)).status_code == 403  # that would be to add it


def test_who_may_not_change_items_does_not_restore_issues(client: Client) -> None:
    issue = make_issue(published=False)
    version = record(issue, "added")
    helper = make_user("hugo@example.org")
    helper.user_permissions.set(Permission.objects.filter(codename__in=["view_issue", "change_issue"]))
    client.force_login(helper)
    assert client.post(url("restore", version.pk, model="timeline_issue")).status_code == 403
    assert client.post(url("restore_at", issue.pk, version.pk, model="timeline_issue")).status_code == 403
    assert client.get(url("at", issue.pk, version.pk, model="timeline_issue")).status_code == 200


def whole() -> tuple[Issue, Any, Version]:
    issue = make_issue(published=False, title="Whales")
    paper = make_paper(issue, title="Orca", body="As it stood.")
    record(paper, "added")
    then = record(issue, "added")
    paper.body = "As it is."
    paper.save()
    record(paper, "saved")
    return issue, paper, then


def test_an_issue_is_seen_as_it_stood_and_nothing_stays_of_it(editor: Client) -> None:
    issue, paper, then = whole()
    count = Version.objects.count()
    page = editor.get(url("at", issue.pk, then.pk, model="timeline_issue"))
    assert b"As it stood." in page.content
    paper.refresh_from_db()
    assert (paper.body, Version.objects.count()) == ("As it is.", count)
    now = versions(paper)[0]
    assert b"As it is." in editor.get(url("at", issue.pk, now.pk, model="timeline_issue")).content


def test_a_whole_issue_is_restored_after_a_question(editor: Client) -> None:
    issue, paper, then = whole()
    late = make_paper(issue, title="Late")
    question = url("restore_at", issue.pk, then.pk, model="timeline_issue")
    assert question in editor.get(url("history", issue.pk, model="timeline_issue")).content.decode()
    text = read(editor.get(question))
    assert "Orca: body Late: goes to the shelf" in text
    answer = editor.post(question, follow=True)
    assert "is again, with all its items, as on" in answer.content.decode()
    paper.refresh_from_db()
    late.refresh_from_db()
    assert (paper.body, late.issue) == ("As it stood.", None)
    assert "Nothing has changed since then." in read(editor.get(question))


def test_versions_from_elsewhere_are_no_moment_of_an_issue(editor: Client) -> None:
    issue, _, _ = whole()
    _, other, _ = whole()
    for page in ("at", "restore_at"):
        assert editor.get(url(page, issue.pk, versions(other)[0].pk, model="timeline_issue")).status_code == 404
