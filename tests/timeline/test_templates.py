"""What could break in the templates without anybody noticing."""

import gzip
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template import engines
from django.template.loader import render_to_string
from django.test import Client, override_settings

from boards.board import PairCard
from boards.models import ScoreCard
from boards.views import BenchmarkCard
from tests.factories import make_image, make_issue, make_news, make_paper, tag
from timeline.chronology import Stop, Way
from timeline.glossary_pages import TermCard
from timeline.models import Issue, Publication
from timeline.models.catalogue import Card
from timeline.models.content import IssueCard, ItemCard
from timeline.sections import Line, render_issue

BODY = "# Overview\n\nText.[^1]\n\n### Deep\n\n# Results\n\n::: takeaways\nIt works.\n:::\n\n[^1]: A footnote."


class Outline(HTMLParser):
    """Headings as (level, text that is not hidden from a screen reader), ids, links and attributes of a page."""

    VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "wbr", "source"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[tuple[int, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[tuple[str, bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.attributes |= set(values)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(values.get("href") or "")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag not in self.VOID:
            self.open.append((tag, values.get("aria-hidden") == "true"))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if any(re.fullmatch("h[1-6]", tag) for tag, _ in self.open) and not any(hidden for _, hidden in self.open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, " ".join(f"{text} {data}".split()))


@pytest.fixture
def issue(db: None) -> Issue:
    Publication(support_link="https://support.example", reply_address="a@b.example").save()
    issue = make_issue(
        number=2, title="AI & Reason", introduction="# Hello\n\nReader.", at=datetime(2023, 11, 27, tzinfo=UTC)
    )
    paper = make_paper(
        issue,
        emoji="🐳",
        title="Orca 2: Teaching",
        short_title="Orca 2",
        slug="orca",
        authors=["Zoë", "Ada"],
        body=BODY,
        arxiv_id="2311.11045",
        lead_image=make_image("whale", caption="A whale"),
    )
    tag(paper, "Reasoning")
    make_news(issue, emoji="📝", title="Claude 2.1", body=BODY, slug="claude")
    return issue


def outline(client: Client, url: str) -> Outline:
    return Outline(client.get(url).content.decode())


def test_issue_page_has_one_outline_without_gaps_and_without_emoji(client: Client, issue: Issue) -> None:
    # “#” is the permalink of a heading in a text.
    body = [(4, "Overview #"), (5, "Deep #"), (4, "Results #")]
    assert outline(client, "/issues/2/").headings == [
        (1, "AI & Reason"),
        (2, "In this issue"),
        (2, "Hello #"),
        (2, "Research Papers"),
        (3, "Orca 2: Teaching"),
        *body,
        (2, "Industry News"),
        (3, "Claude 2.1"),
        *body,
    ]


def test_item_page_has_one_outline_without_gaps_and_without_emoji(client: Client, issue: Issue) -> None:
    assert outline(client, "/papers/orca/").headings == [
        (1, "Orca 2: Teaching"),
        (2, "On this page"),
        (2, "Overview #"),
        (3, "Deep #"),
        (2, "Results #"),
    ]


@pytest.mark.parametrize("url", ["/", "/issues/2/", "/papers/orca/", "/news/claude/"])
def test_links_within_a_page_lead_to_an_id_that_is_there_once(client: Client, issue: Issue, url: str) -> None:
    page = outline(client, url)
    targets = {link[1:] for link in page.links if link.startswith("#")}
    assert (targets - set(page.ids), len(page.ids) - len(set(page.ids))) == (set(), 0)


def test_contents_on_the_home_page_lead_to_ids_of_the_issue_page(client: Client, issue: Issue) -> None:
    targets = {link.partition("#")[2] for link in outline(client, "/").links if link.startswith("/issues/2/#")}
    assert targets == {"papers-orca", "news-claude"}
    assert targets <= set(outline(client, "/issues/2/").ids)


def test_ids_of_an_item_are_the_same_on_both_its_pages(client: Client, issue: Issue) -> None:
    here, there = (
        {name for name in outline(client, url).ids if name.startswith("papers-orca")}
        for url in ("/issues/2/", "/papers/orca/")
    )
    assert here == there
    assert {"papers-orca", "papers-orca-overview", "papers-orca-deep", "papers-orca-results"} <= here


@pytest.mark.parametrize(
    "url",
    [
        "",
        "issues/",
        "issues/2/",
        "papers/",
        "papers/orca/",
        "news/",
        "news/claude/",
        "authors/",
        "authors/ada/",
        "topics/reasoning/",
        "contact/reply/",
        "nowhere/",
    ],
)
def test_pages_have_one_h1_a_title_and_no_inline_style_nor_script_nor_empty_link(
    client: Client, issue: Issue, url: str
) -> None:
    html = client.get(f"/{url}").content.decode()
    page = Outline(html)
    ours = r'(?:type="module" )?(?:fetchpriority="low" )?src="/static/'
    inline_scripts = re.findall(rf'<script(?! {ours}| type="application/ld\+json")', html)
    assert ("style" in page.attributes, "<style" in html, inline_scripts) == (False, False, [])
    assert "" not in page.links
    assert [level for level, _ in page.headings].count(1) == 1
    assert html.count("<title>") == 1 and not re.search(r"<title>\s*(\||</title>)", html)


def test_lead_image_shows_its_own_caption_in_every_medium(client: Client, issue: Issue) -> None:
    pages = [
        client.get("/papers/orca/").content.decode(),
        *(render_issue(issue, m) for m in ("html", "email.html", "txt")),
    ]
    assert [page.count("A whale") for page in pages] == [1] * 4


def test_letter_holds_addresses_that_work_outside_the_site(issue: Issue) -> None:
    with override_settings(SITE_URL="https://site.example"):
        page = Outline(render_issue(issue, "email.html"))
        text = render_issue(issue, "txt")
    assert [link for link in page.links if not link.startswith(("https://", "http://", "#"))] == []
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert re.findall(r"https://site\.example/papers/\S*", text) == ["https://site.example/papers/orca/"]


def test_text_is_plain_and_tidy(issue: Issue) -> None:
    text = render_issue(issue, "txt")
    assert ("AI & Reason" in text, "Zoë, Ada\n" in text) == (True, True)
    assert re.findall(r"&\w+;|<[a-zA-Z/!][^>]*>|\n{4,}|[ \t]+\n", text) == []


def test_dates_and_volumes_are_those_of_the_publication(client: Client, db: None) -> None:
    Publication(time_zone="Asia/Tokyo").save()
    make_paper(make_issue(number=1, at=datetime(2023, 12, 31, 23, 30, tzinfo=UTC)), slug="orca")
    for url in ("/", "/issues/", "/issues/1/", "/papers/", "/papers/orca/"):
        html = client.get(url).content.decode()
        assert (set(re.findall(r'data-volume="(\d*)"', html)), "31 Dec" in html) == ({"2024"}, False), url


def test_issue_without_items_has_no_empty_contents(client: Client, db: None) -> None:
    make_issue(number=1, title="Quiet")
    html = client.get("/issues/1/").content.decode()
    assert ("Contents" in html, "In this issue" in html, "Quiet" in html) == (False, False, True)


def test_unsafe_support_link_is_left_out_with_its_text(client: Client, issue: Issue) -> None:
    Publication.objects.update(support_link="javascript:evil()", support_text="Support the work")
    assert "Support the work" not in client.get("/issues/2/").content.decode() + render_issue(issue, "email.html")


def test_first_page_of_a_list_has_one_address(client: Client, db: None) -> None:
    for _ in range(51):
        make_issue()
    links = outline(client, "/issues/page/2/").links
    assert ("/issues/" in links, "/issues/page/1/" in links) == (True, False)


@pytest.mark.parametrize("name", ["404.html", "500.html"])
def test_pages_of_errors_need_neither_context_nor_database(name: str) -> None:
    """Without the mark `django_db` a query would fail."""
    page = Outline(render_to_string(name))
    assert ([level for level, _ in page.headings], "/" in page.links) == ([1], True)


def test_what_a_page_loads_before_it_shows_stays_small(client: Client, issue: Issue) -> None:
    html = client.get("/issues/2/").content
    sheets = re.findall(rb'<link rel="stylesheet" href="/static/([^"]*)"', html)
    files = [(Path(settings.BASE_DIR) / "static" / name.decode()).read_bytes() for name in sheets]
    assert sum(len(gzip.compress(text)) for text in [html, *files]) < 30_000


def test_in_production_every_module_is_imported_by_a_name_that_changes_with_it(tmp_path: Path) -> None:
    storage = {"BACKEND": "timeline.storage.StaticFiles"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES={**settings.STORAGES, "staticfiles": storage}):
        call_command("collectstatic", interactive=False, verbosity=0)
    imported = {
        name
        for script in tmp_path.glob("js/*.*.js")
        for name in re.findall(r'^import .* from "\./(.*)";$', script.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert imported and all(re.fullmatch(r"[-\w]+\.[0-9a-f]{8}\.js", name) for name in imported)
    assert all((tmp_path / "js" / name).is_file() for name in imported)


@pytest.mark.parametrize("field", Card._fields)
def test_cards_that_differ_in_anything_are_two(field: str) -> None:
    """What was rendered of a card is kept: by another one it must not be taken for its own."""
    day = date(2024, 1, 12)
    card = Card("papers", "/papers/orca/", "🐋", "Orca", ("Ada",), day, True, 3, 2, "Think")
    other = {"date": day.replace(day=13), "is_dated": False, "byline": ("Ada", "Bob"), "minutes": 4, "issue": 3}
    if field == "issue_tagline":  # which only an issue's own card shows
        card = card._replace(kind="issues")
    changed = card._replace(**{field: other.get(field, "issues" if field == "kind" else "Other")})  # type: ignore[arg-type]

    def shown(one: Card) -> str:
        tag = '{% load timeline %}{% fragment "timeline/entry_stop.html" card=card heading=3 day="j M" motto="T" %}'
        return engines["django"].from_string(tag).render({"card": one})

    assert shown(card) != shown(changed)
    assert shown(card) == shown(Card(*card))


SCORE = ("GPT-4", "86.4%", True, False, "Lab", "https://a.org/")
PLACES = (("/papers/orca/", "🐋", "Orca"),)
CARDS: list[tuple[Any, str]] = [
    (
        IssueCard(2, "Think", "Reason", "/issues/2/", date(2024, 1, 12), "2024-01-12T08:00:00+00:00"),
        '{% fragments "timeline/issue_stop.html" rows heading=3 motto="" %}',
    ),
    (
        TermCard("LCM", "/glossary/lcm/", "Latent", "It draws.", 2, PLACES),
        '{% fragments "timeline/term_card.html" rows %}',
    ),
    (Way("Agents", 3, "/timeline/topics/agents/", False), '{% fragment "timeline/choices.html" ways=rows %}'),
    (
        BenchmarkCard("MMLU", "/benchmarks/mmlu/", 7, 3, date(2024, 1, 12)),
        '{% fragments "boards/benchmark_row.html" rows %}',
    ),
    (
        ScoreCard(*SCORE, "/papers/orca/", "🐋", "Orca", date(2024, 1, 12), 2),
        '{% fragments "boards/score.html" rows %}',
    ),
    (
        PairCard("GPT-4", "86%", "5-shot", "81%", "0-shot", "", "Lab", "https://a.org/", "/papers/orca/", "Orca"),
        '{% fragments "boards/pair.html" rows %}',
    ),
]


@pytest.mark.parametrize(("card", "tag"), CARDS, ids=lambda each: type(each).__name__)
def test_all_that_a_fragment_is_given_is_shown(card: Any, tag: str) -> None:
    """Of two that differ in anything none is taken for the other, and nothing is read that nobody sees."""

    def shown(one: Any) -> str:
        # Of a score without a source the page names what tells of it.
        rows = (one, one._replace(source="")) if "source" in one._fields else (one,)
        return engines["django"].from_string(f"{{% load timeline %}}{tag}").render({"rows": rows})

    def other(value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        return {str: "https://other/", int: 4, date: date(2025, 2, 3), tuple: ()}[type(value)]

    alike = [
        field for field, value in card._asdict().items() if shown(card._replace(**{field: other(value)})) == shown(card)
    ]
    assert alike == []
    assert shown(card) == shown(type(card)(*card))


def test_half_a_character_is_no_error() -> None:
    """As the title of a draft may have it, which is previewed and which no database takes."""
    tag = '{% load timeline %}{% fragment "timeline/choices.html" ways=ways %}'
    html = engines["django"].from_string(tag).render({"ways": (Way("\ud83d", 1, "/", False),)})
    assert "\ud83d" in html


def test_each_stop_stands_below_the_days_before_it() -> None:
    card = Card("papers", "/papers/orca/", "🐋", "Orca", (), date(2024, 1, 12), True, 3, 2, "Think")
    stops = [Stop(card, 3), Stop(card._replace(title="Beluga"), 0), Stop(card._replace(title="Narwhal"), 20)]
    tag = '{% load timeline %}{% stops line heading=4 motto="" day="D j" %}'
    html = engines["django"].from_string(tag).render({"line": stops})
    assert re.findall(r'class="days (n\d+[^"]*)"|<h4><a [^>]*>([^<]*)</a></h4>', html) == [
        ("n3", ""),
        ("", "Orca"),
        ("", "Beluga"),
        ("n14 shortened", ""),
        ("", "Narwhal"),
    ]


@pytest.mark.parametrize("field", ItemCard._fields)
def test_items_that_differ_in_anything_are_two(field: str) -> None:
    day, author, topic = date(2024, 1, 12), (("/authors/ada/", "Ada"),), (("/topics/agents/", "Agents"),)
    link = (("Code", "https://example.org/"),)
    card = ItemCard("papers", "🐋", "Orca", "/papers/orca/", "papers-orca", author, day, link, topic)
    other = {"byline": topic, "date": day.replace(day=13), "links": (), "topics": author}
    changed = card._replace(**{field: other.get(field, "Other")})  # type: ignore[arg-type]

    def shown(one: ItemCard) -> str:
        context = {"items": [SimpleNamespace(card=one, body="")], "level": 3}
        return engines["django"].get_template("papers/section.html").render(context)

    assert shown(card) != shown(changed)
    assert shown(card) == shown(ItemCard(*card))


@pytest.mark.parametrize("field", Line._fields)
def test_lines_of_contents_that_differ_in_anything_are_two(field: str) -> None:
    line = Line("papers", "🐋", "papers-orca", "Orca", 3)
    changed = line._replace(**{field: 4 if field == "minutes" else "Other"})  # type: ignore[arg-type]

    def shown(*lines: Line) -> str:
        tag = '{% load timeline %}{% fragment "timeline/contents.html" contents=contents base="" %}'
        return engines["django"].from_string(tag).render({"contents": (("Papers", lines),)})

    assert len({shown(line), shown(changed), shown(line, changed), shown(changed, line)}) == 4
    assert shown(line) == shown(Line(*line))


def test_fragment_sees_nothing_but_its_values() -> None:
    tag = '{% load timeline %}{% fragment "timeline/links.html" other=1 %}'
    assert engines["django"].from_string(tag).render({"links": [("Code", "https://example.org/")]}).strip() == ""


def test_lists_of_issues_follow_the_time_zone_and_every_change(client: Client, db: None) -> None:
    issue = make_issue(number=2, title="Think", at=datetime(2024, 12, 31, 23, 30, tzinfo=UTC))
    Publication(time_zone="UTC").save()
    assert b"31 Dec 2024" in client.get("/issues/").content
    Publication.objects.update(time_zone="Asia/Tokyo")
    Issue.objects.filter(pk=issue.pk).update(title="Reason")
    page = client.get("/issues/").content.decode()
    assert ("1 Jan 2025" in page, "2025-01-01T08:30:00+09:00" in page, "Reason" in page, "Think<" in page) == (
        True,
        True,
        True,
        False,
    )
