"""Feeds as those who read them find them: feedparser, and the rules of JSON Feed 1.1."""

import re
from datetime import UTC, datetime
from typing import Any

import feedparser
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.factories import make_image, make_issue, make_news, make_paper, picture, tag
from tests.thirdkind.models import Poll
from timeline.feeds import IssueFeed, ItemFeed, TimelineFeed, newest
from timeline.models import Publication, Topic
from timeline.sections import section, sections

pytestmark = pytest.mark.django_db

SITE = "https://site.example"
BODY = """\
# Results & more

A *word*, [inside](/issues/1/), [outside](https://example.org/?a=1&b=2), $x < y$ and `<b>`.

![](media:whale "A caption")

| a | b |
| - | - |
| 1 | 2 |

```python
if a < b: print("]]>")
```
"""


@pytest.fixture(autouse=True)
def site(settings: Settings) -> None:
    """Two issues with everything that a text may hold."""
    settings.SITE_URL = SITE
    Publication(editors="Edith\nPaula", name="Q & A").save()
    whale = make_image("whale", file=picture(), alt="A whale", width=40, height=30)
    for number, year in ((1, 2022), (2, 2023)):
        issue = make_issue(
            number=number, title="AI & <Reason>", introduction=BODY, at=datetime(year, 11, 27, tzinfo=UTC), cover=whale
        )
        tag(make_paper(issue, title="Orca 2: “Teaching” <b>", authors=["Łukasz"], body=BODY, lead_image=whale), "Small")
        tag(make_news(issue, title="Claude 🐳", body=BODY), "Small")
        Poll.objects.create(issue=issue, title="Poll", body=BODY)


def sources(ending: str) -> dict[str, TimelineFeed]:
    """What the feed of each page is made of."""
    topic, papers = Topic.objects.get(), section("papers")
    author = papers.author._default_manager.get()
    return {
        "/": IssueFeed(ending, "/"),
        "/papers/": ItemFeed(ending, "/papers/", papers.title, [newest(papers)]),
        "/polls/": ItemFeed(ending, "/polls/", "Reader Polls", [newest(section("polls"))]),
        "/topics/small/": ItemFeed(
            ending, "/topics/small/", "Small", [newest(kind, topics=topic) for kind in sections()]
        ),
        "/authors/lukasz/": ItemFeed(ending, "/authors/lukasz/", "Łukasz", [newest(papers, authors=author)]),
    }


PAGES = ["/", "/papers/", "/polls/", "/topics/small/", "/authors/lukasz/"]


def when(parsed: Any) -> datetime:
    return datetime(*parsed[:6], tzinfo=UTC)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("ending", ["atom", "rss"])
def test_feedparser_gets_every_item_complete(client: Client, page: str, ending: str) -> None:
    answer = client.get(f"{page}feed.{ending}")
    feed = feedparser.parse(
        answer.content,
        response_headers={"content-type": answer["Content-Type"]},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    source = sources(ending)[page]
    assert (feed.bozo, feed.version) == (0, {"atom": "atom10", "rss": "rss20"}[ending])
    assert (feed.feed.title, feed.feed.link) == (source.title, SITE + page)
    expected = [
        {
            "title": source.item_title(item),
            "link": f"{SITE}{item.path}",
            "id": item.row.uuid.urn,
            "authors": ["Edith", "Paula"],
            "published": item.published.replace(microsecond=0),
            "updated": item.updated.replace(microsecond=0),
            "content": item.content.strip(),  # as feedparser does
            "tags": list(item.topics),
        }
        for item in source.items()
    ]
    authors = [author.name for author in feed.feed.get("authors", []) if author] if ending == "atom" else None
    found = [
        {
            "title": entry.title,
            "link": entry.link,
            "id": entry.id,
            "authors": authors or [author.name for author in entry.authors],
            "published": when(entry.published_parsed),
            "updated": when(entry.updated_parsed),
            "content": entry.content[0].value,
            "tags": [each.term for each in entry.get("tags", [])],
        }
        for entry in feed.entries
    ]
    assert (found, len(found) > 0) == (expected, True)


@pytest.mark.parametrize("page", ["/", "/papers/", "/topics/small/", "/authors/lukasz/"])
def test_every_address_in_a_text_is_a_whole_one(client: Client, page: str) -> None:
    items = client.get(f"{page}feed.json").json()["items"]
    found = [address for item in items for address in re.findall(r'(?:href|src)="([^"]*)"', item["content_html"])]
    within = [address for address in found if not re.match("https?://[a-z.]+/", address)]
    # Notes and headings lead to their place in the same text.
    assert [address for address in within if not address.startswith("#")] == []
    assert {f"{SITE}/issues/1/", f"{SITE}/media/images/picture.png"} <= set(found)


WHOLE = re.compile(r"https?://[^\s/]+/\S*")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
# https://www.jsonfeed.org/version/1.1/: what each object may hold.
FEED = {
    *("version", "title", "home_page_url", "feed_url", "description", "user_comment", "next_url", "icon", "favicon"),
    *("authors", "language", "expired", "hubs", "items"),
}
ITEM = {
    *("id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image"),
    *("date_published", "date_modified", "authors", "tags", "language", "attachments"),
}


def faults(feed: dict[str, Any]) -> list[str]:
    """Where a JSON Feed breaks the rules of version 1.1."""
    found = [f"feed: {key}" for key in feed.keys() - FEED]
    if feed["version"] != "https://jsonfeed.org/version/1.1":
        found.append("version")
    found += [key for key in ("title", "description", "language") if not (isinstance(feed[key], str) and feed[key])]
    found += [key for key in ("home_page_url", "feed_url") if not WHOLE.fullmatch(feed[key])]
    found += [f"hub: {hub}" for hub in feed.get("hubs", []) if hub.keys() != {"type", "url"}]
    authors = [*feed["authors"], *(author for item in feed["items"] for author in item.get("authors", []))]
    found += [f"author: {each}" for each in authors if not each or each.keys() - {"name", "url", "avatar"}]
    ids = [item["id"] for item in feed["items"]]
    if len(set(ids)) < len(ids):
        found.append("an id twice")
    for item in feed["items"]:
        name = item["id"]
        found += [f"{name}: {key}" for key in item.keys() - ITEM]
        if not (isinstance(name, str) and name):
            found.append(f"id: {name!r}")
        if not any(isinstance(item.get(key), str) for key in ("content_html", "content_text")):
            found.append(f"{name}: no content")
        found += [f"{name}: {key}" for key in ("date_published", "date_modified") if not MOMENT.fullmatch(item[key])]
        if not WHOLE.fullmatch(item["url"]) or not all(isinstance(each, str) for each in item["tags"]):
            found.append(f"{name}: url or tags")
    return found


@pytest.mark.parametrize("hub", ["", "https://hub.example/"])
@pytest.mark.parametrize("page", PAGES)
def test_json_feed_keeps_the_rules_and_is_complete(client: Client, settings: Settings, page: str, hub: str) -> None:
    settings.WEBSUB_HUB = hub
    answer = client.get(f"{page}feed.json")
    feed = answer.json()
    assert (answer["Content-Type"], faults(feed)) == ("application/feed+json; charset=utf-8", [])
    assert [(item["title"], item["content_html"]) for item in feed["items"]] == [
        (item.title, item.content) for item in sources("json")[page].items()
    ]


def test_a_broken_json_feed_would_be_noticed(client: Client) -> None:
    feed = client.get("/feed.json").json()
    item = feed["items"][0]
    item |= {"id": "", "url": "/issues/2/", "date_published": str(timezone.now()), "foo": 1}
    del item["content_html"]
    assert sorted(faults(feed | {"authors": [{}], "bar": 1})) == [
        ": date_published",
        ": foo",
        ": no content",
        ": url or tags",
        "author: {}",
        "feed: bar",
        "id: ''",
    ]
