from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django_tasks_db.models import DBTaskResult
from pytest_django import DjangoAssertNumQueries

from papers.models import NotSame
from tests.factories import edith, make_author, make_draft, make_image, make_issue, make_news, make_paper, paula
from timeline import preflight
from timeline.findings import Finding
from timeline.management.commands.develop import load_demo
from timeline.models import CheckedLink, Image, Issue, Override

pytestmark = pytest.mark.django_db

SOURCE = "https://news.example/source"


def told(issue: Issue) -> list[tuple[str, str, str, int | None]]:
    """(code, severity, field, line) of each finding."""
    return [(found.code, found.severity, found.field, found.line) for found in preflight.findings(issue)]


def codes(issue: Issue) -> list[str]:
    return [found.code for found in preflight.findings(issue)]


def shown(name: str, **fields: Any) -> Image:
    """An image about which nothing is to be said, but for `fields`."""
    known = {"file": "images/x.png", "alt": "A whale", "caption": "It swims.", "credit": "Ada", "rights": "Our own"}
    return make_image(name, **{**known, **fields})


def faulty_issue() -> Issue:
    """Twenty faults, a few of them in each of its texts."""
    make_paper(
        make_issue(number=1), title="Seen before", authors=["Arindam Mitra"], arxiv_id="2311.11045", body="Text."
    )
    issue = make_issue(number=2, published=False, title="TODO", introduction="# One\n\n### Three\n\nA word.\n")  # 1, 2
    for field in ("alt", "caption", "credit", "rights"):
        shown(f"without-{field}", **{field: ""})
    shown("waits", file="")
    pictures = (
        "Text.\n\n"
        "![](media:without-alt)\n\n![](media:without-caption)\n\n![](media:without-credit)\n\n"  # 3, 4, 5
        "![](media:without-rights)\n\n![](media:waits)\n\n![](media:nowhere)\n\n"  # 6, 7, 8
        "And ![](https://pictures.example/x.png) here.\n"  # 9
    )
    make_paper(issue, title="Pictures", authors=["Ada Lovelace"], body=pictures)
    texts = (
        "## Empty\n\n## Full\n\nLorem ipsum dolor\nsit amet.\n\n$\\nonsense{$\n\n"  # 10, 11, 12
        "::: note\nIt stays open.\n\n"  # 13
        "```scores MMLU\nmeasured by: Somebody\nOrca = 1\n```\n"  # 14
    )
    make_paper(issue, title="Texts", authors=["Grace Hopper"], body=texts)
    make_paper(
        issue,
        title="Again",
        authors=["A. Mitra"],
        body="Text.",
        arxiv_id="2311.11045",
        code_url="https://gone.example/",
    )  # 15: covered before, 16: a double, 17: a broken link
    CheckedLink.objects.create(url="https://gone.example/", status=404, checked_at=datetime(2026, 1, 1, tzinfo=UTC))
    make_paper(issue, title="By nobody", body="Text.")  # 18
    make_news(issue, title="From nowhere", body="Text.")  # 19
    make_news(issue, title="Without a text", source_url=SOURCE)  # 20
    return issue


def test_twenty_faults_are_twenty_findings() -> None:
    issue = faulty_issue()
    found = preflight.findings(issue)
    assert [(one.row.title, one.code, one.severity, one.field, one.line) for one in found] == [
        ("TODO", "left-over", "hard", "title", None),
        ("TODO", "heading-skips", "soft", "introduction", 3),
        ("Pictures", "picture-alt", "hard", "body", 15),
        ("Pictures", "picture-alt", "hard", "alt", 3),
        ("Pictures", "picture-rights", "hard", "rights", 9),
        ("Pictures", "picture-awaited", "hard", "file", 11),
        ("Pictures", "picture-unknown", "hard", "body", 13),
        ("Pictures", "picture-caption", "soft", "caption", 5),
        ("Pictures", "picture-credit", "soft", "credit", 7),
        ("Texts", "left-over", "hard", "body", 5),
        ("Texts", "markdown", "hard", "body", 8),
        ("Texts", "markdown", "hard", "body", 10),
        ("Texts", "heading-empty", "soft", "body", 1),
        ("Texts", "scores-source", "soft", "body", 13),
        ("Again", "covered-before", "soft", "arxiv_id", None),
        ("Again", "author-double", "soft", "bylines", None),
        ("Again", "link-broken", "soft", "code_url", None),
        ("By nobody", "no-authors", "hard", "bylines", None),
        ("From nowhere", "no-source", "hard", "source_url", None),
        ("Without a text", "no-text", "soft", "body", None),
    ]  # fmt: skip
    assert {one.message[-1] for one in found} == {"."}


def test_demo_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """The import has nothing to tell of it either: a line for each issue, and no report."""
    load_demo(settings.BASE_DIR / "demo")
    issues = list(Issue.objects.published())
    assert len(capsys.readouterr().out.splitlines()) == len(issues)
    assert {issue.number: codes(issue) for issue in issues} == {number: [] for number in range(1, 7)}
    assert Override.objects.count() == 0


def test_mended_issue_is_clean() -> None:
    assert codes(make_draft(introduction="# One\n\n## Two\n\nWords.", closing="Bye.")) == []
    assert told(make_issue(published=False)) == [("no-items", "hard", "", None)]


def test_queries_do_not_grow_with_the_items(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """One a kind (three here), and one each for: bylines, links, images, authors, their spellings, papers covered
    before, the publication, the images of the letter."""
    issue = make_issue(published=False)
    names = ["Ada", "Bob", "Cleo", "Dora", "Emil", "Fritz", "Gisela", "Hugo", "Ines", "Jana"]
    names += ["Karl", "Lina", "Max", "Nora", "Otto", "Paul", "Quinn", "Rosa", "Sven", "Tilda"]
    for number, name in enumerate(names):
        shown(f"figure-{number}")
        body = f"![](media:figure-{number})\n\n[A link](https://{name}.example/)\n"
        fields: dict[str, Any] = {"title": name, "authors": [f"{name} {name}son"], "body": body}
        if number < 16:
            make_paper(issue, arxiv_id=f"2311.{11000 + number}", **fields)
        else:
            make_news(issue, source_url=SOURCE, **fields)
    issue = Issue.objects.select_related("cover").get()
    with django_assert_num_queries(11):
        assert codes(issue) == []


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (80_000, []),
        (95_000, [("letter-large", "soft", "", None)]),
        (105_000, [("letter-clipped", "hard", "", None)]),
    ],
)
def test_letter_that_gmail_would_cut_off(size: int, expected: list[Any]) -> None:
    assert told(make_draft(introduction="words " * (size // 6))) == expected


@pytest.mark.parametrize(
    "text", ["TODO: write", "a TK b", "TKTK", "XXX", "FIXME", "lorem ipsum", '![a](media:a "TODO")']
)
def test_leftovers_are_found(text: str) -> None:
    shown("a")
    assert told(make_draft(introduction=text)) == [("left-over", "hard", "introduction", 1)]


@pytest.mark.parametrize(
    "text", ["to do", "todos", "Todo lists", "`TODO`", "```\n# TODO\n```", "$TODO$", "ATK", "XXXL"]
)
def test_what_only_looks_like_a_leftover_is_none(text: str) -> None:
    assert codes(make_draft(introduction=text)) == []


@pytest.mark.parametrize(
    ("typed", "fields", "expected"),
    [
        ("measured by: The authors", {}, ["scores-source"]),
        ("", {}, ["scores-source"]),
        ("", {"arxiv_id": "2311.11045"}, []),
        ("", {"project_url": "https://orca.example/"}, []),
        ("measured by: Ada https://ada.example/notes", {}, []),
        ("measured by: Ada", {"arxiv_id": "2311.11045"}, ["scores-source"]),
    ],
)
def test_numbers_can_be_looked_up(typed: str, fields: dict[str, str], expected: list[str]) -> None:
    issue = make_issue(published=False)
    make_paper(issue, authors=["Ada"], body=f"```scores MMLU\n{typed}\nOrca = 1\n```", **fields)
    assert codes(issue) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("As [they say](https://news.example/).", []),
        ("As [we said](/issues/1/).", ["no-source"]),
        ("As [we said](http://127.0.0.1:8000/issues/1/).", ["no-source"]),
    ],
)
def test_source_of_news_may_stand_in_its_text(body: str, expected: list[str]) -> None:
    issue = make_issue(published=False)
    make_news(issue, body=body)
    assert codes(issue) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"arxiv_id": "2311.11045"}, {"arxiv_id": "2311.11045"}),
        ({"doi": "10.1000/ABC"}, {"doi": "10.1000/abc"}),
        ({"arxiv_id": "math.GT/0309136"}, {"doi": "10.48550/arXiv.math.GT/0309136"}),
        ({"doi": "10.48550/ARXIV.2311.11045"}, {"arxiv_id": "2311.11045"}),
    ],
)
def test_paper_is_known_by_all_its_names(one: dict[str, str], other: dict[str, str]) -> None:
    make_paper(make_issue(number=7), title="Orca", **one)
    issue = make_issue(number=8, published=False)
    make_paper(issue, authors=["Ada"], body="Text.", **other)
    assert [found.message for found in preflight.findings(issue)] == [
        "This paper is in issue 7 already, as “Orca”: link that, or say here what is new."
    ]


def test_authors_of_news_are_compared_too_until_somebody_decides() -> None:
    one, other = make_author("Ada Lovelace"), make_author("A. Lovelace")
    issue = make_issue(published=False)
    make_news(issue, authors=["A. Lovelace"], body="Text.", source_url=SOURCE)
    (found,) = preflight.findings(issue)
    assert found.message.startswith("“A. Lovelace” may be “Ada Lovelace” (initials for given names): choose one here,")
    NotSame.say(one.pk, other.pk)
    assert codes(issue) == []


def test_picture_that_stands_in_several_places_is_told_once() -> None:
    image = shown("whale", alt="", caption="")
    issue = make_draft(cover=image, introduction='![A whale](media:whale "It swims.")\n\n![](media:whale)')
    make_paper(issue, authors=["Ada"], body="![](media:whale)", lead_image=image)
    assert told(issue) == [("picture-alt", "hard", "alt", None)]


def test_link_that_stands_in_several_places_is_told_once_and_one_that_nobody_asked_never() -> None:
    issue = make_draft(
        introduction="[a](https://gone.example/#a) [b](https://gone.example/#b) [c](https://new.example/)"
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    CheckedLink.objects.create(url="https://gone.example/", error="There is no host gone.example.", checked_at=at)
    (found,) = preflight.findings(issue)
    assert found.message == "Correct or remove the link to https://gone.example/: there is no host gone.example."
    result = preflight.inspect(issue)
    assert (result.checked, len(result.urls)) == (1, 2)


@pytest.mark.parametrize(
    ("status", "is_broken"),
    [
        (200, False),
        (304, False),
        (401, False),
        (403, False),
        (404, True),
        (410, True),
        (429, False),
        (500, True),
        (None, True),
    ],
)
def test_somebody_who_refuses_programs_is_there(status: int | None, is_broken: bool) -> None:
    assert CheckedLink(status=status).is_broken == is_broken


def test_finding_leads_to_its_field() -> None:
    issue = make_issue(number=1)
    paper, image = make_paper(issue), make_image("a")
    places = [
        Finding("x", "hard", "X.", issue, "").place,
        Finding("x", "hard", "X.", issue, "introduction", 3).place,
        Finding("x", "hard", "X.", paper, "bylines").place,
        Finding("x", "hard", "X.", paper, "alt", 3, image).place,
    ]
    assert places == [
        f"/admin/timeline/issue/{issue.pk}/change/",
        f"/admin/timeline/issue/{issue.pk}/change/#id_introduction",
        f"/admin/papers/papersummary/{paper.pk}/change/#bylines-group",
        f"/admin/timeline/image/{image.pk}/change/#id_alt",
    ]


def test_every_place_is_on_its_page(client: Client) -> None:
    client.force_login(edith())
    for found in preflight.findings(faulty_issue()):
        page, _, anchor = found.place.partition("#")
        assert f'id="{anchor}"' in client.get(page).content.decode(), found


def test_page_lists_what_was_found_and_has_the_links_checked(client: Client) -> None:
    client.force_login(edith())
    issue = faulty_issue()
    before = DBTaskResult.objects.count()
    page = client.get(reverse("admin:timeline_issue_preflight", args=[issue.pk])).content.decode()
    assert "11 findings of 20 stop publication." in page
    assert Counter(found.place in page for found in preflight.findings(issue)) == {True: 20}
    assert "Links checked: 1 of 4; the rest is asked in the background" in page
    planned = DBTaskResult.objects.order_by("-enqueued_at")[: DBTaskResult.objects.count() - before]
    assert [(task.task_path, task.args_kwargs) for task in planned] == [
        ("timeline.links.check_links", {"args": [str(issue.uuid)], "kwargs": {"looked_at": True}})
    ]
    assert (
        reverse("admin:timeline_issue_preflight", args=[issue.pk])
        in client.get(reverse("admin:timeline_issue_change", args=[issue.pk])).content.decode()
    )


def test_publisher_gives_a_reason_or_does_not_publish(client: Client) -> None:
    publisher = paula()
    client.force_login(publisher)
    issue = make_issue(number=3, published=False)
    url = reverse("admin:timeline_issue_publish", args=[issue.pk])
    question = client.get(url).content.decode()
    assert [part in question for part in ("Add an item: this issue has none.", 'name="override"')] == [True, True]
    refused = client.post(url, {"override": "  "})
    assert refused.context["form"].errors == {
        "override": ["Mend what is listed above, or say why it is published all the same."]
    }
    assert Issue.objects.get().status == "draft"
    client.post(url, {"override": "A <b>test</b>"})
    assert (Issue.objects.get().status, Override.objects.get().editor) == ("published", publisher)
    page = client.get(reverse("admin:timeline_issue_preflight", args=[issue.pk])).content.decode()
    assert "A &lt;b&gt;test&lt;/b&gt;" in page


def test_publisher_of_a_clean_issue_is_asked_for_no_reason(client: Client) -> None:
    client.force_login(paula())
    url = reverse("admin:timeline_issue_publish", args=[make_draft().pk])
    assert "override" not in client.get(url).content.decode()
    client.post(url)
    assert Issue.objects.get().status == "published"
