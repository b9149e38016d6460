import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_image, make_issue, make_news, make_paper, picture, tag
from tests.thirdkind.models import Poll
from timeline import derived
from timeline.models import Issue, Publication, Topic
from timeline.publishing import withdraw

pytestmark = pytest.mark.django_db

SITE = "https://site.example"
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
ENDINGS = ["atom", "rss", "json"]
PAGES = ["/", "/papers/", "/topics/small/", "/authors/ada/"]
FEEDS = [f"{page}feed.{ending}" for page in PAGES for ending in ENDINGS]


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def issue() -> Issue:
    """Issue 2 with a paper and a news item, last changed at the beginning of 2024."""
    Publication(editors="Edith\nPaula").save()
    issue = make_issue(
        number=2, title="AI & <Reason>", introduction="[Before](/issues/1/)", at=datetime(2023, 11, 27, tzinfo=UTC)
    )
    whale = make_image("whale", file=picture(), alt="A whale")
    paper = make_paper(issue, title="Orca 2: Teaching", authors=["Ada"], body="Text ![](media:whale)", slug="orca")
    tag(paper, "Small")
    news = make_news(issue, title="Claude", slug="claude", lead_image=whale)
    for row in (issue, paper, news):
        type(row).objects.filter(pk=row.pk).update(updated_at=datetime(2023, 1, 1, tzinfo=UTC))
    type(paper).objects.filter(pk=paper.pk).update(updated_at=datetime(2024, 1, 1, tzinfo=UTC))
    return issue


def contents(client: Client, url: str) -> list[str]:
    """The HTML of each entry."""
    body = client.get(url).content
    if url.endswith("json"):
        return [item["content_html"] for item in json.loads(body)["items"]]
    return [
        element.text or ""
        for element in ElementTree.fromstring(body).iter()
        if element.tag in (f"{ATOM}content", CONTENT)
    ]


def titles(client: Client, url: str) -> list[str | None]:
    body = client.get(url).content
    if url.endswith("json"):
        return [item["title"] for item in json.loads(body)["items"]]
    root = ElementTree.fromstring(body)
    return [
        entry.findtext(f"{ATOM}title") or entry.findtext("title")
        for entry in [*root.iter(f"{ATOM}entry"), *root.iter("item")]
    ]


def test_atom_feed_says_who_wrote_what_and_when(client: Client, issue: Issue) -> None:
    answer = client.get("/feed.atom")
    root = ElementTree.fromstring(answer.content)
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert [
        (child.tag.removeprefix(ATOM), child.text or child.attrib or None) for child in root if len(child) == 0
    ] == [
        ("title", "The AI Timeline"),
        ("link", {"rel": "alternate", "href": f"{SITE}/"}),
        ("link", {"rel": "self", "href": f"{SITE}/feed.atom"}),
        ("id", f"{SITE}/"),
        ("updated", "2024-01-01T00:00:00+00:00"),
    ]
    assert [author.findtext(f"{ATOM}name") for author in root.findall(f"{ATOM}author")] == ["Edith", "Paula"]
    (entry,) = root.findall(f"{ATOM}entry")
    assert {
        child.tag.removeprefix(ATOM): child.text or child.attrib for child in entry if child.tag != f"{ATOM}content"
    } == {
        "title": "#2: AI & <Reason>",
        "link": {"rel": "alternate", "href": f"{SITE}/issues/2/"},
        "published": "2023-11-27T00:00:00+00:00",
        "updated": "2024-01-01T00:00:00+00:00",
        "id": issue.uuid.urn,
    }


def test_rss_feed_says_who_wrote_what_and_when(client: Client, issue: Issue) -> None:
    answer = client.get("/papers/feed.rss")
    channel = ElementTree.fromstring(answer.content).find("channel")
    assert answer["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert {child.tag: child.text for child in channel if child.tag != "item" and child.text} == {
        "title": "Research Papers | The AI Timeline",
        "link": f"{SITE}/papers/",
        "description": "Latest AI Research Explained Simply",
        "language": "en-gb",
        "lastBuildDate": "Mon, 01 Jan 2024 00:00:00 +0000",
    }
    assert [link.attrib for link in channel.findall(f"{ATOM}link")] == [
        {"rel": "self", "href": f"{SITE}/papers/feed.rss"}
    ]
    (item,) = channel.findall("item")
    assert [(child.tag, child.text) for child in item if child.tag != CONTENT] == [
        ("title", "Orca 2: Teaching"),
        ("link", f"{SITE}/papers/orca/"),
        ("pubDate", "Mon, 27 Nov 2023 00:00:00 +0000"),
        ("guid", issue.papersummary_set.get().uuid.urn),
        ("category", "Small"),
        (CREATOR, "Edith"),
        (CREATOR, "Paula"),
        (f"{ATOM}updated", "2024-01-01T00:00:00+00:00"),
    ]
    assert item.find("guid").attrib == {"isPermaLink": "false"}


def test_json_feed_says_who_wrote_what_and_when(client: Client, issue: Issue) -> None:
    answer = client.get("/topics/small/feed.json")
    feed = answer.json()
    (item,) = feed.pop("items")
    assert answer["Content-Type"] == "application/feed+json; charset=utf-8"
    assert feed == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Small | The AI Timeline",
        "home_page_url": f"{SITE}/topics/small/",
        "feed_url": f"{SITE}/topics/small/feed.json",
        "description": "Latest AI Research Explained Simply",
        "language": "en-gb",
        "authors": [{"name": "Edith"}, {"name": "Paula"}],
    }
    assert "Text" in item.pop("content_html")
    assert item == {
        "id": issue.papersummary_set.get().uuid.urn,
        "url": f"{SITE}/papers/orca/",
        "title": "Orca 2: Teaching",
        "date_published": "2023-11-27T00:00:00+00:00",
        "date_modified": "2024-01-01T00:00:00+00:00",
        "tags": ["Small"],
    }


@pytest.mark.parametrize("ending", ENDINGS)
def test_entry_of_an_issue_is_complete_and_works_outside_the_site(client: Client, issue: Issue, ending: str) -> None:
    Poll.objects.create(issue=issue, title="Poll", choices="Small or large")
    (content,) = contents(client, f"/feed.{ending}")
    wanted = [
        "Before",
        "Research Papers",
        "Orca 2: Teaching",
        "Ada",
        "Text",
        "Industry News",
        "Claude",
        "Small or large",
    ]
    assert [word for word in wanted if word not in content] == []
    assert (f'href="{SITE}/issues/1/"' in content, content.count(f'src="{SITE}/media/images/')) == (True, 2)
    assert ('href="/' in content, 'src="/' in content, "<style" in content, "<html" in content) == (False,) * 4


@pytest.mark.parametrize("ending", ENDINGS)
def test_entry_of_an_item_is_complete_and_leaves_its_title_to_the_feed(
    client: Client, issue: Issue, ending: str
) -> None:
    (content,) = contents(client, f"/authors/ada/feed.{ending}")
    assert ("Text" in content, f'href="{SITE}/authors/ada/"' in content, "Orca" in content) == (True, True, False)
    assert titles(client, f"/authors/ada/feed.{ending}") == ["Orca 2: Teaching"]


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn", "shelf"])
def test_what_is_not_published_is_in_no_feed(client: Client, issue: Issue, state: str) -> None:
    hidden = make_issue(
        number=3,
        title="Hidden issue",
        published=state == "withdrawn",
        at=timezone.now() + timedelta(1) if state == "scheduled" else None,
    )
    place = None if state == "shelf" else hidden
    paper = make_paper(place, title="Hidden paper", authors=["Ada", "Hidden author"])
    paper.topics.set([Topic.objects.get(), Topic.objects.create(name="Hidden topic")])
    if state == "withdrawn":
        withdraw(hidden)
    if state == "shelf":
        hidden.delete()
    assert {url: "Hidden" in client.get(url).content.decode() for url in FEEDS} == dict.fromkeys(FEEDS, False)
    unknown = [
        f"/{page}/feed.{ending}" for page in ("topics/hidden-topic", "authors/hidden-author") for ending in ENDINGS
    ]
    unknown += ["/topics/no/feed.atom", "/authors/no/feed.atom", "/movies/feed.atom", "/feed.xml"]
    assert {client.get(url).status_code for url in unknown} == {404}


def test_feed_holds_the_20_that_were_published_last(client: Client) -> None:
    now = timezone.now()
    for number in range(1, 23):
        make_paper(
            make_issue(number=number, at=now - timedelta(days=100 - number)), title=f"P {number}", authors=["Ada"]
        )
    Issue.objects.filter(number=1).update(published_at=now - timedelta(1))  # written first, published last
    order = [1, *range(22, 3, -1)]
    assert titles(client, "/feed.json") == [f"#{number}: Title of issue {number}" for number in order]
    assert (
        titles(client, "/papers/feed.json")
        == titles(client, "/authors/ada/feed.json")
        == [f"P {number}" for number in order]
    )


@pytest.mark.parametrize("url", FEEDS)
def test_unchanged_feed_is_not_sent_again(client: Client, issue: Issue, url: str) -> None:
    first = client.get(url)
    assert parsedate_to_datetime(first["Last-Modified"]) == datetime(2024, 1, 1, tzinfo=UTC)
    headers = [{"If-None-Match": first["ETag"]}, {"If-Modified-Since": first["Last-Modified"]}]
    assert [(answer.status_code, answer.content) for answer in (client.get(url, headers=each) for each in headers)] == [
        (304, b"")
    ] * 2
    paper = issue.papersummary_set.get()
    paper.body = "Changed"
    paper.save()
    assert ["Changed" in client.get(url, headers=each).content.decode() for each in headers] == [True] * 2


def test_feed_of_a_kind_that_has_nothing_yet_is_empty_and_stays_the_same(client: Client) -> None:
    first = client.get("/polls/feed.atom")
    assert (first.status_code, titles(client, "/polls/feed.atom")) == (200, [])
    assert client.get("/polls/feed.atom", headers={"If-None-Match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize("url", FEEDS)
def test_hostile_titles_leave_a_feed_well_formed(client: Client, issue: Issue, url: str) -> None:
    hostile = "]]>\x01\x0b\x1f\ufffe<script>evil()</script>&nbsp;\"'"
    shown = "]]><script>evil()</script>&nbsp;\"'"
    Issue.objects.update(title=hostile, introduction=hostile)
    Publication.objects.update(name=hostile, tagline=hostile, editors=hostile)
    Topic.objects.update(name=hostile)
    issue.papersummary_set.update(title=hostile, short_title=hostile, emoji="\x02", body=hostile, venue=hostile)
    assert titles(client, url) == [f"#2: {shown}" if url.startswith("/feed") else shown]
    assert ["<script" in content for content in contents(client, url)] == [False]


def test_old_address_of_a_topic_or_author_leads_to_its_feed(client: Client, issue: Issue) -> None:
    paper = issue.papersummary_set.get()
    for row in (paper.topics.get(), paper.byline[0]):
        row.slug = "new"
        row.save()
        derived.update(row)
    answers = [client.get(url) for url in ("/topics/small/feed.atom", "/authors/ada/feed.rss")]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (301, "/topics/new/feed.atom"),
        (301, "/authors/new/feed.rss"),
    ]


def test_ids_outlive_a_changed_address(client: Client, issue: Issue) -> None:
    before = client.get("/papers/feed.json").json()["items"][0]
    paper = issue.papersummary_set.get()
    paper.slug = "whale"
    paper.save()
    after = client.get("/papers/feed.json").json()["items"][0]
    assert (before["id"] == after["id"], after["url"]) == (True, f"{SITE}/papers/whale/")


@pytest.mark.parametrize(
    ("url", "queries"),
    [("/feed.atom", 7), ("/papers/feed.rss", 5), ("/topics/small/feed.json", 10), ("/authors/ada/feed.atom", 9)],
)
def test_feeds_need_a_fixed_number_of_queries(
    client: Client, url: str, queries: int, django_assert_num_queries
) -> None:
    topic = Topic.objects.create(name="Small")
    for number in (1, 2, 3):
        issue = make_issue(number=number)
        for _ in range(number * 2):
            tag(make_paper(issue, authors=["Ada", "Bob"], body="![](media:whale)"), topic.name)
            tag(make_news(issue, authors=["Ada", "Cy"]), topic.name)
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200
