import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_issue, make_news, make_paper, tag
from timeline.models import Issue, Topic
from timeline.publishing import withdraw
from timeline.sitemaps import SiteMap

pytestmark = pytest.mark.django_db

SITE = "https://site.example"
NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.SITE_URL = SITE


@pytest.fixture
def issue() -> Issue:
    issue = make_issue(number=2, at=datetime(2023, 11, 27, tzinfo=UTC))
    paper = make_paper(issue, slug="orca", authors=["Ada"])
    tag(paper, "Small")
    news = make_news(issue, slug="claude")
    for row, year in ((issue, 2023), (paper, 2024), (news, 2023)):
        type(row).objects.filter(pk=row.pk).update(updated_at=datetime(year, 1, 1, tzinfo=UTC))
    return issue


def addresses(client: Client, url: str) -> dict[str, str | None]:
    """Where the files or pages in a sitemap are, and when they changed."""
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    return {
        (each.findtext(f"{NAMESPACE}loc") or "").removeprefix(SITE): each.findtext(f"{NAMESPACE}lastmod")
        for each in ElementTree.fromstring(answer.content)
    }


def everything(client: Client) -> dict[str, str | None]:
    files = addresses(client, "/sitemap.xml")
    return {path: changed for file in files for path, changed in addresses(client, file).items()}


def test_sitemap_holds_every_public_page_and_when_it_changed(client: Client, issue: Issue) -> None:
    assert list(addresses(client, "/sitemap.xml")) == [
        "/sitemap-lists-1.xml",
        "/sitemap-issues-1.xml",
        "/sitemap-papers-1.xml",
        "/sitemap-news-1.xml",
        "/sitemap-topics-1.xml",
        "/sitemap-authors-1.xml",
    ]
    lists = ["/", "/issues/", "/timeline/", "/api/", "/authors/", "/glossary/", "/benchmarks/"]
    lists += ["/papers/", "/news/", "/polls/"]
    pages = everything(client)
    assert pages == dict.fromkeys(lists) | {
        "/issues/2/": "2023-11-27T00:00:00+00:00",
        "/papers/orca/": "2024-01-01T00:00:00+00:00",
        "/news/claude/": "2023-11-27T00:00:00+00:00",
        "/topics/small/": None,
        "/authors/ada/": None,
    }
    assert {client.get(path).status_code for path in pages} == {200}


@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn", "shelf"])
def test_what_is_not_published_is_in_no_sitemap(client: Client, issue: Issue, state: str) -> None:
    before = everything(client)
    hidden = make_issue(
        published=state == "withdrawn", at=timezone.now() + timedelta(1) if state == "scheduled" else None
    )
    paper = make_paper(None if state == "shelf" else hidden, authors=["Hidden"])
    tag(paper, "Hidden")
    if state == "withdrawn":
        withdraw(hidden)
    if state == "shelf":
        hidden.delete()
    assert everything(client) == before


def test_sitemaps_keep_the_rules_of_sitemaps_org(client: Client, issue: Issue) -> None:
    make_paper(issue, slug="x", title="Ampersands & <brackets>")
    for file in addresses(client, "/sitemap.xml"):
        urls = list(ElementTree.fromstring(client.get(file).content))
        places = [url.findtext(f"{NAMESPACE}loc") or "" for url in urls]
        assert (len(set(places)), {place[: len(SITE) + 1] for place in places}) == (len(urls), {f"{SITE}/"})
        assert {child.tag.removeprefix(NAMESPACE) for url in urls for child in url} <= {"loc", "lastmod"}
        dates = [date for url in urls if (date := url.findtext(f"{NAMESPACE}lastmod"))]
        assert [
            date for date in dates if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.]\d+)?[+]00:00", date)
        ] == []
    assert SiteMap.limit == 50_000


def test_long_sitemap_is_split_in_its_path(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SiteMap, "limit", 2)
    for number in (1, 2, 3):
        make_issue(number=number)
    files = [file for file in addresses(client, "/sitemap.xml") if "issues" in file]
    assert [list(addresses(client, file)) for file in files] == [["/issues/3/", "/issues/2/"], ["/issues/1/"]]


def test_unknown_and_empty_sitemaps_are_not_found(client: Client) -> None:
    urls = ["sitemap-movies-1.xml", "sitemap-lists-0.xml", "sitemap-lists-99999999999.xml", "sitemap-issues-1.xml"]
    assert [client.get(f"/{url}").status_code for url in urls] == [404] * 4


def test_robots_txt_names_the_sitemap_and_what_is_not_for_robots(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert (answer["Content-Type"], answer.content.decode()) == (
        "text/plain; charset=utf-8",
        f"User-agent: *\nDisallow: /admin/\nDisallow: /contact/\n\nSitemap: {SITE}/sitemap.xml\n",
    )


@pytest.mark.parametrize(
    ("url", "queries"),
    [
        ("/sitemap.xml", 9),
        ("/sitemap-issues-1.xml", 2),
        ("/sitemap-papers-1.xml", 2),
        ("/sitemap-topics-1.xml", 2),
        ("/sitemap-authors-1.xml", 2),
        ("/robots.txt", 0),
    ],
)
def test_sitemaps_need_a_fixed_number_of_queries(
    client: Client, issue: Issue, url: str, queries: int, django_assert_num_queries
) -> None:
    for _ in range(3):
        tag(make_paper(make_issue(), authors=["Ada", "Bob"]), Topic.objects.get().name)
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200
