"""Draft over live: what is published stays as readers see it until a Publisher updates it."""

from typing import Any

import pytest
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_tasks_db.models import DBTaskResult

from news.models import NewsItem
from papers.models import PaperSummary
from tests.factories import edith, make_author, make_image, make_issue, make_news, make_paper, paula, tag
from tests.timeline.test_admin import change_url, form_values
from tests.timeline.test_metadata import HeadOf
from timeline import pending, publishing, restoring
from timeline.history import changed, current, record, versions
from timeline.models import Correction, Entry, Issue, PendingChange, Version
from timeline.sections import MEDIA, render_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(edith())
    return client


@pytest.fixture
def publisher() -> Client:
    client = Client()
    client.force_login(paula())
    return client


@pytest.fixture
def issue() -> Issue:
    """Published, with two papers and a piece of news, all with a first version."""
    issue = make_issue(number=7, title="Whales", introduction="Hello")
    for title in ("Orca", "Beluga"):
        record(make_paper(issue, title=title, body="It says *this*.", authors=["Ada Lovelace", "Zoe"]), "added")
    record(make_news(issue, title="Gemini", body="It came.", source_url="https://example.org/"), "added")
    record(issue, "added")
    return issue


def orca() -> PaperSummary:
    return PaperSummary.objects.get(slug="orca")


def save(client: Client, row: Any, **fields: Any) -> Any:
    url = change_url(row)
    return client.post(url, {**form_values(client, url), **fields}, follow=True)


def texts(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def changes_url(issue: Issue) -> str:
    return reverse("admin:timeline_issue_changes", args=[issue.pk])


def test_a_saved_change_waits_and_readers_see_what_they_saw(editor: Client, issue: Issue) -> None:
    paper, other = orca(), make_author("Grace Hopper")
    before, page = current(orca()), editor.get(paper.get_absolute_url()).content
    answer = save(
        editor, paper, title="Orca 2", body="It says *that*.", **{"bylines-0-author": other.pk, "bylines-1-position": 9}
    )
    assert texts(answer) == ["“Orca” was saved. Readers see it when the issue is updated."]
    assert (current(orca()), editor.get(paper.get_absolute_url()).content) == (before, page)
    change = PendingChange.objects.get()
    newest = versions(paper).first()
    assert newest == change.version
    assert (change.issue, newest.is_pending, str(newest.editor)) == (issue, True, "edith@example.org")
    assert pending.differing(paper, before, newest.data) == ["title", "body", "authors"]
    assert newest.data["authors"] == [str(make_author(name).uuid) for name in ("Grace Hopper", "Zoe")]

    form = form_values(editor, change_url(paper))
    assert (form["title"], form["body"], form["bylines-0-author"]) == ("Orca 2", "It says *that*.", other.pk)
    save(editor, paper, title="Orca 3")
    again = PendingChange.objects.get().version.data
    assert changed(newest.data, again) == ["title"]
    assert current(orca()) == before


def test_a_change_taken_back_waits_no_more(editor: Client, issue: Issue) -> None:
    save(editor, orca(), title="Orca 2")
    answer = save(editor, orca(), title="Orca")
    assert texts(answer) == ["“Orca” was saved. It is what readers see: nothing waits."]
    assert not PendingChange.objects.exists()


def test_a_draft_and_what_is_on_the_shelf_change_at_once(editor: Client) -> None:
    for paper in (make_paper(make_issue(published=False), title="Orca"), make_paper(title="Beluga")):
        save(editor, paper, title="New")
        paper.refresh_from_db()
        assert paper.title == "New"
    assert not PendingChange.objects.exists()


def test_faults_are_shown_and_nothing_waits(editor: Client, issue: Issue) -> None:
    url = change_url(orca())
    answer = editor.post(url, {**form_values(editor, url), "title": "", "slug": "", "body": "Typed"})
    assert list(answer.context["adminform"].form.errors) == ["title"]
    assert "Typed" in answer.content.decode()
    assert not PendingChange.objects.exists()


def test_an_update_applies_all_at_once_and_tells_readers(editor: Client, publisher: Client, issue: Issue) -> None:
    save(editor, orca(), title="Orca 2", body="It says *that*.", slug="orca-2")
    save(editor, issue, introduction="Welcome")
    url = changes_url(issue)
    for client, may_update in ((editor, False), (publisher, True)):
        page = client.get(url).content.decode()
        assert ("It says *" in page, "Welcome" in page, 'value="Update"' in page) == (True, True, may_update)
    assert editor.post(url, {"note": "Mine"}).status_code == 403

    answer = publisher.post(url, {"note": "The figure of\n<b>Ada</b> was wrong."}, follow=True)
    assert texts(answer) == ["“#7 – Whales” is updated: readers see it now."]
    paper, issue = orca_2(), Issue.objects.get()
    assert (paper.title, paper.body, issue.introduction) == ("Orca 2", "It says *that*.", "Welcome")
    assert editor.get("/papers/orca/")["Location"] == "/papers/orca-2/"
    assert [version.action for version in versions(paper)] == ["updated", "saved", "added"]
    assert not PendingChange.objects.exists()

    correction = Correction.objects.get()
    assert (correction.is_minor, str(correction.editor)) == (False, "paula@example.org")
    for path in ("/papers/orca-2/", "/issues/7/"):
        page = editor.get(path).content.decode()
        assert "The figure of\n&lt;b&gt;Ada&lt;/b&gt; was wrong." in page
        assert correction.get_absolute_url() in page
        assert HeadOf(editor, path).json_ld["correction"] == [
            {
                "@type": "CorrectionComment",
                "text": "The figure of\n<b>Ada</b> was wrong.",
                "datePublished": DjangoJSONEncoder().default(correction.created_at),
                "url": f"{settings.SITE_URL}{correction.get_absolute_url()}",
            }
        ]
        twin = editor.get(f"{path.rstrip('/')}.md").content.decode()
        assert "/corrections/#at-" in twin
        assert ">): The figure of \\<b\\>Ada\\</b\\> was wrong.\n" in twin
    for path in ("/papers/beluga/", "/papers/beluga.md"):
        assert "orrect" not in editor.get(path).content.decode().partition("</head>")[2]
    page = editor.get("/issues/7/corrections/").content.decode()
    for told in ("Orca 2", "[removed: </span>this", "[added: </span>that", "Introduction", "Welcome"):
        assert told in page


def orca_2() -> PaperSummary:
    return PaperSummary.objects.get(slug="orca-2")


def test_readers_of_a_page_are_not_told_of_a_typo(editor: Client, publisher: Client, issue: Issue) -> None:
    save(editor, orca(), title="Orcas")
    publisher.post(changes_url(issue), {"note": "A letter.", "is_minor": "on"})
    for path in ("/papers/orca/", "/issues/7/"):
        page = editor.get(path).content.decode()
        assert ("Orcas" in page, "A letter." in page) == (True, False)
    assert "Only typos: A letter." in editor.get("/issues/7/corrections/").content.decode()


def test_corrections_are_for_readers_of_what_is_published(client: Client, issue: Issue) -> None:
    assert client.get("/issues/7/corrections/").status_code == 404
    pending.hold(issue, current(issue) | {"title": "Orcas"})
    publishing.update(issue, note="A word.")
    assert client.get("/issues/7/corrections/").status_code == 200
    publishing.withdraw(issue)
    assert client.get("/issues/7/corrections/").status_code == 404


def test_an_update_needs_a_note_and_something_that_waits(issue: Issue) -> None:
    with pytest.raises(publishing.NotPossible, match=r"^Nothing waits for an update of issue 7\.$"):
        publishing.update(issue, note="Why")
    pending.hold(issue, current(issue) | {"title": "Orcas"})
    with pytest.raises(publishing.NotPossible, match=r"^Tell readers what was corrected, and why\.$"):
        publishing.update(issue, note=" ")
    assert (Issue.objects.get().title, PendingChange.objects.count()) == ("Whales", 1)


def test_what_stops_a_publication_stops_an_update(publisher: Client, issue: Issue) -> None:
    save(publisher, orca(), body="TODO")
    answer = publisher.post(changes_url(issue), {"note": "More."})
    assert answer.context["form"].errors == {
        "override": ["Mend what is listed below, or say why readers see it all the same."]
    }
    assert "Write what “TODO” stands for" in answer.content.decode()
    assert orca().body == "It says *this*."
    publisher.post(changes_url(issue), {"note": "More.", "override": "It is a quotation."})
    assert orca().body == "TODO"
    assert [each.reason for each in issue.overrides.all()] == ["It is a quotation."]


def test_an_update_that_fails_changes_nothing(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    pending.hold(orca(), current(orca()) | {"title": "Orca 2"})
    pending.hold(issue, current(issue) | {"title": "Orcas"})
    before = Version.objects.count()

    def fail(issue: Issue) -> None:
        raise OSError("The power went.")

    monkeypatch.setattr(publishing.websub, "plan", fail)
    with pytest.raises(OSError, match="power"):
        publishing.update(issue, note="Why")
    assert (orca().title, Issue.objects.get().title) == ("Orca", "Whales")
    assert (Version.objects.count(), Correction.objects.count(), PendingChange.objects.count()) == (before, 0, 2)


def test_a_new_item_waits_on_the_shelf(editor: Client, issue: Issue) -> None:
    url = reverse("admin:papers_papersummary_add")
    author = make_author("Ada Lovelace")
    form = form_values(editor, url) | {"title": "Narwhal", "body": "Horn.", "issue": issue.pk}
    form |= {"bylines-TOTAL_FORMS": 1, "bylines-0-author": author.pk, "bylines-0-position": 1}
    answer = editor.post(url, form, follow=True)
    assert texts(answer)[0] == "“Narwhal” waits on the shelf: readers see it when issue 7 is updated."
    narwhal = PaperSummary.objects.get(slug="narwhal")
    assert (narwhal.issue, editor.get("/papers/narwhal/").status_code) == (None, 404)
    assert "Narwhal" not in editor.get("/issues/7/").content.decode()
    publishing.update(issue, note="One more.")
    assert editor.get("/papers/narwhal/").status_code == 200
    assert list(issue.papersummary_set.order_by("position").values_list("title", flat=True)) == [
        "Orca", "Beluga", "Narwhal"
    ]  # fmt: skip
    assert [version.action for version in versions(narwhal)] == ["moved", "added"]


def test_an_item_of_a_draft_that_goes_to_a_published_issue_waits_too(editor: Client, issue: Issue) -> None:
    paper = make_paper(make_issue(published=False), title="Narwhal")
    save(editor, paper, issue=issue.pk)
    paper.refresh_from_db()
    assert (paper.issue, PendingChange.objects.get().object_uuid) == (None, issue.uuid)


def test_order_and_membership_wait_with_the_issue(client: Client, issue: Issue) -> None:
    first, second = issue.papersummary_set.order_by("position")
    news = NewsItem.objects.get()
    shown = client.get("/issues/7/").content
    items = {"papers": [str(second.uuid)], "news": [str(news.uuid)]}
    pending.hold(issue, current(issue) | {"items": items | {"polls": []}})
    assert client.get("/issues/7/").content == shown
    publishing.update(issue, note="Orca was taken out.")
    assert list(issue.papersummary_set.all()) == [second]
    assert client.get("/papers/orca/").status_code == 404
    page = client.get("/issues/7/corrections/").content.decode()
    assert "Orca" in page
    PaperSummary.objects.filter(pk=first.pk).update(title="Secret", short_title="")
    assert "Secret" not in client.get("/issues/7/corrections/").content.decode()


def test_what_waits_can_be_discarded(editor: Client, issue: Issue) -> None:
    save(editor, orca(), title="Orca 2")
    change = PendingChange.objects.get()
    url = reverse("admin:timeline_issue_discard", args=[issue.pk, change.pk])
    assert editor.get(url).status_code == 405
    assert texts(editor.post(url, follow=True)) == ["What waited for “Orca” was discarded. Its history still has it."]
    assert form_values(editor, change_url(orca()))["title"] == "Orca"
    assert [version.action for version in versions(orca())] == ["discarded", "saved", "added"]
    restoring.restore(versions(orca())[1], edith())
    assert (orca().title, PendingChange.objects.get().version.data["title"]) == ("Orca", "Orca 2")


def test_two_editors_of_what_waits_are_merged(editor: Client, publisher: Client, issue: Issue) -> None:
    url = change_url(orca())
    theirs = form_values(publisher, url)
    revision = publisher.get(url).context["revision"]
    save(editor, orca(), title="Orca 2")
    publisher.post(url, {**theirs, "abstract": "Short.", "revision": revision})
    data = PendingChange.objects.get().version.data
    assert (data["title"], data["abstract"], orca().title, orca().abstract) == ("Orca 2", "Short.", "Orca", "")


def test_going_back_in_the_history_waits_too(issue: Issue) -> None:
    paper = orca()
    old = versions(paper).get()
    PaperSummary.objects.filter(pk=paper.pk).update(title="Orca 2")
    record(orca(), "updated")
    restoring.restore(old, edith())
    assert (orca().title, PendingChange.objects.get().version.data["title"]) == ("Orca 2", "Orca")
    whole = versions(issue).get()
    PendingChange.objects.all().delete()
    restoring.restore_whole(issue, whole, edith())
    assert orca().title == "Orca 2"
    publishing.update(issue, note="Back.")
    assert orca().title == "Orca"  # it was so when the issue was recorded


def test_a_deleted_item_that_comes_back_waits_on_the_shelf(editor: Client, publisher: Client, issue: Issue) -> None:
    uuid = orca().uuid
    publisher.post(reverse("admin:papers_papersummary_delete", args=[orca().pk]), {"post": "yes"})
    version = Version.objects.filter(object_uuid=uuid).first()
    restored = restoring.restore(version, edith())
    assert (restored.row.uuid, restored.row.issue) == (uuid, None)
    assert restored.notes == ["“Orca” waits on the shelf until issue 7 is updated."]
    publishing.update(issue, note="It is back.")
    assert orca().issue == issue


@pytest.mark.parametrize("medium", MEDIA)
def test_the_preview_is_what_an_update_makes(editor: Client, issue: Issue, medium: str) -> None:
    """Byte for byte, for all that waits, with another primary key for each new author's place."""
    tag(orca(), "Agents")
    save(editor, orca(), title="Orca 2", body="$x^2$ ![](media:later)", **{"bylines-0-author": make_author("New").pk})
    save(editor, issue, introduction="# Welcome", title="Orcas")
    form = form_values(editor, reverse("admin:news_newsitem_add")) | {"title": "Late", "issue": issue.pk}
    editor.post(reverse("admin:news_newsitem_add"), form)
    seen: list[str] = []
    with pending.shown(pending.changes_of(issue)):
        seen.append(render_issue(Issue.objects.select_related("cover").get(), medium))
    publishing.update(issue, note="Much.", override="A test.")
    assert render_issue(Issue.objects.select_related("cover").get(), medium) == seen[0]
    assert "Late" in seen[0]


@pytest.mark.parametrize("medium", ["html", "email", "txt"])
@pytest.mark.parametrize("make", [make_paper, make_news])
def test_the_preview_of_a_form_is_what_saving_it_makes(editor: Client, make: Any, medium: str) -> None:
    item = make(make_issue(published=False, introduction="Hello"), title="Orca", authors=["Ada", "Zoe"])
    record(item, "added")
    url, frame = change_url(item), f"admin:{item._meta.app_label}_{item._meta.model_name}_preview_frame"
    address = reverse(frame, args=[item.pk, medium])
    form = form_values(editor, url) | {"title": "Orca 2", "body": "It *says* $x$.", "bylines-0-position": 9}
    before = {model: model._default_manager.count() for model in (Version, Issue, Entry, DBTaskResult)}
    shown = editor.post(address, form)
    assert shown.status_code == 200
    assert before == {model: model._default_manager.count() for model in before}
    assert type(item)._default_manager.get().title == "Orca"
    editor.post(url, form)
    assert editor.get(address).content == shown.content
    assert b"Orca 2" in shown.content


def test_what_is_not_saved_yet_and_on_no_issue_has_a_preview(editor: Client) -> None:
    form = form_values(editor, reverse("admin:papers_papersummary_add")) | {"title": "Orca", "body": "It *says*."}
    for medium, told in (("html", "<em>says</em>"), ("email", "<em>says</em>"), ("txt", "It says.")):
        shown = editor.post(reverse("admin:papers_papersummary_preview_new", args=[medium]), form)
        assert told in shown.content.decode()
    assert not (PaperSummary.objects.exists() or Issue.objects.exists())
    faulty = editor.post(reverse("admin:papers_papersummary_preview_new", args=["html"]), form | {"title": ""})
    assert (faulty.status_code, "This field is required." in faulty.content.decode()) == (400, True)
    assert editor.post(reverse("admin:papers_papersummary_preview_new", args=["pdf"]), form).status_code == 404


def test_the_frame_of_the_preview_has_a_policy_of_its_own(editor: Client, issue: Issue) -> None:
    policies = {}
    for name, args in (("preview", [issue.pk]), ("preview_frame", [issue.pk, "email"])):
        answer = editor.get(reverse(f"admin:timeline_issue_{name}", args=args))
        parts = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        wanted = ("script-src", "style-src", "frame-ancestors", "sandbox")
        policies[name] = [parts.get(part) for part in wanted] + [answer["X-Frame-Options"]]
    assert policies == {
        "preview": ["'self'", "'self'", "'none'", None, "DENY"],
        "preview_frame": ["'none'", "'self' 'unsafe-inline'", "'self'", "allow-same-origin", "SAMEORIGIN"],
    }


@pytest.mark.parametrize("published", [True, False])
def test_saving_an_item_needs_few_queries(editor: Client, published: bool) -> None:
    issue = make_issue(published=published)
    for _ in range(20):
        make_paper(issue)
    paper = make_paper(
        issue, title="Orca", authors=[f"Author {number}" for number in range(15)], lead_image=make_image()
    )
    tag(paper, "Agents")
    record(paper, "added")
    url = change_url(paper)
    form = form_values(editor, url) | {"title": "Orca 2", "body": "New", "bylines-3-position": 1}
    form["revision"] = versions(paper).get().pk
    with CaptureQueriesContext(connection) as asked:
        assert editor.post(url, form).status_code == 302
    asked = [each["sql"] for each in asked if "SAVEPOINT" not in each["sql"]]  # of the transactions in this test's own
    assert len(asked) <= 30
