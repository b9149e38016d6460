import pytest

from tests.factories import edith, make_author, make_image, make_issue, make_news, make_paper, tag
from timeline.history import record, stored_forms, versions

pytestmark = pytest.mark.django_db


def test_stored_form_holds_values_by_name_and_relations_by_uuid_in_order() -> None:
    issue = make_issue(number=2)
    paper = make_paper(issue, title="Orca 2", authors=["Zoe", "Ada"], lead_image=make_image("whale"))
    tag(paper, "Reasoning")
    paper.refresh_from_db()
    form = stored_forms([paper])[0]
    assert form.pop("created_at") == paper.created_at
    assert form.pop("updated_at") == paper.updated_at
    assert form == {
        "uuid": paper.uuid,
        "slug": "orca-2",
        "issue": issue.uuid,
        "position": 1,
        "emoji": "",
        "title": "Orca 2",
        "short_title": "",
        "body": "",
        "lead_image": paper.lead_image.uuid,
        "topics": [paper.topics.get().uuid],
        "authors": [make_author("Zoe").uuid, make_author("Ada").uuid],
        "arxiv_id": "",
        "arxiv_version": None,
        "doi": "",
        "pdf_url": "",
        "code_url": "",
        "weights_url": "",
        "project_url": "",
        "venue": "",
        "date": None,
        "abstract": "",
        "lineage": "",
    }


def test_stored_form_of_an_issue_holds_order_and_membership() -> None:
    issue = make_issue()
    second, first = make_paper(issue, position=2), make_paper(issue, position=1)
    news = make_news(issue)
    make_paper(None)
    assert stored_forms([issue])[0]["items"] == {"papers": [first.uuid, second.uuid], "news": [news.uuid], "polls": []}


def test_stored_form_of_an_author_holds_the_spellings() -> None:
    author = make_author("Ada Lovelace")
    author.spellings.create(name="A. A. King")
    assert stored_forms([author])[0]["spellings"] == ["A. A. King"]


def test_versions_keep_editor_and_order_and_survive_the_row() -> None:
    paper, editor = make_paper(title="One"), edith()
    record(paper, "added", editor)
    paper.title = "Two"
    paper.save()
    record(paper, "saved", editor)
    kept = versions(paper)
    paper.delete()
    assert [(version.action, version.data["title"], version.editor) for version in kept] == [
        ("saved", "Two", editor),
        ("added", "One", editor),
    ]
