"""What is typed is kept, and what two editors save is merged."""

import json
from collections import Counter
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from hypothesis import given

from papers.models import PaperSummary
from tests.factories import edith, make_author, make_issue, make_paper, paula, rita, tag
from tests.timeline.test_comparing import TEXTS
from timeline.comparing import paragraphs
from timeline.drafts import Field, drafts_of, meet, revision
from timeline.history import current, record
from timeline.models import Draft, Presence, Publication, Topic, Version
from timeline.resources import resources

pytestmark = pytest.mark.django_db

TEXT = "First.\n\nSecond.\n\nThird."


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make(**fields: Any) -> PaperSummary:
    fields = {"title": "Orca 2: A Study", "body": TEXT, "authors": ["Ada", "Bob"], **fields}
    paper = make_paper(fields.pop("issue", None), **fields)
    record(paper, "added")
    return paper


def url(row: Any, page: str = "change") -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{page}"
    return reverse(name) if page in {"draft", "add"} else reverse(name, args=[row.pk])


def form_of(client: Client, address: str, **changed: Any) -> dict[str, Any]:
    """The form at that address as a browser would send it, with some fields changed."""
    answer = client.get(address)
    assert answer.status_code == 200
    context = answer.context
    data = {}
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(value, list):
                data[field.html_name] = [getattr(each, "pk", each) for each in value]
            elif value is not None and value is not False:
                data[field.html_name] = value.pk if hasattr(value, "pk") else str(value)
    own = {"revision": context["revision"], "draft": str(context["draft_key"]), "sheet": str(context["sheet"])}
    return data | own | {"turn": 1, "replaces": context.get("replaces", "")} | changed


def draft_of(row: Any, editor: Any) -> Draft | None:
    return drafts_of(row._meta.label_lower, row.uuid, editor).first()


def shown(row: Any, editor: Any) -> str:
    """The address of the form with what the editor typed last."""
    return f"{url(row)}?draft={draft_of(row, editor).sheet}"


def keep(client: Client, row: Any, **changed: Any) -> Any:
    return client.post(url(row, "draft"), form_of(client, url(row), **changed))


def test_what_is_typed_is_kept_and_offered_and_shown_and_is_no_version(client: Client) -> None:
    paper, ed = make(), as_(edith())
    versions = Version.objects.count()
    answer = keep(ed, paper, body="Typed <b>", title="New title")
    assert (answer.status_code, answer.json()) == (
        200,
        {"revision": revision(paper), "is_own": False, "others": []},
    )
    assert Version.objects.count() == versions
    paper.refresh_from_db()
    assert (paper.title, paper.body) == ("Orca 2: A Study", TEXT)
    page = ed.get(url(paper)).content.decode()
    assert "did not save it" in page and "Typed" not in page
    answer = ed.get(shown(paper, edith()))
    assert escape("Typed <b>") in answer.content.decode() and 'value="New title"' in answer.content.decode()
    assert (answer.status_code, paper.authors.count(), Version.objects.count()) == (200, 2, versions)


def test_draft_is_in_the_form_of_a_version(client: Client) -> None:
    paper, ed = make(), as_(edith())
    carl, topic = make_author("Carl"), Topic.objects.create(name="Agents")
    form = form_of(ed, url(paper), title="New", topics=[topic.pk])
    form |= {"bylines-0-position": 2, "bylines-1-position": 1, "bylines-2-author": carl.pk, "bylines-2-position": 3}
    form |= {"bylines-TOTAL_FORMS": 3}
    ed.post(url(paper, "draft"), form)
    kept = Draft.objects.get()
    assert ed.post(url(paper), form).status_code == 302
    paper.refresh_from_db()
    now = current(paper)
    assert {name: value for name, value in kept.data.items() if name != "updated_at"} == {
        name: value for name, value in now.items() if name != "updated_at"
    }
    assert [author.name for author in paper.byline] == ["Bob", "Ada", "Carl"]


@pytest.mark.parametrize("wrong", [{"title": ""}, {"date": "2023-13-45"}, {"title": "x" * 400}, {"arxiv_id": "?"}])
def test_what_cannot_be_saved_yet_is_kept_as_it_was_typed(client: Client, wrong: dict[str, str]) -> None:
    paper, ed = make(), as_(edith())
    assert keep(ed, paper, body="Half", **wrong).status_code == 200
    data = Draft.objects.get().data
    assert {name: data[name] for name in wrong} == wrong and data["body"] == "Half"
    page = ed.get(shown(paper, edith())).content.decode()
    assert "Half" in page and all(escape(value) in page for value in wrong.values())


def test_saving_takes_the_draft_away_and_a_form_with_a_fault_does_not(client: Client) -> None:
    paper, ed = make(), as_(edith())
    form = form_of(ed, url(paper), body="Typed")
    ed.post(url(paper, "draft"), form)
    answer = ed.post(url(paper), form | {"title": ""})
    assert (answer.status_code, answer.context["replaces"]) == (200, draft_of(paper, edith()).stamp)
    assert ed.post(url(paper), form).status_code == 302
    assert draft_of(paper, edith()) is None


def test_draft_is_its_editors_alone_and_he_can_drop_it(client: Client) -> None:
    paper, ed, paul = make(), as_(edith()), as_(paula())
    keep(ed, paper, body="Typed")
    assert "did not save it" not in paul.get(url(paper)).content.decode()
    assert "Typed" not in paul.get(shown(paper, edith())).content.decode()
    discard = {"draft": str(paper.uuid), "discard": draft_of(paper, edith()).stamp}
    paul.post(url(paper, "draft"), discard)
    assert Draft.objects.count() == 1
    ed.post(url(paper, "draft"), discard)
    assert Draft.objects.count() == 0


def test_new_item_that_was_never_saved_is_offered_again(client: Client) -> None:
    ed, add = as_(edith()), url(PaperSummary, "add")
    form = form_of(ed, add, title="Begun", body="Half a text", emoji="🐳")
    assert ed.post(url(PaperSummary, "draft"), form).status_code == 200
    address = f"{add}?draft={form['sheet']}"
    page = ed.get(add).content.decode()
    assert "you began “Begun”" in page and address.removeprefix(add) in page
    again = form_of(ed, address)
    assert (again["body"], again["draft"]) == ("Half a text", form["draft"])
    assert ed.post(add, again).status_code == 302
    assert (PaperSummary.objects.get().body, Draft.objects.count()) == ("Half a text", 0)
    assert str(PaperSummary.objects.get().uuid) == form["draft"]
    assert "you began" not in ed.get(add).content.decode()
    assert ed.get(f"{add}?draft=nonsense").status_code == 200


def test_who_may_not_change_it_keeps_nothing(client: Client) -> None:
    paper = make()
    form = form_of(as_(edith()), url(paper))
    for caller, status in ((client, 403), (as_(rita()), 403)):
        answer = caller.post(url(paper, "draft"), form)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    for wrong in ({"draft": "x"}, {"draft": ""}, {"revision": "x"}, {"sheet": "x"}, {"turn": ""}, {"discard": "x/1"}):
        assert as_(edith()).post(url(paper, "draft"), form | wrong).status_code == 400
    assert Draft.objects.count() == Presence.objects.count() == 0


def test_who_has_it_open_is_told_to_the_others_but_never_to_himself(client: Client) -> None:
    paper, ed, paul = make(), as_(edith()), as_(paula())
    seen = {"draft": str(paper.uuid), "revision": revision(paper)}
    others = [each.post(url(paper, "draft"), seen).json()["others"] for each in (ed, ed, paul, ed)]
    assert others == [[], [], [str(edith())], [str(paula())]]
    Presence.objects.filter(editor=paula()).update(seen_at="2020-01-01T00:00:00Z")
    assert ed.post(url(paper, "draft"), seen).json()["others"] == []


def test_two_tabs_of_one_editor_do_not_write_over_each_other(client: Client) -> None:
    paper, ed = make(), as_(edith())
    first, second = form_of(ed, url(paper), body="First tab"), form_of(ed, url(paper), body="Second tab")
    for form in (first, second, first):
        ed.post(url(paper, "draft"), form)
    assert sorted(draft.data["body"] for draft in Draft.objects.all()) == ["First tab", "Second tab"]
    assert ed.get(url(paper)).content.decode().count("did not save it") == 2
    assert ed.post(url(paper), first).status_code == 302
    assert draft_of(paper, edith()).data["body"] == "Second tab"


def test_saves_of_two_tabs_of_one_editor_are_merged_and_nobody_is_a_stranger(client: Client) -> None:
    paper, ed = make(), as_(edith())
    first = form_of(ed, url(paper), body=TEXT.replace("First", "My first"))
    second = form_of(ed, url(paper), body=TEXT.replace("Third", "My third"))
    clash = form_of(ed, url(paper), body=TEXT.replace("Third", "My other third"))
    ed.post(url(paper), first)
    seen = ed.post(url(paper, "draft"), second).json()
    assert (seen["is_own"], seen["others"]) == (True, [])
    assert ed.post(url(paper), second).status_code == 302
    paper.refresh_from_db()
    assert paper.body.strip() == "My first.\n\nSecond.\n\nMy third."
    page = ed.post(url(paper), clash, follow=True).content.decode()
    assert "You saved this elsewhere" in page and "Somebody" not in page


def test_form_filled_from_a_draft_replaces_it_unless_that_was_written_on(client: Client) -> None:
    paper, ed = make(), as_(edith())
    first = form_of(ed, url(paper), body="Typed")
    ed.post(url(paper, "draft"), first)
    second = form_of(ed, shown(paper, edith()), body="Typed on")
    third = form_of(ed, shown(paper, edith()), body="Typed on elsewhere")
    ed.post(url(paper, "draft"), second)
    assert [draft.data["body"] for draft in Draft.objects.all()] == ["Typed on"]
    ed.post(url(paper, "draft"), first | {"turn": 2, "body": "Typed in the first tab"})
    ed.post(url(paper, "draft"), third)
    told = ["Typed in the first tab", "Typed on", "Typed on elsewhere"]
    assert sorted(draft.data["body"] for draft in Draft.objects.all()) == told


def test_what_was_overtaken_is_not_put_over_what_was_typed_later(client: Client) -> None:
    paper, ed = make(), as_(edith())
    form = form_of(ed, url(paper))
    for turn, body in ((2, "Typed second"), (1, "Typed first"), (3, "Typed third"), (2, "Typed second")):
        ed.post(url(paper, "draft"), form | {"turn": turn, "body": body})
    ed.post(url(paper, "draft"), {"draft": form["draft"], "discard": f"{form['sheet']}/2"})
    assert draft_of(paper, edith()).data["body"] == "Typed third"


def test_row_that_is_added_twice_by_a_browser_that_never_heard_is_one(client: Client) -> None:
    ed, add = as_(edith()), url(PaperSummary, "add")
    form = form_of(ed, add, title="Begun", body="First.\n\nSecond.", emoji="🐳")
    form |= {"bylines-TOTAL_FORMS": 1, "bylines-0-author": make_author("Ada").pk, "bylines-0-position": 1}
    assert ed.post(add, form).status_code == 302
    paper = PaperSummary.objects.get()
    as_(paula()).post(url(paper), form_of(as_(paula()), url(paper), body="My first.\n\nSecond."))
    answer = ed.post(add, form | {"body": "First.\n\nSecond.\n\nThird.", "turn": 2})
    paper = PaperSummary.objects.get()
    assert (answer.status_code, paper.body.strip()) == (302, "My first.\n\nSecond.\n\nThird.")
    assert ([author.name for author in paper.byline], Draft.objects.count()) == (["Ada"], 0)


def test_two_who_change_different_things_both_have_their_way(client: Client) -> None:
    paper, ed, paul = make(), as_(edith()), as_(paula())
    mine = form_of(ed, url(paper), body=TEXT.replace("First", "My first"), short_title="Mine")
    theirs = form_of(paul, url(paper), body=TEXT.replace("Third", "Their third"), title="Their title")
    assert paul.post(url(paper), theirs).status_code == ed.post(url(paper), mine).status_code == 302
    paper.refresh_from_db()
    assert (paper.title, paper.short_title) == ("Their title", "Mine")
    assert paper.body.strip() == "My first.\n\nSecond.\n\nTheir third."
    assert [version.action for version in Version.objects.filter(object_uuid=paper.uuid)] == [
        "merged",
        "saved",
        "added",
    ]
    assert Draft.objects.count() == 0


def conflict() -> tuple[PaperSummary, Client, str, dict[str, Any]]:
    """Edith's save comes too late: she is sent to the merge page at this address."""
    paper, ed, paul = make(), as_(edith()), as_(paula())
    mine = form_of(ed, url(paper), body=TEXT.replace("Second", "My second"), title="My title", short_title="Mine")
    theirs = form_of(paul, url(paper), body=TEXT.replace("Second", "Their second"), title="Their title")
    paul.post(url(paper), theirs)
    answer = ed.post(url(paper), mine)
    merging = f"{url(paper, 'merge')}?draft={mine['sheet']}"
    assert (answer.status_code, answer["Location"]) == (302, merging)
    paper.refresh_from_db()
    assert (paper.title, paper.short_title) == ("Their title", "")
    return paper, ed, merging, {"revision": revision(paper)}


def test_what_contradicts_is_shown_side_by_side_and_settled(client: Client) -> None:
    paper, ed, merging, form = conflict()
    page = ed.get(merging).content.decode()
    assert page.count("<fieldset>") == 2
    for text in (">My<", ">Their<", ">Title</h2>", ">Body</h2>"):
        assert text in page
    assert "My second.\n\nTheir second." in page  # the text with both
    both = "First.\n\nMy second, and theirs.\n\nThird."
    answer = ed.post(merging, form | {"choice-title": "mine", "choice-body": "both", "text-body": both})
    paper.refresh_from_db()
    assert (answer.status_code, paper.title, paper.short_title, paper.body) == (302, "My title", "Mine", both)
    assert draft_of(paper, edith()) is None


@pytest.mark.parametrize(("choice", "title"), [("mine", "My title"), ("theirs", "Their title")])
def test_either_side_can_be_chosen(client: Client, choice: str, title: str) -> None:
    paper, ed, merging, form = conflict()
    ed.post(merging, form | {"choice-title": choice, "choice-body": choice})
    paper.refresh_from_db()
    assert (paper.title, "My second" in paper.body, paper.short_title) == (title, choice == "mine", "Mine")


def test_nothing_is_settled_without_a_choice_or_after_another_save(client: Client) -> None:
    paper, ed, merging, form = conflict()
    answer = ed.post(merging, form | {"choice-title": "mine"})
    assert (answer.status_code, b"Choose for each field" in answer.content) == (200, True)
    as_(paula()).post(url(paper), form_of(as_(paula()), url(paper), title="Third title"))
    answer = ed.post(merging, form | {"choice-title": "mine", "choice-body": "mine"})
    assert b"saved again meanwhile" in answer.content and b"Third title" in answer.content
    paper.refresh_from_db()
    assert (paper.title, bool(draft_of(paper, edith()))) == ("Third title", True)


def test_draft_on_what_was_saved_since_is_merged_not_shown(client: Client) -> None:
    paper, ed, paul = make(), as_(edith()), as_(paula())
    keep(ed, paper, short_title="Mine")
    paul.post(url(paper), form_of(paul, url(paper), title="Their title"))
    answer = ed.get(shown(paper, edith()))
    merging = f"{url(paper, 'merge')}?draft={draft_of(paper, edith()).sheet}"
    assert (answer.status_code, answer["Location"]) == (302, merging)
    page = ed.get(merging).content.decode()
    assert "Nothing that you typed contradicts it" in page and "Mine" in page
    ed.post(merging, {"revision": revision(paper)})
    paper.refresh_from_db()
    assert (paper.title, paper.short_title) == ("Their title", "Mine")


def test_order_and_membership_of_an_issue_are_its_own_and_no_items_text(client: Client) -> None:
    issue = make_issue(published=False)
    first = make(issue=issue, title="First")
    second = make(issue=issue, title="Second")
    record(issue, "saved")
    ed, paul = as_(edith()), as_(paula())
    mine = form_of(ed, url(issue), tagline="Mine")
    paul.post(url(first), form_of(paul, url(first), body="Their text"))
    assert ed.post(url(issue), mine).status_code == 302
    issue.refresh_from_db()
    first.refresh_from_db()
    assert (issue.tagline, first.body) == ("Mine", "Their text")
    order = {f"items-papers-{paper.uuid}-position": place for paper, place in ((first, 2), (second, 1))}
    order |= {name.replace("position", "issue"): str(issue.uuid) for name in order}
    theirs = form_of(paul, url(issue), **order)
    mine = form_of(ed, url(issue), tagline="Mine again")
    paul.post(url(issue), theirs)
    ed.post(url(issue), mine)
    issue.refresh_from_db()
    order = [item.title for item in issue.papersummary_set.order_by("position")]
    assert (issue.tagline, order) == ("Mine again", ["Second", "First"])


def test_save_is_merged_where_rows_of_its_form_were_written_anew(client: Client) -> None:
    paper, ed = make(), as_(edith())
    mine = form_of(ed, url(paper), body="Mine")
    paper.authors.through.objects.filter(item=paper).delete()
    for position, name in enumerate(["Bob", "Ada"], 1):
        paper.authors.through.objects.create(item=paper, author=make_author(name), position=position)
    record(paper, "restored")
    assert ed.post(url(paper), mine).status_code == 302
    paper.refresh_from_db()
    assert (paper.body, [author.name for author in paper.byline]) == ("Mine", ["Bob", "Ada"])


def test_merging_leaves_rows_that_do_not_change(client: Client) -> None:
    paper, ed, paul = make(), as_(edith()), as_(paula())
    places = list(paper.authors.through.objects.order_by("pk").values())
    mine = form_of(ed, url(paper), short_title="Mine")
    paul.post(url(paper), form_of(paul, url(paper), title="Their title"))
    ed.post(url(paper), mine)
    assert revision(paper) == Version.objects.filter(action="merged").get().pk
    assert list(paper.authors.through.objects.order_by("pk").values()) == places


def test_item_that_left_an_issue_does_not_come_back_with_a_form_that_was_open(client: Client) -> None:
    issue, ed = make_issue(published=False), as_(edith())
    first, second = make(issue=issue, title="First"), make(issue=issue, title="Second")
    record(issue, "saved")
    mine = form_of(ed, url(issue), tagline="Mine")
    PaperSummary.objects.filter(pk=second.pk).update(issue=None)
    record(issue, "items changed")
    assert ed.post(url(issue), mine).status_code == 302
    issue.refresh_from_db()
    assert (issue.tagline, list(issue.papersummary_set.all())) == ("Mine", [first])


def test_settings_are_kept_and_merged_too(client: Client) -> None:
    Publication(support_link="https://s.example/").save()
    row = Publication.objects.get()
    record(row, "saved")
    first, second = as_(paula()), as_(paula())
    mine, theirs = form_of(first, url(row), tagline="Mine"), form_of(second, url(row), name="Their name")
    second.post(url(row), theirs)
    first.post(url(row), mine)
    row.refresh_from_db()
    assert (row.name, row.tagline) == ("Their name", "Mine")


def test_no_draft_stands_in_what_is_published(client: Client) -> None:
    paper, ed = make(issue=make_issue(published=False)), as_(edith())
    keep(ed, paper, body="Typed in secret", title="Typed in secret")
    for path in (paper.get_absolute_url(), "/", "/feed.atom", *(each.path for each in resources())):
        assert b"in secret" not in client.get(path).content


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "data", "conflicts"),
    [
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3}, {"a": 2, "b": 3}, []),
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, []),
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 3}, [Field("a", 2, 3, None)]),
        ({"a": "x\r\ny"}, {"a": "x\ny"}, {"a": "z"}, {"a": "z"}, []),
        ({"updated_at": 1}, {"updated_at": 2}, {"updated_at": 3}, {"updated_at": 3}, []),
        ({"authors": ["1"]}, {"authors": ["1", "2"]}, {"authors": ["1"]}, {"authors": ["1", "2"]}, []),
        ({"authors": ["1"]}, {"authors": ["1", "2"]}, {"authors": ["3", "1"]}, {"authors": ["3", "1", "2"]}, []),
        (
            {"authors": ["1"]},
            {"authors": ["1", "2"]},
            {"authors": ["1", "3"]},
            {"authors": ["1", "3"]},
            [Field("authors", ["1", "2"], ["1", "3"], None)],
        ),
        ({"topics": ["2"]}, {"topics": ["1", "2"]}, {"topics": ["3"]}, {"topics": ["1", "3"]}, []),
        ({}, {"items": {"a": ["1"]}}, {"items": {"b": ["2"]}}, {"items": {"a": ["1"], "b": ["2"]}}, []),
    ],
)
def test_fields_meet(base: Any, mine: Any, theirs: Any, data: Any, conflicts: Any) -> None:
    met = meet(PaperSummary, base, mine, theirs)
    assert (met.data, met.conflicts) == (data, conflicts)


@given(TEXTS, TEXTS, TEXTS)
def test_text_with_both_has_all_that_either_wrote_and_nothing_twice(base: str, mine: str, theirs: str) -> None:
    sides = [Counter(paragraphs(text)) for text in (mine, theirs)]
    for field in meet(PaperSummary, {"body": base}, {"body": mine}, {"body": theirs}).conflicts:
        both = Counter(paragraphs(field.both))
        assert both <= sides[0] | sides[1]
        assert all((side - Counter(paragraphs(base))).keys() <= both.keys() for side in sides)


def test_keeping_needs_few_queries(client: Client, django_assert_max_num_queries: Any) -> None:
    paper, ed = make(authors=[f"Author {number}" for number in range(15)]), as_(edith())
    tag(paper, "Agents")
    form = form_of(ed, url(paper))
    with django_assert_max_num_queries(80):
        assert ed.post(url(paper, "draft"), form).status_code == 200
    assert json.dumps(Draft.objects.get().data)
