import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from tests.factories import make_author, make_image, make_issue, make_news, make_paper, picture, tag
from tests.thirdkind.models import Poll
from timeline.models import Issue, Publication
from timeline.share_images import Card

pytestmark = pytest.mark.django_db

SITE = "https://site.example"
PERIODICAL = {"@type": "Periodical", "name": "The AI Timeline", "url": f"{SITE}/"}
EDITORS = [{"@type": "Person", "name": "Edith", "url": f"{SITE}/"}]
ISSUE = {
    "@type": "PublicationIssue",
    "name": "AI & </script>",
    "url": f"{SITE}/issues/2/",
    "issueNumber": "2",
    "isPartOf": PERIODICAL,
}
ADA = {"@type": "Person", "name": "Ada", "url": f"{SITE}/authors/ada/"}


class HeadOf(HTMLParser):
    """Links by what they are, properties of Open Graph, and the JSON-LD of a page."""

    def __init__(self, client: Client, url: str) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.og: dict[str, str | None] = {}
        self.scripts: list[str] = []
        self.in_script = False
        self.feed(client.get(url).content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link":
            self.links.append(values)
        if tag == "meta" and (values.get("property") or "").startswith("og:"):
            self.og[str(values["property"])] = values["content"]
        if values.get("type") == "application/ld+json":
            self.scripts.append("")
            self.in_script = True

    def handle_data(self, data: str) -> None:
        if self.in_script:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def addresses(self, rel: str, media_type: str | None = None) -> list[str]:
        return [
            str(link["href"]).removeprefix(SITE)
            for link in self.links
            if link["rel"] == rel and link.get("type") == media_type
        ]

    @property
    def json_ld(self) -> dict[str, Any]:
        (script,) = self.scripts
        data = json.loads(script)
        assert data.pop("@context") == "https://schema.org"
        return data


@pytest.fixture(scope="module")
def rows(shared_rows: None) -> None:
    Publication(editors="Edith").save()
    issue = make_issue(number=2, title="AI & </script>", tagline="Explained", at=datetime(2023, 11, 27, tzinfo=UTC))
    author = make_author("Ada", links="Home https://ada.example", orcid="0000-0002-1825-0097")
    paper = make_paper(
        issue,
        slug="orca",
        title="Orca 2",
        authors=["Ada"],
        arxiv_id="2311.11045",
        arxiv_version=2,
        doi="10.48550/arXiv.2311.11045",
        date="2023-11-18",
        lead_image=make_image("whale", file=picture(), width=40, height=30, alt="A whale"),
    )
    tag(paper, "Small")
    news = make_news(issue, slug="claude", title="Claude", organisation="Anthropic", source_url="https://a.example/x")
    poll = Poll.objects.create(issue=issue, slug="poll", title="Poll")
    for row in (issue, paper, news, poll):
        type(row).objects.filter(pk=row.pk).update(updated_at=datetime(2024, 1, 1, tzinfo=UTC))
    assert author.slug == "ada"


@pytest.fixture(autouse=True)
def issue(settings: Settings, rows: None) -> Issue:
    settings.SITE_URL = SITE
    return Issue.objects.get()


ADDRESSES = {  # of a page: the one that it names as its own
    "/": "/",
    "/?utm_source=x": "/",
    "/issues/": "/issues/",
    "/issues/page/1/": "/issues/",
    "/issues/page/2/": "/issues/page/2/",
    "/issues/page/02/": "/issues/page/2/",
    "/issues/002/": "/issues/2/",
    "/papers/": "/papers/",
    "/papers/page/1/": "/papers/",
    "/papers/orca/": "/papers/orca/",
    "/polls/poll/": "/polls/poll/",
    "/authors/": "/authors/",
    "/authors/page/1/": "/authors/",
    "/authors/ada/": "/authors/ada/",
    "/topics/small/": "/topics/small/",
    "/contact/reply/": "/contact/reply/",
}


def test_every_page_has_one_address(client: Client) -> None:
    Publication.objects.update(reply_address="reply@example.org")
    for _ in range(50):
        make_issue()
    heads = {url: HeadOf(client, url) for url in ADDRESSES}
    told = {url: (head.addresses("canonical"), head.og["og:url"], head.json_ld["url"]) for url, head in heads.items()}
    assert told == {url: ([own], SITE + own, SITE + own) for url, own in ADDRESSES.items()}


@pytest.mark.parametrize(
    ("url", "feeds", "twin"),
    [
        ("/", ["/feed"], []),
        ("/issues/2/", ["/feed"], ["/issues/2.md"]),
        ("/papers/", ["/papers/feed", "/feed"], []),
        ("/papers/orca/", ["/papers/feed", "/feed"], ["/papers/orca.md"]),
        ("/polls/poll/", ["/polls/feed", "/feed"], ["/polls/poll.md"]),
        ("/authors/ada/", ["/authors/ada/feed", "/feed"], ["/authors/ada.md"]),
        ("/topics/small/", ["/topics/small/feed", "/feed"], ["/topics/small.md"]),
    ],
)
def test_page_names_its_feeds_and_its_twin_and_they_are_there(
    client: Client, url: str, feeds: list[str], twin: list[str]
) -> None:
    head = HeadOf(client, url)
    found = {
        ending: head.addresses("alternate", media_type)
        for ending, media_type in (
            ("atom", "application/atom+xml"),
            ("rss", "application/rss+xml"),
            ("json", "application/feed+json"),
        )
    }
    assert found == {ending: [f"{feed}.{ending}" for feed in feeds] for ending in found}
    assert head.addresses("alternate", "text/markdown") == twin
    assert {
        client.get(path).status_code for path in [*twin, *(path for paths in found.values() for path in paths)]
    } == {200}


def test_feeds_are_named_after_what_is_in_them(client: Client) -> None:
    titles = {link["title"] for link in HeadOf(client, "/papers/orca/").links if link.get("title")}
    assert titles == {"The AI Timeline", "Research Papers | The AI Timeline"}


SHARED = {"og:image:type": "image/png", "og:image:width": "1200", "og:image:height": "630"}


def test_open_graph_describes_the_page_and_the_picture_drawn_for_it(client: Client) -> None:
    paper = Card(
        "The AI Timeline",
        "Orca 2",
        label="Research Papers",
        number=2,
        year=2023,
        is_item=True,
        authors=("Ada",),
    )
    assert HeadOf(client, "/papers/orca/").og == {
        "og:site_name": "The AI Timeline",
        "og:title": "Orca 2",
        "og:description": "Orca 2, explained simply by The AI Timeline.",
        "og:type": "article",
        "og:url": f"{SITE}/papers/orca/",
        "og:image": f"{SITE}/papers/orca/share-{paper.digest}.png",
        "og:image:alt": "Research Papers: Orca 2",
        **SHARED,
    }
    name = Card("The AI Timeline", "The AI Timeline", "Latest AI Research Explained Simply")
    assert HeadOf(client, "/authors/ada/").og == {
        "og:site_name": "The AI Timeline",
        "og:title": "Ada",
        "og:description": "What The AI Timeline has explained of Ada’s work.",
        "og:type": "profile",
        "og:url": f"{SITE}/authors/ada/",
        "og:image": f"{SITE}/share-{name.digest}.png",
        "og:image:alt": "The AI Timeline. Latest AI Research Explained Simply",
        **SHARED,
    }


def test_awaited_picture_is_not_offered(client: Client, issue: Issue) -> None:
    issue.cover = make_image("awaited")
    issue.save()
    head = HeadOf(client, "/issues/2/")
    assert head.json_ld["image"] == head.og["og:image"]


def test_json_ld_shows_the_still_of_a_film(client: Client, issue: Issue) -> None:
    issue.cover = make_image("film", file=picture(name="film.mp4"), poster=picture(name="still.png"))
    issue.save()
    assert HeadOf(client, "/issues/2/").json_ld["image"] == f"{SITE}/media/images/still.png"


def test_json_ld_of_an_issue(client: Client) -> None:
    head = HeadOf(client, "/issues/2/")
    assert head.json_ld == {
        "image": head.og["og:image"],
        **ISSUE,
        "description": "Explained",
        "datePublished": "2023-11-27T00:00:00Z",
        "dateModified": "2024-01-01T00:00:00Z",
        "author": EDITORS,
    }


ITEM = {
    "datePublished": "2023-11-27T00:00:00Z",
    "dateModified": "2024-01-01T00:00:00Z",
    "author": EDITORS,
    "publisher": {"@type": "Organization", "name": "The AI Timeline", "url": f"{SITE}/"},
    "isPartOf": ISSUE,
}


def test_json_ld_of_a_paper_tells_the_summary_from_the_paper(client: Client) -> None:
    assert HeadOf(client, "/papers/orca/").json_ld == {
        **ITEM,
        "@type": "Article",
        "name": "Orca 2",
        "headline": "Orca 2",
        "url": f"{SITE}/papers/orca/",
        "description": "Orca 2, explained simply by The AI Timeline.",
        "image": f"{SITE}/media/images/picture.png",
        "keywords": ["Small"],
        "about": {
            "@type": "ScholarlyArticle",
            "name": "Orca 2",
            "author": [ADA],
            "datePublished": "2023-11-18",
            "sameAs": ["https://arxiv.org/abs/2311.11045", "https://doi.org/10.48550/arXiv.2311.11045"],
        },
    }


def test_json_ld_of_news(client: Client) -> None:
    head = HeadOf(client, "/news/claude/")
    assert head.json_ld == {
        "image": head.og["og:image"],
        **ITEM,
        "@type": "NewsArticle",
        "name": "Claude",
        "headline": "Claude",
        "url": f"{SITE}/news/claude/",
        "description": "Claude, explained simply by The AI Timeline.",
        "about": {"@type": "Organization", "name": "Anthropic"},
        "citation": "https://a.example/x",
    }


def test_json_ld_of_a_third_kind_needs_no_code(client: Client) -> None:
    head = HeadOf(client, "/polls/poll/")
    assert head.json_ld == {
        "image": head.og["og:image"],
        **ITEM,
        "@type": "Article",
        "name": "Poll",
        "headline": "Poll",
        "url": f"{SITE}/polls/poll/",
        "description": "Poll, explained simply by The AI Timeline.",
    }


def test_json_ld_of_an_author(client: Client) -> None:
    data = HeadOf(client, "/authors/ada/").json_ld
    assert (data["@type"], data["mainEntity"]) == (
        "ProfilePage",
        {**ADA, "sameAs": ["https://orcid.org/0000-0002-1825-0097", "https://ada.example"]},
    )


@pytest.mark.parametrize("url", ["/issues/", "/papers/", "/authors/", "/topics/small/"])
def test_lists_are_collection_pages(client: Client, url: str) -> None:
    assert HeadOf(client, url).json_ld["@type"] == "CollectionPage"


def test_nothing_in_json_ld_closes_its_element(client: Client) -> None:
    hostile = "</script><!--<script>evil()&amp;\u2028"
    Issue.objects.update(title=hostile, tagline=hostile)
    (script,) = HeadOf(client, "/issues/2/").scripts
    assert ([char for char in "<>&\u2028" if char in script], json.loads(script)["name"]) == ([], hostile)
