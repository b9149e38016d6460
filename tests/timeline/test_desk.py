"""The desk of an issue: its items in order, those that come and go, and what two editors make of it."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import edith, make_image, make_issue, make_news, make_paper, paula, rita
from tests.timeline.test_admin import change_url, form_values
from tests.timeline.test_drafts import draft_of
from timeline.drafts import revision
from timeline.history import record, versions
from timeline.models import Draft, Entry, Issue, User
from timeline.sections import section

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor() -> Client:
    return as_(edith())


@pytest.fixture
def issue() -> Issue:
    """A draft with the papers a, b, c and d, and a news item."""
    issue = make_issue(published=False)
    for title in "abcd":
        make_paper(issue, title=title)
    make_news(issue, title="n")
    record(issue, "added")
    return issue


def rows(page: Any) -> list[Any]:
    """All items that a desk shows."""
    field = page.context["adminform"].form["items"]
    parts = field.field.widget.get_context("items", field.value(), {})["widget"]["parts"]
    return [row for part in parts for row in [*part.here, *part.away]]


def desk_form(client: Client, issue: Issue) -> dict[str, Any]:
    """What a browser would send of the desk of `issue` if nobody touched it."""
    page = client.get(change_url(issue))
    values = form_values(client, change_url(issue))
    for row in rows(page):
        values |= {f"items-{row.key}-position": row.place, f"items-{row.key}-issue": row.target}
    own = {"draft": str(page.context["draft_key"]), "sheet": str(page.context["sheet"]), "turn": 1}
    return values | own | {"revision": page.context["revision"]}


def place(item: Any) -> str:
    return f"items-{item.kind}-{item.uuid}-position"


def target(item: Any) -> str:
    return f"items-{item.kind}-{item.uuid}-issue"


def papers(issue: Issue) -> list[Any]:
    return list(section("papers").items(issue))


def titles(issue: Issue) -> str:
    assert [paper.position for paper in papers(issue)] == list(range(1, len(papers(issue)) + 1))
    return "".join(paper.title for paper in papers(issue))


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ({0: 3}, "bcad"), ({3: 1}, "dabc"), ({1: 1}, "bacd"), ({0: 9}, "bcda"), ({0: 2, 1: 1}, "bacd"),
        ({0: ""}, "bcda"), ({}, "abcd"),
    ],
)  # fmt: skip
def test_numbers_typed_by_hand_order_the_items(editor: Client, issue: Issue, typed: dict[int, Any], order: str) -> None:
    form = desk_form(editor, issue) | {place(papers(issue)[index]): number for index, number in typed.items()}
    assert editor.post(change_url(issue), form).status_code == 302
    assert titles(issue) == order
    kept = versions(issue)[0].data["items"]["papers"]
    assert kept == [str(paper.uuid) for paper in papers(issue)]


def test_item_goes_to_the_shelf_and_comes_back_with_versions(editor: Client, issue: Issue) -> None:
    a, b, *_ = papers(issue)
    editor.post(change_url(issue), desk_form(editor, issue) | {target(b): ""})
    b.refresh_from_db()
    assert (b.issue, titles(issue), Entry.objects.filter(object_uuid=b.uuid).exists()) == (None, "acd", False)
    assert (versions(b)[0].action, versions(b)[0].data["issue"], str(versions(b)[0].editor)) == (
        "shelved", None, "edith@example.org"
    )  # fmt: skip
    editor.post(change_url(issue), desk_form(editor, issue) | {target(b): str(issue.uuid), place(b): 1})
    assert titles(issue) == "bacd"
    assert (versions(b)[0].action, versions(b)[0].data["issue"]) == ("moved", str(issue.uuid))
    assert Entry.objects.get(object_uuid=b.uuid).rank < Entry.objects.get(object_uuid=a.uuid).rank


def test_item_moves_to_the_end_of_another_issue_which_is_recorded(editor: Client, issue: Issue) -> None:
    other = make_issue(published=False)
    make_paper(other, title="x")
    a, b, *_ = papers(issue)
    editor.post(change_url(issue), desk_form(editor, issue) | {target(a): str(other.uuid), target(b): str(other.uuid)})
    assert (titles(issue), titles(other)) == ("cd", "xab")
    assert versions(other)[0].data["items"]["papers"] == [str(paper.uuid) for paper in papers(other)]
    assert (versions(other)[0].action, versions(a)[0].action) == ("items changed", "moved")
    assert Entry.objects.get(object_uuid=a.uuid).issue == other


@pytest.mark.parametrize("chosen", ["public", "nobody", "nonsense"])
def test_item_moves_to_no_issue_that_readers_see_or_that_is_not_there(
    editor: Client, issue: Issue, chosen: str
) -> None:
    uuids = {"public": str(make_issue().uuid), "nobody": "00000000-0000-0000-0000-000000000000"}
    page = editor.post(
        change_url(issue), desk_form(editor, issue) | {target(papers(issue)[0]): uuids.get(chosen, chosen)}
    )
    assert page.context["adminform"].form.errors == {"items": ["Choose for “a” an issue from the list."]}
    assert titles(issue) == "abcd"


def test_items_of_a_public_issue_go_to_the_shelf_only(editor: Client) -> None:
    issue, other = make_issue(), make_issue(published=False)
    paper = make_paper(issue)
    assert str(other.uuid) not in editor.get(change_url(issue)).content.decode()
    page = editor.post(change_url(issue), desk_form(editor, issue) | {target(paper): str(other.uuid)})
    assert list(page.context["adminform"].form.errors) == ["items"]


def test_nobody_takes_an_item_out_of_another_issue(editor: Client, issue: Issue) -> None:
    foreign = make_paper(make_issue(number=7), title="Orca")
    form = desk_form(editor, issue) | {target(foreign): str(issue.uuid), place(foreign): 1}
    page = editor.post(change_url(issue), form)
    assert page.context["adminform"].form.errors == {"items": ["“Orca” is in issue 7 now: leave it there."]}
    assert titles(issue) == "abcd"


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "999999", "²"])
def test_place_is_a_number(editor: Client, issue: Issue, number: str) -> None:
    page = editor.post(change_url(issue), desk_form(editor, issue) | {place(papers(issue)[0]): number})
    assert list(page.context["adminform"].form.errors) == ["items"]
    assert (titles(issue), f'value="{number}"' in page.content.decode()) == ("abcd", True)


def test_hostile_fields_are_refused_or_left_out(editor: Client, issue: Issue) -> None:
    form = desk_form(editor, issue)
    for key in ("items--position", "items-papers-x-position", "items-nokind-1-position"):
        answer = editor.post(change_url(issue), form | {key: "1", key.replace("position", "issue"): str(issue.uuid)})
        assert answer.status_code in {200, 302}
    assert titles(issue) == "abcd"


def test_titles_are_escaped(editor: Client, issue: Issue) -> None:
    hostile = '"><script>evil()</script>'
    make_paper(issue, title=hostile, authors=[hostile])
    make_paper(title=hostile)
    make_issue(published=False, title=hostile)
    page = editor.get(change_url(issue)).content.decode()
    assert "<script>evil" not in page
    assert page.count("&lt;script&gt;evil") > 6


def test_desk_tells_words_authors_and_ways(editor: Client, issue: Issue) -> None:
    make_paper(issue, title="Orca", emoji="🐳", body="Three small words.", authors=["Ada", "Bob", "Cy", "Di"])
    page = " ".join(editor.get(change_url(issue)).content.decode().split())
    assert '🐳 Orca</a> <span class="quiet">3 words · Ada, Bob, Cy and 1 more</span>' in page
    assert f"{reverse('admin:papers_papersummary_add')}?issue={issue.pk}" in page


def test_draft_of_an_order_is_kept_and_shown_again(editor: Client, issue: Issue) -> None:
    a, b, c, _ = papers(issue)
    shelved = make_paper(title="s")
    form = desk_form(editor, issue) | {place(a): 2, place(b): 1, target(c): ""}
    form |= {target(shelved): str(issue.uuid), place(shelved): 9}
    assert editor.post(reverse("admin:timeline_issue_draft"), form).status_code == 200
    assert titles(issue) == "abcd"
    shown = editor.get(f"{change_url(issue)}?draft={draft_of(issue, edith()).sheet}")
    here = [row for row in rows(shown) if row.kind.kind == "papers" and row.target == str(issue.uuid)]
    assert "".join(row.item.title for row in here) == "bads"
    kept = draft_of(issue, edith()).data["items"]
    editor.post(change_url(issue), form)
    assert (titles(issue), versions(issue)[0].data["items"]) == ("bads", kept)
    assert Draft.objects.count() == 0


def test_late_save_keeps_my_order_and_their_title(issue: Issue) -> None:
    ed, paul = as_(edith()), as_(paula())
    other = make_issue(published=False)
    a, b, c, d = papers(issue)
    mine = desk_form(ed, issue) | {place(b): 1, place(a): 2, target(c): str(other.uuid), target(d): ""}
    paul.post(change_url(issue), desk_form(paul, issue) | {"title": "Their title"})
    assert ed.post(change_url(issue), mine).status_code == 302
    issue.refresh_from_db()
    d.refresh_from_db()
    assert (issue.title, titles(issue), titles(other), d.issue) == ("Their title", "ba", "c", None)
    assert "moves" not in versions(issue)[0].data


def test_two_orders_that_agree_are_one(issue: Issue) -> None:
    ed, paul = as_(edith()), as_(paula())
    a, *_, d = papers(issue)
    mine = desk_form(ed, issue) | {place(d): 1}
    paul.post(change_url(issue), desk_form(paul, issue) | {place(a): 3})
    ed.post(change_url(issue), mine)
    assert titles(issue) == "dbca"


def test_two_orders_are_for_an_editor_to_choose(issue: Issue) -> None:
    ed, paul = as_(edith()), as_(paula())
    _, b, *_ = papers(issue)
    mine = desk_form(ed, issue) | {place(b): 1}
    paul.post(change_url(issue), desk_form(paul, issue) | {place(b): 3})
    merge = ed.post(change_url(issue), mine)["Location"]
    assert merge.startswith(reverse("admin:timeline_issue_merge", args=[issue.pk]))
    assert titles(issue) == "acbd"
    assert ed.get(merge).status_code == 200
    ed.post(merge, {"revision": revision(issue), "choice-items": "mine"})
    assert titles(issue) == "bacd"


def test_who_may_not_change_items_sees_them_where_they_are(issue: Issue) -> None:
    reader = rita()
    reader.user_permissions.set(
        Permission.objects.filter(codename__in=["view_issue", "change_issue", "view_papersummary"])
    )
    client = as_(reader)
    page = client.get(change_url(issue)).content.decode()
    assert ("items-papers" in page, ">a</a>" in page, ">n</a>" in page) == (False, True, False)
    shelved = make_paper(title="s")
    form = desk_form(client, issue) | {place(papers(issue)[0]): 4, target(papers(issue)[1]): ""}
    form |= {place(shelved): 1, target(shelved): str(issue.uuid)}
    assert client.post(change_url(issue), form | {"title": "New"}).status_code == 302
    issue.refresh_from_db()
    assert (issue.title, titles(issue)) == ("New", "abcd")


@pytest.fixture
def large() -> Issue:
    """Forty items in it, twenty on the shelf, and another issue."""
    issue = make_issue(published=False)
    make_issue(published=False)
    for number in range(20):
        make_paper(issue, authors=["Ada", "Bob"], lead_image=make_image(), body=f"Text {number} on [this](https://x.y)")
        make_news(issue, authors=["Ada"])
        make_paper()
    record(issue, "added")
    return issue


def test_desk_needs_few_queries(large: Issue, django_assert_num_queries: Any) -> None:
    client = as_(paula())
    client.get(change_url(large))  # the types of content are known then
    with django_assert_num_queries(11):
        assert client.get(change_url(large)).status_code == 200


def test_saving_order_and_membership_needs_few_queries(large: Issue) -> None:
    client = as_(edith())
    form = desk_form(client, large) | {"title": "New", "initial-number": large.number}
    for kind in ("papers", "news"):
        form |= {place(item): 20 - number for number, item in enumerate(section(kind).items(large))}
    form |= {target(paper): "" for paper in papers(large)[3:5]}
    with CaptureQueriesContext(connection) as asked:
        assert client.post(change_url(large), form).status_code == 302
    marks = [each for each in asked if "SAVEPOINT" in each["sql"]]  # of the transactions in this test's own
    assert len(asked) - len(marks) <= 30
    assert titles(large).count("Paper") == 18
