"""The page of an author."""

import re
from datetime import date

import pytest
from django.test import Client

from papers.views import TOPICS, TopicsOverTime, most_beside, topics_over_time
from tests.factories import make_issue, make_news, make_paper, tag
from timeline.models import Entry, Filing, Issue
from timeline.publishing import withdraw

pytestmark = pytest.mark.django_db


def over_time() -> TopicsOverTime:
    _, topics = most_beside("ada")
    return topics_over_time("ada", topics)


@pytest.fixture(autouse=True)
def work() -> None:
    old, new = make_issue(number=1), make_issue(number=2)
    for issue, day, topics in [
        (old, date(2021, 5, 1), ["Reasoning"]),
        (new, date(2023, 5, 1), ["Reasoning", "Agents"]),
        (new, date(2023, 6, 1), ["Reasoning"]),
    ]:
        paper = make_paper(issue, authors=["Ada", "Bob"], date=day)
        for topic in topics:
            tag(paper, topic)
    tag(make_news(new, authors=["Ada"], date=date(2023, 7, 1)), "Agents")
    tag(make_paper(new, authors=["Eva"], date=date(2022, 1, 1)), "Other")


def test_topics_are_counted_by_year_over_papers_and_news() -> None:
    assert over_time() == TopicsOverTime(
        [2021, 2023],
        [("reasoning", "Reasoning", [(2021, 1), (2023, 2)]), ("agents", "Agents", [(2021, 0), (2023, 2)])],
    )


def test_only_what_readers_may_see_is_counted() -> None:
    withdraw(Issue.objects.get(number=2))
    assert over_time() == TopicsOverTime([2021], [("reasoning", "Reasoning", [(2021, 1)])])


def test_only_the_most_frequent_topics_are_told() -> None:
    paper = make_paper(make_issue(), authors=["Ada"], date=date(2024, 1, 1))
    topics = [f"Topic {number:02}" for number in range(TOPICS)]
    for topic in topics:
        tag(paper, topic)
    assert [name for _, name, _ in over_time().rows] == [
        "Reasoning",
        "Agents",
        *topics[:-2],
    ]


def test_page_tells_topics_over_time_and_who_writes_along(client: Client) -> None:
    page = client.get("/authors/ada/").content.decode()
    table = re.search(r'<table class="board over-years">(.*?)</table>', page, re.DOTALL)
    cells = re.sub(r"\s*<[^>]*>\s*", " ", table[1]).split() if table else []
    assert cells == ["Topic", "2021", "2023", "Reasoning", "1", "2", "Agents", "2"]
    assert '<li><a href="/authors/bob/">Bob</a></li>' in page


def test_one_item_makes_no_table(client: Client) -> None:
    assert "over-years" not in client.get("/authors/eva/").content.decode()


def test_author_needs_a_fixed_number_of_queries(client: Client, django_assert_num_queries) -> None:
    for _ in range(5):
        tag(make_paper(make_issue(), authors=["Ada", "Cy"]), "More")
    with django_assert_num_queries(7):
        assert client.get("/authors/ada/").status_code == 200


def test_an_author_of_something_without_a_date_has_a_page(client: Client) -> None:
    """As it is for a moment where an issue was made public by other ways than ours."""
    for title in ("Orca", "Beluga"):
        tag(make_paper(make_issue(), title=title, authors=["Ada"]), "Whales")
    Filing.objects.filter(name="year").delete()
    Filing.objects.update(date=None)
    Entry.objects.update(date=None)
    page = client.get("/authors/ada/").content.decode()
    assert ("Orca" in page, "Beluga" in page, "None" in page) == (True, True, False)
