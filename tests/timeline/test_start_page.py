"""The start page of the admin: what is in work, what is scheduled, what needs a hand, who did what."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from tests.factories import edith, make_image, make_issue, make_news, make_paper, paula, rita
from tests.timeline.test_admin import change_url
from timeline.drafts import Stamp, keep
from timeline.history import record
from timeline.models import Backup, Content, Draft, Publication, User

pytestmark = pytest.mark.django_db


def start(user: User) -> str:
    client = Client()
    client.force_login(user)
    page = client.get("/admin/")
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def unsaved(row: Content, editor: User, title: str) -> None:
    label, typed = row._meta.label_lower, {"title": [title]}
    keep(label, row.uuid, editor, Stamp(uuid4(), 1), None, base=0, data={"title": title}, typed=typed)


def test_issues_stand_where_they_belong() -> None:
    Publication(time_zone="Asia/Tokyo").save()
    issues = {
        "published": make_issue(title="Out"),
        "draft": make_issue(published=False, title="In work"),
        "scheduled": make_issue(at=datetime(2100, 1, 1, 20, 30, tzinfo=UTC), title="Later"),
        "withdrawn": make_issue(title="Gone", withdrawn_at=timezone.now()),
    }
    page = start(edith())
    work, rest = page.split('id="start-scheduled"')
    scheduled, hand = rest.split('id="start-hand"')
    links = {name: f'<a href="{change_url(issue)}">{issue}</a>' for name, issue in issues.items()}
    assert {name: [link in part for part in (work, scheduled, hand)] for name, link in links.items()} == {
        "published": [False, False, False],
        "draft": [True, False, False],
        "scheduled": [False, True, False],
        "withdrawn": [False, False, True],
    }
    assert "2 January 2100, 05:30 JST" in scheduled
    assert "/admin/timeline/issue/add/" in work


def test_what_needs_a_hand_is_there_with_the_way_to_it() -> None:
    paper = make_paper(title="Orca", emoji="🐳")
    make_image(alt="A whale", rights="Ours")
    make_image(alt="A whale")
    make_image(rights="Ours")
    unsaved(paper, edith(), "Half a title")
    unsaved(paper, paula(), "Of somebody else")
    page = start(edith())
    assert f'<a href="{change_url(paper)}">🐳 Orca</a> is on the shelf.' in page
    assert f'<a href="{change_url(paper)}?draft={Draft.objects.get(editor=edith()).sheet}">Half a title</a>' in page
    assert "2 images</a> have no alternative text or no rights." in page
    assert "Of somebody else" not in page


def test_draft_of_nothing_yet_leads_to_where_one_adds() -> None:
    paper = make_paper(title="Begun")
    unsaved(paper, edith(), "Begun")
    paper.delete()
    assert f"/admin/papers/papersummary/add/?draft={Draft.objects.get().sheet}" in start(edith())


def test_last_actions_tell_who_did_what_newest_first() -> None:
    first, second, gone = make_paper(title="First"), make_news(title="Second"), make_paper(title="Third")
    record(first, "saved", paula())
    record(gone, "deleted", edith())
    gone.delete()
    record(second, "added")
    _, page = start(edith()).split('id="start-done"')
    assert [page.index(title) for title in ("Second", "Third", "First")] == sorted(
        page.index(title) for title in ("Second", "Third", "First")
    )
    assert f'<a href="{change_url(first)}">First</a> <span class="quiet">saved by paula@example.org,' in page
    assert "<li> Third <span" in page  # no way to what is gone


def test_nobody_sees_what_he_may_not() -> None:
    reader = rita()
    reader.user_permissions.set(Permission.objects.filter(codename="view_issue"))
    issue, paper = make_issue(published=False, title="In work"), make_paper(title="Orca")
    make_image()
    record(paper, "saved", paula())
    record(issue, "saved", paula())
    page = start(reader)
    assert ("In work" in page, "Orca" in page, "1 image" in page, "/issue/add/" in page) == (True, False, False, False)


def test_last_backup_is_told_to_publishers_and_missed_after_two_days() -> None:
    def hand(user: User) -> str:
        return start(user).partition('id="start-hand"')[2]

    assert "There is no backup of this site." in hand(paula())
    assert "backup" not in start(edith())
    old = Backup.objects.create(made_at=timezone.now() - timedelta(days=3), bytes=1)
    assert "The last backup is 3 days old." in hand(paula())
    new = Backup.objects.create(made_at=timezone.now() - timedelta(hours=47), bytes=1)
    assert hand(paula()) == ""
    assert f"The last backup was made on {new.made_at:%-d %B, %H:%M} UTC." in start(paula())
    assert old.made_at.strftime("%-d %B") not in start(paula())


def test_nothing_hostile_runs() -> None:
    hostile = '"><script>evil()</script>'
    issue, paper = make_issue(published=False, title=hostile), make_paper(title=hostile)
    for row in (issue, paper):
        record(row, "saved", edith())
        unsaved(row, edith(), hostile)
    page = start(edith())
    assert (page.count("<script>evil"), page.count("&lt;script&gt;evil()") > 5) == (0, True)


def test_few_queries_whatever_there_is(django_assert_num_queries: Any) -> None:
    client = Client()
    client.force_login(paula())
    for number in range(12):
        for row in (make_issue(published=False), make_paper(), make_news(), make_image(), make_issue()):
            record(row, "saved", edith())
            unsaved(row, paula(), f"Title {number}")
    client.get("/admin/")
    with django_assert_num_queries(13):
        client.get("/admin/")
