from datetime import UTC, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.factories import make_issue, make_news, make_paper
from timeline.sections import contents, render_issue, section, sections

pytestmark = pytest.mark.django_db


def test_contents_leave_out_empty_sections_and_keep_the_order() -> None:
    issue = make_issue()
    news = make_news(issue)
    second, first = make_paper(issue, position=9), make_paper(issue, position=4)
    assert [(part.title, part.items) for part in contents(issue)] == [
        ("Research Papers", [first, second]),
        ("Industry News", [news]),
    ]


def test_renumber_closes_gaps_and_takes_the_order_given() -> None:
    issue = make_issue()
    a, b, c = (make_paper(issue, position=position) for position in (3, 3, 8))
    section("papers").renumber(issue)
    assert [(item, item.position) for item in section("papers").items(issue)] == [(a, 1), (b, 2), (c, 3)]
    section("papers").renumber(issue, [c.pk, a.pk])
    assert [(item, item.position) for item in section("papers").items(issue)] == [(c, 1), (a, 2), (b, 3)]


def test_section_of_unknown_kind_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="movies"):
        section("movies")


def test_two_sections_of_one_kind_stop_the_start(settings) -> None:
    sections.cache_clear()
    settings.SECTIONS = ["papers.sections.Papers", "papers.sections.Papers"]
    try:
        with pytest.raises(ImproperlyConfigured, match="a kind of its own"):
            sections()
    finally:
        sections.cache_clear()


def test_render_issue_refuses_an_unknown_medium() -> None:
    with pytest.raises(ValueError, match=r"choose one of html, email\.html, txt"):
        render_issue(make_issue(), "fax")


@pytest.mark.parametrize("medium", ["html", "email.html", "txt"])
def test_render_issue_holds_all_items_in_every_medium(medium: str) -> None:
    issue = make_issue(number=2, title="AI Can Think & Reason", tagline="Explained simply", introduction="Hello *you*.")
    make_paper(
        issue, title="Orca 2: Teaching", short_title="Orca 2", authors=["Ada", "Bob"], body="# Overview\n\nIt works."
    )
    make_news(issue, title="Claude 2.1", organisation="Anthropic", body="* one\n  * two")
    text = render_issue(issue, medium)
    words = ["Explained simply", "Hello", "Research Papers × 1", "Industry News × 1", "Orca 2: Teaching", "Orca 2",
             "Ada", "Bob", "Overview", "It works.", "Claude 2.1", "one", "two"]  # fmt: skip
    assert [word for word in words if word not in text] == []
    assert ("AI Can Think & Reason" if medium == "txt" else "AI Can Think &amp; Reason") in text


@pytest.mark.parametrize("medium", ["html", "email.html", "txt"])
def test_render_issue_has_no_primary_key_in_it(medium: str) -> None:
    """So a preview that is rolled back equals what is published, whatever keys the database hands out."""
    texts = []
    for _ in range(2):
        issue = make_issue(number=2, at=datetime(2023, 11, 27, tzinfo=UTC))
        make_paper(issue, title="Orca", authors=["Ada"], body="Text")
        make_news(issue, title="Claude")
        texts.append(render_issue(issue, medium))
        for kind in sections():
            kind.items(issue).delete()
        issue.delete()
    assert texts[0] == texts[1]


@pytest.mark.parametrize("medium", ["html", "email.html", "txt"])
def test_render_issue_needs_as_many_queries_for_many_items(medium: str, django_assert_num_queries) -> None:
    issue = make_issue()
    for _ in range(12):
        make_paper(issue, authors=["Ada", "Bob"], body="![](media:whale)")
        make_news(issue, authors=["Ada"])
    # Publication; items of three kinds, topics and bylines and authors of two; images.
    with django_assert_num_queries(6):
        render_issue(issue, medium)
