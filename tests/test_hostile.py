"""Hostile text in every field of every model, then every page: nothing of it may run."""

import re
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.apps import apps
from django.db import models
from django.test import Client
from django.urls import reverse

from boards.models import Benchmark, MeasuredModel, Measurement
from news.models import NewsAuthorship
from papers.models import Author, Authorship, Spelling
from tests.factories import make_image, make_issue, make_news, make_paper, make_term, tag
from tests.thirdkind.models import Poll
from timeline import derived
from timeline.history import current, record, versions
from timeline.models import Content, CorrectedRow, Correction, Image, Issue, Item, Publication, Topic, User, Version
from timeline.pending import hold
from timeline.sections import render_issue

pytestmark = pytest.mark.django_db

HOSTILE = """"'><script>evil()</script><img src=x onerror=evil()><svg/onload=evil()><a href="javascript:evil()">x</a>\
</title></textarea></style>{{ evil }}{% evil %}"""
MARKDOWN = (
    HOSTILE + "\n\n[x](javascript:evil()) ![x](javascript:evil()) <javascript:evil()> "
    "[y]( &#x6A;avascript:evil())\n\n"
    '# H <script>evil()</script>\n\n![a"onerror=evil()](media:hostile "t\'\\"><script>evil()</script>")\n\n'
    "::: note <script>evil()</script>\nx\n:::\n\n```<script>\n<script>evil()</script>\n```\n\n"
    "$\\text{<script>evil()</script>}$\n\n"
    "|a|\n|-|\n|<script>evil()</script>|\n\n[^<script>]: <script>evil()</script>\n"
)


class Runs(HTMLParser):
    """Everything in a page that a browser would run and that is not a script of ours."""

    URLS = {"href", "src", "action", "formaction", "xlink:href", "srcset", "data", "poster"}

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.in_data = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: (value or "").strip() for name, value in attrs}
        if (
            tag == "script"
            and not values.get("src", "").startswith(("/static/", "/admin/jsi18n/"))
            and values.get("type") not in {"application/json", "application/ld+json"}
        ):
            self.found.append(f"<script {values}>")
        self.in_data = tag == "script" and values.get("type") == "application/ld+json"
        ours = values.get("src", "").startswith("/admin/") or values.get("name") == "form-preview"
        if tag in {"object", "embed", "base"} or (tag == "iframe" and (not ours or "srcdoc" in values)):
            self.found.append(f"<{tag}>")
        for name, value in values.items():
            scheme = "".join(char for char in value.lower() if char > " ")
            if name.startswith("on") or (
                name in self.URLS and scheme.startswith(("javascript:", "data:", "vbscript:"))
            ):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "style" and "admin" not in values.get("class", ""):
                self.found.append(f"<{tag} style={value}>")

    def handle_data(self, data: str) -> None:
        """A browser runs no data, but something in it could close its element, or open a comment around the rest."""
        if self.in_data and re.search("[<>&]", data):
            self.found.append(f"data {data}")

    def handle_endtag(self, tag: str) -> None:
        self.in_data = False


def poison(row: models.Model) -> models.Model:
    """Fill every text of `row` behind the back of all validation, as a leaked database or a faulty import would."""
    texts: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if isinstance(field, models.SlugField | models.FileField) or not isinstance(
            field, models.CharField | models.TextField
        ):
            continue
        if field.name in {"time_zone", "model", "action", "password", "email"}:
            continue
        hostile = "javascript:evil()" if isinstance(field, models.URLField) else MARKDOWN
        if field.name in {"links", "social_links"}:
            hostile = (
                "x javascript:evil()\n" + HOSTILE.replace("\n", " ") + " https://a.example/?<script>evil()</script>"
            )
        limit = getattr(field, "max_length", None)
        texts[field.name] = hostile[:limit] if limit else hostile
    if isinstance(row, Publication):
        texts["support_link"] = "javascript:evil()"
    type(row)._base_manager.filter(pk=row.pk).update(**texts)
    row.refresh_from_db()
    return row


@pytest.fixture
def site() -> dict[str, Any]:
    """One row of everything, all of it hostile."""
    image = make_image("hostile")
    issue = make_issue(number=2, cover=image)
    topic = Topic.objects.create(name="Topic", slug="topic")
    author = Author.objects.create(name="Author", slug="author")
    other = Author.objects.create(name="Other", slug="other")
    Spelling.objects.create(author=author, name="Spelling")
    paper = make_paper(issue, slug="paper", lead_image=image)
    news = make_news(issue, slug="news", lead_image=image)
    poll = Poll.objects.create(issue=issue, slug="poll", title="Poll")
    for item in (paper, news):
        tag(item, topic.name)
    for person in (author, other):
        Authorship.objects.create(item=paper, author=person)
        NewsAuthorship.objects.create(item=news, author=person)
    derived.update(paper, news)
    Publication(reply_address="a@b.example", sponsor_contact="c@d.example").save()
    make_paper(issue, body="```scores MMLU\nOrca = 1\n```")
    boards = [Benchmark.objects.get(), MeasuredModel.objects.get(), Measurement.objects.get()]
    rows = [image, issue, topic, author, other, paper, news, poll, Publication.objects.get(), Spelling.objects.get()]
    term = make_term("Term", "evil")  # a word of the hostile texts
    rows += [*boards, term]
    for row in rows:
        poison(row)
    derived.update(term)
    return {"issue": issue, "rows": rows}


def test_every_model_of_content_is_poisoned(site: dict[str, Any]) -> None:
    content = {model for model in apps.get_models() if issubclass(model, Content)}
    assert content - {type(row) for row in site["rows"]} == set()


def test_nothing_runs_on_public_pages(client: Client, site: dict[str, Any]) -> None:
    correction = Correction.objects.create(issue=site["issue"], note=HOSTILE)
    told = [{"label": HOSTILE[:50], "changes": [[HOSTILE, None], [HOSTILE, HOSTILE + "!"]]}]
    CorrectedRow.objects.create(
        correction=correction, object_uuid=site["issue"].uuid, title=HOSTILE[:90], differences=told
    )
    urls = [
        "/",
        "/issues/",
        "/issues/2/",
        "/issues/2/corrections/",
        "/papers/",
        "/papers/paper/",
        "/news/",
        "/news/news/",
        "/polls/",
        "/polls/poll/",
        "/authors/",
        "/authors/author/",
        "/topics/topic/",
        "/benchmarks/",
        "/benchmarks/mmlu/",
        "/glossary/",
        "/glossary/term/",
        "/contact/reply/",
        "/about/",
        "/privacy/",
        "/nowhere/<script>evil()</script>/",
    ]
    pages = {url: client.get(url) for url in urls}
    assert {url: page.status_code for url, page in pages.items() if page.status_code != 200} == {urls[-1]: 404}
    assert {url: Runs(page.content.decode()).found for url, page in pages.items()} == {url: [] for url in urls}
    assert b'popovertarget="papers-paper-term:term"' in pages["/papers/paper/"].content


def test_nothing_runs_in_feeds(client: Client, site: dict[str, Any]) -> None:
    pages = ("/", "/papers/", "/news/", "/polls/", "/topics/topic/", "/authors/author/")
    contents = {
        f"{page}feed.{ending}": [
            element.text or ""
            for element in ElementTree.fromstring(client.get(f"{page}feed.{ending}").content).iter()
            if element.tag.endswith(("}content", "}encoded"))
        ]
        for page in pages
        for ending in ("atom", "rss")
    }
    assert {url for url, texts in contents.items() if not texts} == set()
    assert {url: Runs("".join(texts)).found for url, texts in contents.items()} == {url: [] for url in contents}


def test_sitemaps_of_hostile_rows_are_well_formed(client: Client, site: dict[str, Any]) -> None:
    files = [element.text or "" for element in ElementTree.fromstring(client.get("/sitemap.xml").content).iter()]
    urls = [f"/{file.rpartition('/')[2]}" for file in files if file.endswith(".xml")]
    assert len(urls) == 9
    assert [len(ElementTree.fromstring(client.get(url).content)) > 0 for url in urls] == [True] * 9


def test_nothing_runs_in_mail(site: dict[str, Any]) -> None:
    assert Runs(render_issue(site["issue"], "email.html")).found == []


def test_nothing_runs_in_the_admin(client: Client, site: dict[str, Any]) -> None:
    client.force_login(User.objects.create_superuser("root@example.org"))
    urls = [reverse("admin:index"), reverse("admin:timeline_issue_preview", args=[site["issue"].pk])]
    urls += [reverse(f"admin:timeline_issue_{page}", args=[site["issue"].pk]) for page in ("publish", "preflight")]
    for row in site["rows"]:
        if isinstance(row, Spelling | Measurement):
            continue
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        empty = Version.objects.create(model=row._meta.label_lower, object_uuid=row.uuid, data={}, action="<script>")
        told = record(row, HOSTILE[:50])
        urls += [f"{reverse(f'{name}_compare')}?old={empty.pk}", f"{reverse(f'{name}_compare')}?old={told.pk}"]
        urls.append(reverse(f"{name}_deleted"))
        gone = Version(model=told.model, object_uuid=uuid4(), data=told.data | {"lead_image": None}, action="deleted")
        gone.save()
        urls.append(f"{reverse(f'{name}_compare')}?old={gone.pk}")
        urls += [reverse(f"{name}_change", args=[row.pk]), reverse(f"{name}_history", args=[row.pk])]
        if not isinstance(row, Publication):
            urls.append(reverse(f"{name}_changelist"))
        if not isinstance(row, Publication | Image | Benchmark | MeasuredModel):  # their delete is refused here
            urls.append(reverse(f"{name}_delete", args=[row.pk]))
    issue = site["issue"]
    for row in (issue, *(row for row in site["rows"] if isinstance(row, Item) and row.issue)):
        frame = f"admin:{row._meta.app_label}_{row._meta.model_name}_preview_frame"
        urls += [reverse(frame, args=[row.pk, medium]) for medium in ("html", "email")]
    hold(issue, current(issue) | {"title": HOSTILE[:90], "items": {}})
    urls.append(reverse("admin:timeline_issue_changes", args=[issue.pk]))
    at = versions(issue)[0]
    urls.append(reverse("admin:timeline_issue_restore_at", args=[site["issue"].pk, at.pk]))
    pages = {url: client.get(url) for url in urls}
    assert {page.status_code for page in pages.values()} == {200}
    assert {url: Runs(page.content.decode()).found for url, page in pages.items()} == {url: [] for url in urls}


def test_the_crawler_would_see_it() -> None:
    """The net itself: each of these must be caught."""
    for page in (
        "<script>evil()</script>",
        "<img onerror=evil()>",
        '<a href=" java\nscript:evil()">',
        "<iframe>",
        "<p style='x'>",
        '<script type="application/ld+json">{"name": "<!--<script>"}</script>',
        '<script type="application/ld+json">{"name": "</script><script>evil()</script>"}</script>',
    ):
        assert Runs(page).found != []


def test_images_are_poisoned_too(site: dict[str, Any]) -> None:
    assert (Image.objects.get().caption.startswith('"'), Issue.objects.get().title.startswith('"')) == (True, True)
