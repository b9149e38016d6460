import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_issue, make_news, make_paper, tag
from timeline import derived
from timeline.chronology import Place, by_month
from timeline.models import Issue, Publication

pytestmark = pytest.mark.django_db


def stops(client: Client, url: str) -> list[str]:
    """The titles on the line, in order."""
    html = client.get(url).content.decode()
    return re.findall(r"<h4><a [^>]*>(?:<span class=\"visually-hidden\">[^<]*</span>)?([^<]*)</a></h4>", html)


def ways(client: Client, url: str, label: str) -> list[tuple[str, str, str]]:
    """(address, text, count) of the links in the navigation with that label."""
    html = client.get(url).content.decode()
    nav = re.search(rf'<nav [^>]*aria-label="{label}">.*?</nav>', html, re.S)
    return re.findall(r'href="([^"]*)"[^>]*>([^<]*?) <span class="data">(\d+)</span>', nav[0]) if nav else []


@pytest.fixture
def line() -> Issue:
    """Five things in two years: a paper without a date stands where its issue does."""
    issue = make_issue(number=2, title="Second", at=datetime(2023, 11, 27, tzinfo=UTC))
    orca = make_paper(issue, title="Orca", date=date(2023, 11, 18))
    tag(orca, "Reasoning")
    make_paper(issue, title="Undated")
    make_paper(issue, title="Older", date=date(2022, 5, 1))
    make_news(issue, title="Claude", date=date(2023, 11, 21), organisation="Anthropic & Co")
    derived.update(issue)
    return issue


def test_timeline_shows_the_newest_year_by_the_day_of_each_thing(client: Client, line: Issue) -> None:
    assert stops(client, "/timeline/") == ["Second", "Undated", "Claude", "Orca"]
    assert stops(client, "/timeline/2023/") == ["Second", "Undated", "Claude", "Orca"]
    assert stops(client, "/timeline/2022/") == ["Older"]


@pytest.mark.parametrize(
    ("url", "titles"),
    [
        ("/timeline/papers/", ["Undated", "Orca"]),
        ("/timeline/2022/papers/", ["Older"]),
        ("/timeline/issues/", ["Second"]),
        ("/timeline/topics/reasoning/", ["Orca"]),
        ("/timeline/organisations/anthropic-co/", ["Claude"]),
        ("/timeline/2023/news/organisations/anthropic-co/", ["Claude"]),
    ],
)
def test_timeline_is_filtered_by_its_path(client: Client, line: Issue, url: str, titles: list[str]) -> None:
    assert stops(client, url) == titles


@pytest.mark.parametrize(
    "url",
    [
        "/timeline/1999/",
        "/timeline/2022/news/",
        "/timeline/topics/nosuch/",
        "/timeline/organisations/nosuch/",
        "/timeline/papers/organisations/anthropic-co/",
        "/timeline/page/2/",
        "/timeline/page/0/",
        "/timeline/2023/page/999999/",
        "/timeline/page/9999999/",
        "/timeline/nosuch/",
        "/timeline/202/",
    ],
)
def test_there_is_no_page_where_there_is_nothing(client: Client, line: Issue, url: str) -> None:
    assert client.get(url).status_code == 404


def test_an_empty_timeline_says_so(client: Client) -> None:
    assert "Nothing on the line yet" in client.get("/timeline/").content.decode()


def test_ways_lead_to_other_kinds_and_years_with_counts(client: Client, line: Issue) -> None:
    assert ways(client, "/timeline/2023/", "Kinds") == [
        ("/timeline/2023/", "Everything", "4"),
        ("/timeline/2023/papers/", "Research Papers", "2"),
        ("/timeline/2023/news/", "Industry News", "1"),
        ("/timeline/2023/issues/", "Issues", "1"),
    ]
    assert ways(client, "/timeline/papers/", "Years") == [
        ("/timeline/2023/papers/", "2023", "2"),
        ("/timeline/2022/papers/", "2022", "1"),
    ]


def test_a_kind_shows_its_own_newest_year_and_every_way_leads_somewhere(client: Client, line: Issue) -> None:
    tag(make_paper(make_issue(title="Newest", at=datetime(2024, 1, 8, tzinfo=UTC)), date=date(2021, 6, 1)), "Old")
    assert stops(client, "/timeline/") == ["Newest"]
    assert stops(client, "/timeline/papers/") == ["Undated", "Orca"]
    assert ways(client, "/timeline/papers/", "Kinds")[0] == ("/timeline/2023/", "Everything", "4")
    waiting, answers = ["/timeline/"], {}
    while waiting:
        url = waiting.pop()
        if url not in answers:
            answers[url] = client.get(url)
            waiting += re.findall(r'href="(/timeline/[^"#]*)"', answers[url].content.decode())
    assert {url: answer.status_code for url, answer in answers.items() if answer.status_code != 200} == {}
    assert "/timeline/2021/papers/topics/old/" in answers


def test_a_chosen_topic_says_so_and_leads_back(client: Client, line: Issue) -> None:
    html = client.get("/timeline/2023/topics/reasoning/").content.decode()
    assert re.findall(r'<p class="chosen ui"><span>(\w+)</span> <a href="([^"]*)">', html) == [
        ("Reasoning", "/timeline/2023/")
    ]


def test_what_is_not_published_is_not_on_the_line(client: Client, line: Issue) -> None:
    hidden = make_issue(number=3, title="Hidden", published=False)
    make_paper(hidden, title="Hidden paper", date=date(2024, 1, 1))
    assert stops(client, "/timeline/") == ["Second", "Undated", "Claude", "Orca"]
    assert client.get("/timeline/2024/").status_code == 404


def test_days_are_those_of_the_publication(client: Client) -> None:
    Publication(time_zone="Asia/Tokyo").save()
    make_issue(title="New Year", at=datetime(2023, 12, 31, 20, tzinfo=UTC))
    assert stops(client, "/timeline/2024/") == ["New Year"]


def test_long_years_are_paged_in_the_path(client: Client, line: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.chronology.PAGE_SIZE", 3)
    assert stops(client, "/timeline/2023/page/2/") == ["Orca"]
    assert 'href="/timeline/2023/page/2/"' in client.get("/timeline/2023/").content.decode()
    assert client.get("/timeline/2023/page/3/").status_code == 404


def test_months_count_the_days_between() -> None:
    days = [date(2023, 11, 27), date(2023, 11, 21), date(2023, 11, 21), date(2023, 8, 30), date(2023, 8, 1)]
    cards: Any = [SimpleNamespace(date=day) for day in [*days, date(2022, 12, 30)]]
    assert [
        (year, [(month.anchor, month.days, month.silence, [(stop.days, stop.ticks) for stop in month.stops])])
        for year, months in by_month(cards)
        for month in months
    ] == [
        (2023, [("m2023-11", 20, 0, [(0, 0), (6, 6), (0, 0)])]),
        (2023, [("m2023-08", 0, 2, [(1, 1), (29, 14)])]),
        (2022, [("m2022-12", 0, 0, [(1, 1)])]),
    ]


def test_the_map_of_the_year_leads_to_the_page_of_each_month(
    client: Client, line: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_paper(line, title="March", date=date(2023, 3, 1))
    monkeypatch.setattr("timeline.chronology.PAGE_SIZE", 3)
    html = client.get("/timeline/").content.decode()
    shown = re.search(r'aria-label="Months of 2023">.*?</nav>', html, re.S)
    assert shown
    assert re.findall(r'<a href="([^"]*)">(\w+)</a>', shown[0]) == [
        ("/timeline/#m2023-11", "November"),
        ("/timeline/page/2/#m2023-03", "March"),
    ]


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/timeline/", 5),
        ("/timeline/2023/", 5),
        ("/timeline/papers/", 5),
        ("/timeline/topics/reasoning/", 4),
        ("/timeline/papers/topics/reasoning/", 5),
    ],
)
def test_timeline_needs_a_fixed_number_of_queries(
    client: Client, line: Issue, url: str, queries: int, django_assert_num_queries: Any
) -> None:
    for number in range(10):
        make_paper(line, title=f"Paper {number}", date=date(2023, 1, 1) + timedelta(number), authors=["Ada", "Bob"])
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(
        st.sampled_from(
            ["2023", "0000", "papers", "issues", "topics/reasoning", "topics/x", "organisations/-", "page/1"]
        )
        | st.text(max_size=8),
        max_size=4,
    )
)
def test_no_path_is_an_error(client: Client, line: Issue, parts: list[str]) -> None:
    assert client.get("/".join(["/timeline", *parts, ""])).status_code in {200, 301, 404}


def test_every_place_has_an_address_that_leads_back_to_it(client: Client) -> None:
    paths = [
        Place(year, kind, topic, organisation).path(page)
        for year in ("", "2023")
        for kind in ("", "papers")
        for topic in ("", "a-b")
        for organisation in ("", "c")
        for page in (1, 2)
    ]
    assert (len(set(paths)), paths[0], paths[-1]) == (
        32,
        "/timeline/",
        "/timeline/2023/papers/topics/a-b/organisations/c/page/2/",
    )
