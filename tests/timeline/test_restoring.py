"""The way back: what was saved once can be had again, exactly, and what cannot is told."""

from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone

from boards.models import Benchmark, MeasuredModel
from papers.merging import merge
from papers.models import Author, Authorship
from tests.factories import (
    edith,
    make_author,
    make_image,
    make_issue,
    make_news,
    make_paper,
    make_term,
    paula,
    picture,
    tag,
)
from tests.thirdkind.models import Poll
from timeline import publishing
from timeline.history import current, record, versions
from timeline.images import store_image
from timeline.models import Content, Entry, Image, Issue, Item, Publication, Topic, Version
from timeline.restoring import NotRecorded, as_it_stood, restore, restore_whole
from timeline.sections import render_issue, sections

pytestmark = pytest.mark.django_db


def said(row: Content) -> dict[str, Any]:
    """All that a Version keeps but the time of the save."""
    return kept(current(row))


def written(version: Version) -> dict[str, Any]:
    return kept(version.data)


def kept(data: dict[str, Any]) -> dict[str, Any]:
    """A Version keeps thousandths of a second, and a row from the first of them is written in two ways."""
    data = {name: value for name, value in data.items() if name != "updated_at"}
    return data | {name: data[name].replace(".000Z", "Z") for name in data.keys() & {"created_at"}}


def paper() -> tuple[Any, dict[str, Any]]:
    issue = make_issue(published=False)
    make_paper(issue)
    row = make_paper(issue, title="Orca 2", body="# One\n\nTwo", authors=["Zoe", "Ada"], arxiv_id="2311.11045")
    make_paper(issue)
    tag(row, "Reasoning")
    tag(row, "Agents")
    return row, {"title": "Other", "slug": "other", "body": "New", "arxiv_id": "", "venue": "X", "position": 9}


def news() -> tuple[Any, dict[str, Any]]:
    row = make_news(make_issue(published=False), title="Gemini", authors=["Ada"], lead_image=make_image("whale"))
    return row, {"title": "Other", "lead_image": None, "issue": None, "organisation": "Google"}


def poll() -> tuple[Any, dict[str, Any]]:
    return Poll.objects.create(issue=make_issue(published=False), title="Poll", choices="a\nb"), {
        "choices": "c",
        "emoji": "🐳",
    }


def issue() -> tuple[Any, dict[str, Any]]:
    row = make_issue(published=False, introduction="Hello", cover=make_image("cover"))
    make_paper(row)
    make_news(row)
    return row, {"title": "Other", "number": 77, "introduction": "", "cover": None}


def author() -> tuple[Any, dict[str, Any]]:
    row = make_author("Ada Lovelace", links="Site https://a.example")
    row.spellings.create(name="A. Lovelace")
    return row, {"name": "Ada King", "links": "", "orcid": "0000-0002-1825-0097"}


def image() -> tuple[Any, dict[str, Any]]:
    row = store_image(picture(), name="whale", caption="A whale")
    return row, {"caption": "", "alt": "Whale", "file": "", "width": None, "height": None}


ROWS = {
    "papers.papersummary": paper,
    "news.newsitem": news,
    "polls.poll": poll,
    "timeline.issue": issue,
    "papers.author": author,
    "timeline.image": image,
    "timeline.topic": lambda: (Topic.objects.create(name="Agents"), {"name": "Others", "slug": "o"}),
    "timeline.term": lambda: (make_term("LCM", "LCMs"), {"explanation": "Other.", "expansion": "X"}),
    "timeline.publication": lambda: (Publication.objects.get_or_create(pk=1)[0], {"about": "We", "name": "X"}),
    "boards.benchmark": lambda: (Benchmark.objects.create(name="MMLU"), {"name": "GSM8K", "description": "X"}),
    "boards.measuredmodel": lambda: (MeasuredModel.objects.create(name="Orca"), {"name": "Whale"}),
}


def changed_row(label: str) -> tuple[Any, Version, Version]:
    """A row of that model that was saved, changed in all that it has, and saved again; both versions."""
    row, changes = ROWS[label]()
    row.refresh_from_db()
    before = record(row, "added")
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()
    if hasattr(row, "bylines"):
        row.bylines.all().delete()
    if hasattr(row, "topics"):
        row.topics.set([Topic.objects.create(name="Another")])
    if hasattr(row, "spellings"):
        row.spellings.all().delete()
        row.spellings.create(name="Yet another")
    if isinstance(row, Issue):
        for kind in sections():
            kind.model._base_manager.filter(issue=row).update(issue=None)
        make_paper(row)
    if isinstance(row, Item) and row.issue:
        kind = next(kind for kind in sections() if kind.kind == row.kind)
        kind.renumber(row.issue)
        row.refresh_from_db()
    after = record(row, "saved")
    return row, before, after


def test_every_model_of_content_has_a_row_here() -> None:
    assert {model._meta.label_lower for model in apps.get_models() if issubclass(model, Content)} == set(ROWS)


@pytest.mark.parametrize("label", ROWS)
def test_restoring_gives_what_was_saved_there_and_back(label: str) -> None:
    row, before, after = changed_row(label)
    assert written(before) != written(after)
    for version in (before, after, before):
        restored = restore(version, edith())
        assert (restored.notes, restored.row.pk) == ([], row.pk)
        assert said(type(row)._base_manager.get(pk=row.pk)) == written(version)
        newest = versions(row)[0]
        assert (newest.action, newest.editor, written(newest)) == ("restored", edith(), written(version))


@pytest.mark.parametrize("label", [label for label in ROWS if label != "timeline.publication"])
def test_what_was_deleted_is_made_anew_under_its_uuid(label: str) -> None:
    row, before, after = changed_row(label)
    Authorship.objects.filter(author__uuid=row.uuid).delete()
    row.delete()
    for version in (after, before):
        restored = restore(version, edith())
        assert restored.row.uuid == row.uuid
        state = restored.row.STATE
        expected = {name: value for name, value in written(version).items() if name not in state}
        got = said(type(row)._base_manager.get(uuid=row.uuid))
        assert {name: value for name, value in got.items() if name not in state} == expected


def test_derived_rows_follow() -> None:
    paper = make_paper(make_issue(published=False), title="Orca", body="Whales think.")
    version = record(paper, "added")
    paper.title, paper.body = "Other", "Nothing"
    paper.save()
    record(paper, "saved")
    restore(version)
    assert Entry.objects.get(object_uuid=paper.uuid).text == "Whales think."


def test_related_rows_that_are_gone_are_left_out_and_told() -> None:
    paper = make_paper(make_issue(published=False, number=3), title="Orca", authors=["Ada", "Zoe", "Eve"])
    topic = tag(paper, "Agents")
    for row in [topic, *paper.authors.all()]:
        record(row, "added")
    version = record(paper, "added")
    paper.bylines.all().delete()
    Author.objects.get(name="Zoe").delete()
    merge(make_author("Ada Lovelace"), make_author("Ada"))
    topic.delete()
    restored = restore(version)
    assert restored.notes == [
        "The topic “Agents” is gone and was left out.",
        "The author “Ada” is “Ada Lovelace” now.",
        "The author “Zoe” is gone and was left out.",
    ]
    assert [place.author.name for place in restored.row.bylines.all()] == ["Ada Lovelace", "Eve"]
    assert restored.row.topics.count() == 0


def test_an_image_whose_file_was_swept_waits_for_it() -> None:
    image = store_image(picture(), name="whale")
    version = versions(image)[0]
    image.file.storage.delete(image.file.name)
    restored = restore(version)
    assert restored.notes == ["The file of whale is gone: upload it again."]
    image.refresh_from_db()
    assert (image.file.name, image.width, image.height) == ("", None, None)


def test_lighter_copies_of_the_same_file_stay() -> None:
    image = store_image(picture(), name="whale")
    Image.objects.update(variants={"webp": [40]})
    restore(versions(image)[0])
    assert Image.objects.get().variants == {"webp": [40]}


def test_a_taken_address_becomes_a_free_one() -> None:
    paper = make_paper(title="Orca")
    version = record(paper, "added")
    paper.delete()
    make_paper(title="Orca")
    restored = restore(version)
    assert (restored.row.slug, restored.notes) == (
        "orca-2",
        ["The address “orca” is taken, so this is “orca-2” now."],
    )


def test_what_the_rules_forbid_is_refused_and_nothing_is_done() -> None:
    topic = Topic.objects.create(name="Agents")
    version = record(topic, "added")
    topic.delete()
    Topic.objects.create(name="Agents", slug="others")
    with pytest.raises(ValidationError, match="already exists"):
        restore(version)
    assert (Topic.objects.count(), Version.objects.count()) == (1, 1)


def test_restoring_neither_publishes_nor_withdraws() -> None:
    issue = make_issue(published=False)
    draft = record(issue, "added")
    public = publishing.publish(issue, editor=paula(), override="Shown as it is.")
    restore(draft, edith())
    public.refresh_from_db()
    assert public.is_public
    published = versions(public)[1]
    publishing.withdraw(public, editor=paula())
    restore(published, edith())
    public.refresh_from_db()
    assert public.status == Issue.Status.WITHDRAWN


def test_a_public_issue_that_was_deleted_comes_back_unseen_with_its_items_and_date() -> None:
    issue = make_issue(title="Whales")
    paper = make_paper(issue, authors=["Ada"], body="What it says.")
    version, at = record(issue, "deleted"), issue.published_at
    issue.delete()
    restored = restore(version, edith())
    assert restored.notes == ["Readers do not see it: publish it again."]
    paper.refresh_from_db()
    assert (paper.issue, paper.issue.status) == (restored.row, Issue.Status.WITHDRAWN)
    assert publishing.publish(restored.row, editor=paula()).published_at.replace(microsecond=0) == at.replace(
        microsecond=0
    )


def test_a_scheduled_issue_that_was_deleted_comes_back_as_a_draft() -> None:
    issue = make_issue(at=timezone.now() + timezone.timedelta(days=1))
    version = record(issue, "deleted")
    issue.delete()
    assert restore(version).row.status == Issue.Status.DRAFT


def test_an_item_goes_back_to_its_place_and_both_issues_say_so() -> None:
    here, there = make_issue(published=False), make_issue(published=False)
    first, second, third = (make_paper(here) for _ in range(3))
    version = record(second, "added")
    second.issue, second.position = there, 0
    second.save()
    record(second, "saved")
    for number, paper in enumerate((first, third), 1):
        type(paper).objects.filter(pk=paper.pk).update(position=number)
    restore(version, edith())
    order = [str(paper.uuid) for paper in (first, second, third)]
    assert [(versions(issue)[0].action, versions(issue)[0].data["items"]["papers"]) for issue in (here, there)] == [
        ("items changed", order),
        ("items changed", []),
    ]


def whole() -> tuple[Issue, Version]:
    """An issue of three kinds and its version after all was saved."""
    issue = make_issue(published=False, title="Whales", introduction="Hello")
    rows = [
        make_paper(issue, title="Orca", body="Text of Orca", authors=["Ada"]),
        make_paper(issue, title="Beluga"),
        make_news(issue, title="Gemini"),
        Poll.objects.create(issue=issue, title="Poll", position=1),
    ]
    for row in [*rows, issue]:
        version = record(row, "added")
    return issue, version


def scene(issue: Issue) -> dict[str, Any]:
    """The issue and all that is in it, by uuid."""
    rows = [issue, *(item for kind in sections() for item in kind.model._base_manager.filter(issue=issue))]
    return {str(row.uuid): said(row) for row in rows}


def test_a_whole_issue_goes_there_and_back() -> None:
    issue, then = whole()
    before, seen = scene(issue), render_issue(issue, "html")
    other = make_issue(published=False)
    orca, beluga = sections()[0].items(issue)
    gemini = sections()[1].items(issue).get()
    orca.title, orca.body = "Orca 3", "Other"
    orca.save()
    orca.bylines.all().delete()
    record(orca, "saved")
    beluga.issue, beluga.title, beluga.slug = other, "White Whale", "white-whale"
    beluga.save()
    record(beluga, "saved")
    record(gemini, "deleted")
    gemini.delete()
    added = make_paper(issue, title="Narwhal", position=1)
    sections()[0].renumber(issue)
    added.refresh_from_db()
    record(added, "added")
    issue.title = "Dolphins"
    issue.save()
    now = record(issue, "saved")
    after = scene(issue)

    restored = restore_whole(issue, then, edith())
    assert restored.notes == [f"“Beluga” was in issue {other.number} and is here again."]
    assert versions(other)[0].data["items"]["papers"] == []
    issue.refresh_from_db()
    assert scene(issue) == before
    assert render_issue(issue, "html") == seen
    added.refresh_from_db()
    assert (added.issue, versions(added)[0].action) == (None, "shelved")
    assert versions(other)[0].action == "items changed"

    assert restore_whole(issue, now, edith()).notes == []
    issue.refresh_from_db()
    assert scene(issue) == after
    assert restore_whole(issue, then, edith()).notes == []
    issue.refresh_from_db()
    assert scene(issue) == before


def test_only_what_differs_is_written() -> None:
    issue, then = whole()
    issue.title = "Dolphins"
    issue.save()
    count = Version.objects.count()
    restore_whole(issue, then, edith())
    assert Version.objects.count() == count + 1


def test_as_it_stood_knows_each_moment() -> None:
    issue, then = whole()
    orca = sections()[0].items(issue)[0]
    orca.body = "Later"
    orca.save()
    later = record(orca, "saved")
    stood = {at: [version.data.get("body") for version in as_it_stood(issue, at)] for at in (then, later)}
    assert stood == {then: [None, "Text of Orca", "", "", ""], later: [None, "Later", "", "", ""]}
    with pytest.raises(NotRecorded, match="Nobody had saved"):
        as_it_stood(issue, versions(orca).last())


def test_a_whole_issue_comes_back_or_nothing_does() -> None:
    issue, then = whole()
    gemini = sections()[1].items(issue).get()
    orca = sections()[0].items(issue)[0]
    orca.body = "Later"
    orca.save()
    version = versions(gemini)[0]
    version.data["body"] = "::: unclosed"
    version.save()
    with pytest.raises(ValidationError):
        restore_whole(issue, then, edith())
    orca.refresh_from_db()
    assert orca.body == "Later"
    assert Author.objects.count() == 1
