import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import brotli
import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import edith, make_author, make_image, make_issue, make_news, make_paper, tag
from timeline.models import Publication, Topic
from timeline.publishing import withdraw

pytestmark = pytest.mark.django_db

ADDRESS = "reply@ai-timeline.example"


def words(client: Client, url: str) -> str:
    """What a reader reads at `url`, on one line."""
    page = re.sub(r"<(script|style|head)\b.*?</\1>|<[^>]*>", " ", client.get(url).content.decode(), flags=re.S)
    return " ".join(page.split())


def test_issue_page_holds_its_parts_in_order(client: Client) -> None:
    Publication(
        support_link="https://support.example",
        support_text="Support the work",
        reply_address=ADDRESS,
        sponsor_contact="sponsor@ai-timeline.example",
        closing="That is all.",
    ).save()
    issue = make_issue(
        number=2,
        title="AI Can Think",
        tagline="Explained",
        introduction="Hello reader.",
        at=datetime(2023, 11, 27, tzinfo=UTC),
    )
    make_issue(number=1, title="Before")
    make_issue(number=3, title="After")
    make_paper(
        issue,
        emoji="🐳",
        title="Orca 2: Teaching",
        short_title="Orca 2",
        authors=["Zoe", "Ada"],
        body="# Overview\n\nText",
    )
    make_news(issue, emoji="📝", title="Claude 2.1 update", short_title="Claude 2.1")
    page = words(client, "/issues/2/")
    order = ["AI Can Think", "Research Papers × 1", "Orca 2", "Industry News × 1", "Claude 2.1", "Hello reader.",
             "Orca 2: Teaching", "Zoe", "Ada", "Overview", "Text", "Claude 2.1 update", "That is all."]  # fmt: skip
    places = [page.find(word) for word in order]
    assert (places, -1 in places) == (sorted(places), False)
    for word in ("Explained", "27 Nov", "2023", "min", "Support the work", "Before", "After"):
        assert word in page
    html = client.get("/issues/2/").content.decode()
    for link in (
        "https://support.example",
        "/contact/reply/",
        "/contact/sponsor/",
        "/issues/1/",
        "/issues/3/",
        "#papers-orca-2",
    ):
        assert f'href="{link}"' in html


def test_pages_are_the_same_for_everybody(client: Client) -> None:
    issue = make_issue()
    paper = make_paper(issue, authors=["Ada"])
    urls = [
        "/",
        "/issues/",
        issue.get_absolute_url(),
        "/papers/",
        paper.get_absolute_url(),
        "/authors/",
        "/authors/ada/",
    ]
    before = [client.get(url) for url in urls]
    client.force_login(edith())
    after = [client.get(url) for url in urls]
    assert [answer.content for answer in before] == [answer.content for answer in after]
    assert [answer.has_header("Set-Cookie") or "Cookie" in answer.get("Vary", "") for answer in after] == [False] * len(
        urls
    )


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn", "shelf"])
def test_what_is_not_published_is_nowhere_on_the_site(client: Client, state: str) -> None:
    make_paper(make_issue(number=1), title="Public")
    issue = make_issue(
        number=2,
        title="Hidden issue",
        published=state == "withdrawn",
        at=timezone.now() + timedelta(1) if state == "scheduled" else None,
    )
    place = None if state == "shelf" else issue
    paper = make_paper(place, title="Hidden paper", authors=["Hidden author"])
    tag(paper, "Hidden topic")
    news = make_news(place, title="Hidden news", authors=["Hidden author"])
    if state == "withdrawn":
        withdraw(issue)
    gone = [issue, paper, news, make_author("Hidden author"), Topic.objects.get()]
    assert [client.get(row.get_absolute_url()).status_code for row in gone] == [404] * 5
    for url in ("/", "/issues/", "/issues/1/", "/papers/", "/authors/"):
        assert "Hidden" not in words(client, url)
    if state == "scheduled":
        with time_machine.travel(timezone.now() + timedelta(days=2)):
            assert [client.get(row.get_absolute_url()).status_code for row in gone] == [200] * 5


def test_changed_slug_redirects_only_to_what_is_public(client: Client) -> None:
    paper = make_paper(make_issue(), title="Orca")
    paper.slug = "whale"
    paper.save()
    answer = client.get("/papers/orca/")
    assert (answer.status_code, answer["Location"]) == (301, "/papers/whale/")
    withdraw(paper.issue)
    assert client.get("/papers/orca/").status_code == 404


def test_author_page_holds_everything_and_the_coauthors(client: Client) -> None:
    issue = make_issue()
    make_paper(issue, title="Their paper", authors=["Ada", "Bob"])
    make_news(issue, title="Their news", authors=["Cy", "Ada"])
    make_paper(issue, title="Foreign", authors=["Dan"])
    page = words(client, "/authors/ada/")
    assert [word in page for word in ("Their paper", "Their news", "Bob", "Cy", "Foreign", "Dan")] == [True] * 4 + [
        False
    ] * 2


def test_topic_page_holds_items_of_every_kind(client: Client) -> None:
    issue = make_issue()
    topic = Topic.objects.create(name="Small models")
    for item in (make_paper(issue, title="A paper"), make_news(issue, title="Some news")):
        tag(item, topic.name)
    page = words(client, "/topics/small-models/")
    assert ("A paper" in page, "Some news" in page) == (True, True)


def test_long_lists_are_paged_in_the_path(client: Client) -> None:
    for _ in range(51):
        make_paper(make_issue())
    for base in ("/issues/", "/papers/"):
        assert f'href="{base}page/2/"' in client.get(base).content.decode()
        statuses = [client.get(f"{base}page/{number}/").status_code for number in (1, 2, 3, 0, 99999999999)]
        assert (base, statuses) == (base, [200, 200, 404, 404, 404])


LISTS = (
    *("/issues/", "/papers/", "/news/", "/topics/small/", "/authors/", "/authors/ada/", "/benchmarks/"),
    *("/timeline/", "/timeline/2023/", "/timeline/papers/", "/timeline/topics/small/"),
)


@pytest.fixture
def everything() -> None:
    """One issue with something in every list."""
    issue = make_issue(number=1, at=datetime(2023, 11, 27, tzinfo=UTC))
    tag(make_paper(issue, title="Orca", authors=["Ada"], body="```scores MMLU\nOrca = 1\n```"), "Small")
    make_news(issue, title="Claude")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.sampled_from(LISTS),
    page=st.integers(0, 10**30).map(str)
    | st.text(alphabet="0123456789١-+.e_ ", min_size=1, max_size=6)
    | st.sampled_from(["1", "2", "0", "9" * 5_000, "1e3", "nosuch"]),
)
def test_a_list_has_the_pages_that_it_has(client: Client, everything: None, base: str, page: str) -> None:
    status = client.get(f"{base}page/{quote(page)}/").status_code
    assert status == (200 if re.fullmatch("0*1", page) else 404)


@pytest.mark.parametrize(
    "url",
    [
        *("/issues/0/", "/issues/2/", f"/issues/{10**20}/", f"/issues/{10**20}.md", f"/issues/{'9' * 5_000}/"),
        *("/papers/nosuch/", "/papers/nosuch.md", "/news/orca/", "/polls/orca/", "/nosuch/"),
        *("/topics/nosuch/", "/topics/nosuch/page/1/", "/topics/nosuch.md", "/topics/nosuch/feed.atom"),
        *("/authors/nosuch/", "/authors/nosuch/page/1/", "/authors/nosuch.md", "/authors/nosuch/feed.rss"),
        *("/timeline/0000/", "/timeline/9999/", "/timeline/2023/polls/", "/timeline/topics/nosuch/page/1/"),
        *("/benchmarks/nosuch/", "/benchmarks/nosuch.csv", "/benchmarks/nosuch.json"),
        *("/sitemap-issues-0.xml", f"/sitemap-issues-{10**20}.xml", "/sitemap-nosuch-1.xml", "/feed.nosuch"),
    ],
)
def test_what_is_nowhere_is_not_found(client: Client, everything: None, url: str) -> None:
    assert client.get(url).status_code == 404


def test_pages_of_the_publication_are_there_while_they_have_a_text(client: Client) -> None:
    make_image("team", caption="The team")
    Publication(about="# Who we are\n\nTwo people.\n\n![](media:team)", imprint="Street 1").save()
    html = client.get("/").content.decode()
    linked = [f'href="/{name}/"' in html for name in Publication.PAGES]
    answers = [client.get(f"/{name}/").status_code for name in Publication.PAGES]
    assert (linked, answers) == ([True, False, True, False], [200, 404, 200, 404])
    page = words(client, "/about/")
    assert [word in page for word in ("About", "Who we are", "Two people.", "The team")] == [True] * 4


def test_contact_shows_the_address_after_a_press_only(client: Client) -> None:
    Publication(reply_address=ADDRESS).save()
    make_issue(number=1)
    before = client.get("/contact/reply/").content.decode()
    after = Client(enforce_csrf_checks=True).post("/contact/reply/").content.decode()
    assert (ADDRESS in before, "ai-timeline.example" in before, f"mailto:{ADDRESS}" in after) == (False, False, True)
    assert ADDRESS not in client.get("/issues/1/").content.decode()
    assert [client.get(url).status_code for url in ("/contact/sponsor/", "/contact/other/")] == [404, 404]


def test_empty_site_has_pages(client: Client) -> None:
    urls = ("/", "/issues/", "/papers/", "/news/", "/authors/")
    assert [client.get(url).status_code for url in urls] == [200] * 5


def test_dates_are_in_the_zone_of_the_publication(client: Client) -> None:
    Publication(time_zone="Asia/Tokyo").save()
    make_issue(number=1, at=datetime(2023, 11, 26, 20, tzinfo=UTC))
    for url in ("/", "/issues/", "/issues/1/"):
        assert "27 Nov" in words(client, url)


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/", 5),
        ("/issues/", 3),
        ("/issues/page/1/", 3),
        ("/issues/2/", 9),
        ("/papers/", 4),
        ("/news/page/1/", 4),
        ("/papers/orca/", 8),
        ("/news/claude/", 7),
        ("/authors/", 3),
        ("/authors/ada/", 7),
        ("/topics/small/", 5),
        ("/search/", 1),
        ("/search/?q=orca", 5),
        ("/search/?q=small&kind=papers&topic=small&page=1", 5),
        ("/search/?q=orcca", 5),
        ("/about/", 2),
        ("/contact/reply/", 1),
        ("/healthz", 0),
    ],
)
def test_pages_need_a_fixed_number_of_queries(
    client: Client, url: str, queries: int, django_assert_num_queries
) -> None:
    topic = Topic.objects.create(name="Small")
    make_image("whale")
    Publication(about="![](media:whale)", reply_address=ADDRESS).save()
    for number in (1, 2, 3):
        issue = make_issue(number=number)
        for index in range(number * 2):
            name = "" if number == 2 and not index else f" {number} {index}"
            body = "![](media:whale)"
            tag(make_paper(issue, title=f"Orca{name}", authors=["Ada", "Bob"], body=body), topic.name)
            tag(make_news(issue, title=f"Claude{name}", authors=["Ada", "Cy"], body=body), topic.name)
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


def test_a_page_that_is_nowhere_needs_no_query(client: Client, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert client.get("/nowhere/").status_code == 404


def test_every_answer_carries_the_strict_policy(client: Client) -> None:
    make_issue(number=1)
    for url in ("/", "/issues/1/", "/nowhere/", "/admin/login/"):
        policy = dict(part.strip().split(" ", 1) for part in client.get(url)["Content-Security-Policy"].split(";"))
        assert (policy["script-src"], policy["style-src"], policy["default-src"]) == ("'self'", "'self'", "'none'")


def test_page_that_fails_says_so_without_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("timeline.views.newest_issues", fail)
    client.raise_request_exception = False
    answer = client.get("/")
    assert (answer.status_code, "<h1" in answer.content.decode()) == (500, True)


def test_item_page_leads_to_what_was_before_and_what_comes_after(client: Client) -> None:
    first, second = make_issue(number=1), make_issue(number=2)
    make_paper(first, title="First")
    make_news(first, title="Second")
    make_paper(second, title="Third")
    hidden = make_issue(number=3, published=False)
    make_paper(hidden, title="Fourth")
    neighbours = {
        url: re.findall(r'<a [^>]*rel="(prev|next)" href="([^"]*)"', client.get(url).content.decode())
        for url in ("/papers/first/", "/news/second/", "/papers/third/")
    }
    assert neighbours == {
        "/papers/first/": [("next", "/news/second/")],
        "/news/second/": [("prev", "/papers/first/"), ("next", "/papers/third/")],
        "/papers/third/": [("prev", "/news/second/")],
    }


def test_item_page_names_earlier_items_of_its_authors_and_topics(client: Client) -> None:
    first, second, third = (make_issue(number=number) for number in (1, 2, 3))
    topic = tag(make_paper(first, title="Same topic"), "Small")
    make_news(first, title="Same author", authors=["Ada"])
    make_paper(first, title="Nothing in common", authors=["Zoe"])
    paper = make_paper(second, title="Orca", authors=["Ada", "Bob"])
    tag(paper, topic.name)
    make_paper(second, title="Same issue", authors=["Ada"])
    make_paper(third, title="Later", authors=["Ada"])
    tag(make_paper(make_issue(number=4, published=False), title="Hidden"), topic.name)
    html = client.get("/papers/orca/").content.decode()
    previously = re.search(r'<section class="previously".*?</section>', html, re.S)
    assert previously
    assert re.findall(r'<h3><a href="([^"]*)">', previously[0]) == ["/news/same-author/", "/papers/same-topic/"]
    assert "previously" not in client.get("/news/same-author/").content.decode()


def test_home_page_shows_what_is_new_and_how_to_follow(client: Client) -> None:
    old = make_issue(number=1, title="Before", at=datetime(2023, 11, 13, 23, tzinfo=UTC))
    issue = make_issue(number=2, title="Now", at=datetime(2023, 11, 27, 1, tzinfo=UTC))
    image = make_image("whale", alt="A whale", file="whale.png", width=40, height=30)
    tag(make_paper(issue, title="Orca", lead_image=image, date=datetime(2023, 11, 18).date()), "Agents")
    make_paper(old, title="Undated")
    page = words(client, "/")
    order = [
        "Now",
        "14 days",
        "Before",
        "On the timeline",
        "Orca",
        "Agents",
        "Only Research Papers",
        "Issue 3 is being",
    ]
    places = [page.rfind(word) for word in order]
    assert (places, -1 in places) == (sorted(places), False)
    html = client.get("/").content.decode()
    assert ('alt="A whale"' in html, 'href="/feed.atom"' in html, 'href="/topics/agents/"' in html) == (True,) * 3


@pytest.mark.parametrize(
    ("accepted", "encoding", "unpack"),
    [
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("br;q=0.9", "br", brotli.decompress),
        ("gzip, br;q=0", "gzip", gzip.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("vibrant", None, bytes),
        ("", None, bytes),
    ],
)
def test_page_is_packed_for_who_asks(client: Client, accepted: str, encoding: str | None, unpack: Callable) -> None:
    paper = make_paper(make_issue(), body="A long text. " * 500)
    plain = client.get(paper.get_absolute_url())
    packed = client.get(paper.get_absolute_url(), headers={"accept-encoding": accepted})
    assert (packed.get("Content-Encoding"), unpack(packed.content)) == (encoding, plain.content)
    assert (packed["Vary"], packed["Content-Length"]) == ("Accept-Encoding", str(len(packed.content)))
    assert encoding is None or len(packed.content) * 2 < len(plain.content)


def test_packed_feed_keeps_its_validator_as_a_weak_one(client: Client) -> None:
    make_paper(make_issue(), body="A long text. " * 500)
    packed = client.get("/feed.atom", headers={"accept-encoding": "br"})
    assert (packed["Content-Encoding"], packed["ETag"]) == ("br", f"W/{client.get('/feed.atom')['ETag']}")
    again = client.get("/feed.atom", headers={"accept-encoding": "br", "if-none-match": packed["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
