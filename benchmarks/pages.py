"""How long the pages of a large archive take, and how many queries, on both databases.

    python -m benchmarks.pages         a new SQLite and a new PostgreSQL, each filled by benchmarks.generator
    python -m benchmarks.pages here    the database that the environment names, filled if it is empty

Every address goes through all of Django in this process, as production is set, with Markdown warm and no cache of
pages. Other programs disturb the clock: each figure is the median of several rounds. The exit code is 1 where a page
takes more queries or more time than the limits say.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from secrets import token_hex
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment, teardown_test_environment

from benchmarks import generator
from tests.postgres import server

QUERIES = 8
MILLISECONDS = 100  # p95
PREVIEW_MILLISECONDS = 150  # p95 of the whole form of an item: saved, rendered, rolled back
ROUNDS = 5
REQUESTS = 20  # of each page in a round
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "timeline.settings",
    "DEBUG": "0",
    "SECRET_KEY": token_hex(32),
    "ALLOWED_HOSTS": "testserver",
    "RATE_LIMITS": "0",
}


@dataclass(frozen=True, eq=False)
class Page:
    """Addresses of one sort. Feeds, sitemaps and twins have no limit."""

    name: str
    paths: Sequence[str]
    is_limited: bool = True
    status: int = 200
    queries: int = QUERIES
    milliseconds: int = MILLISECONDS

    def get(self, client: Client, path: str) -> int:
        """The bytes of the answer."""
        answer = client.get(path)
        assert answer.status_code == self.status, f"{path}: {answer.status_code}"
        return len(answer.content)


@dataclass(frozen=True, eq=False)
class Preview(Page):
    """Of forms that an editor has open."""

    forms: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # by address
    client: Client = field(default_factory=Client)  # of the editor

    def get(self, client: Client, path: str) -> int:
        answer = self.client.post(path, self.forms[path])
        assert answer.status_code == self.status, f"{path}: {answer.status_code}"
        return len(answer.content)


def previews() -> list[Preview]:
    """Of items of a draft and of published ones, each with a text that was typed on."""
    from django.urls import reverse

    from papers.models import PaperSummary
    from timeline.models import Issue, User

    client = Client()
    client.force_login(User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("b@example.org"))
    newest = PaperSummary.objects.published().order_by("-issue__number", "position")
    draft, _ = Issue.objects.get_or_create(title="In work", published_at=None)
    for paper in newest[20:25]:
        PaperSummary.objects.filter(pk=paper.pk).update(issue=draft)
    shown = []
    for name, papers in (("draft", draft.papersummary_set.all()), ("published", newest.exclude(issue=draft)[:5])):
        forms = {paper.pk: form_of(client, paper) for paper in papers}
        for medium in ("html", "email", "txt"):
            by_path = {
                reverse("admin:papers_papersummary_preview_frame", args=[pk, medium]): form
                for pk, form in forms.items()
            }
            shown.append(
                Preview(
                    f"preview: {name}, {medium}",
                    list(by_path),
                    queries=1_000,
                    milliseconds=PREVIEW_MILLISECONDS,
                    forms=by_path,
                    client=client,
                )
            )
    return shown


def form_of(client: Client, row: Any) -> dict[str, Any]:
    """What a browser would send of the form of `row` after a few keys in its text."""
    from django.urls import reverse

    setup_test_environment()  # without it no answer has a context
    context = client.get(reverse("admin:papers_papersummary_change", args=[row.pk])).context
    teardown_test_environment()
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {bound.html_name: bound.value() for form in forms for bound in form}
    typed = {name: value for name, value in values.items() if value is not None}
    return typed | {"body": f"{typed['body']}\n\nA paragraph that was typed."}


def pages() -> list[Page]:
    from django.db.models import Count

    from boards.models import Benchmark
    from papers.models import Author
    from timeline.models import Entry, Facet, Issue

    def busiest(name: str) -> list[str]:
        """The values of a facet, of the most frequent first."""
        found = Facet.objects.filter(name=name).values("value").annotate(count=Count("filings"))
        return list(found.order_by("-count", "value").values_list("value", flat=True))

    def spread(paths: Sequence[str]) -> Sequence[str]:
        return paths[:: max(1, len(paths) // REQUESTS)]

    def items(kind: str) -> list[str]:
        return list(Entry.objects.filter(kind=kind).order_by("-rank").values_list("path", flat=True))

    numbers = list(Issue.objects.values_list("number", flat=True))
    issues = [f"/issues/{number}/" for number in numbers]
    papers, news = items("papers"), items("news")
    topics, authors, organisations = busiest("topic"), busiest("author"), busiest("organisation")
    scores = Benchmark.objects.annotate(count=Count("measurements")).order_by("-count")
    boards = list(scores.values_list("slug", flat=True))
    rare = generator.Chance(2023).words[-2_000::100]
    titles = Entry.objects.filter(path__in=spread(papers)).values_list("title", flat=True)
    phrases = [f'"{" ".join(title.split()[:3])}"' for title in titles]

    def search(*queries: str) -> list[str]:
        return [f"/search/?q={query.replace(' ', '+')}" for query in queries]

    return [
        Page("home", ["/"]),
        Page("issues: first page", ["/issues/"]),
        Page("issues: middle", [f"/issues/page/{len(issues) // 100}/"]),
        Page("issues: last", [f"/issues/page/{len(issues) // 50}/"]),
        Page("issue: newest", issues[:1]),
        Page("issue: oldest", issues[-1:]),
        Page("issue: any", spread(issues)),
        Page("paper", spread(papers)),
        Page("news item", spread(news)),
        Page("papers: first page", ["/papers/"]),
        Page("papers: last", [f"/papers/page/{len(papers) // 50}/"]),
        Page("news: first page", ["/news/"]),
        Page("news: last", [f"/news/page/{len(news) // 50}/"]),
        Page("timeline", ["/timeline/"]),
        Page("timeline: a year", [f"/timeline/{year}/" for year in range(2008, 2026)]),
        Page("timeline: a year, page", [f"/timeline/{year}/page/4/" for year in range(2008, 2026)]),
        Page("timeline: a kind", ["/timeline/papers/", "/timeline/news/", "/timeline/issues/"]),
        Page("timeline: busiest topic", [f"/timeline/topics/{topics[0]}/"]),
        Page("timeline: its tenth page", [f"/timeline/topics/{topics[0]}/page/10/"]),
        Page("timeline: any topic", [f"/timeline/topics/{slug}/" for slug in spread(topics)]),
        Page("timeline: any organisation", [f"/timeline/organisations/{slug}/" for slug in spread(organisations)]),
        Page("timeline: all at once", [f"/timeline/2020/news/topics/{slug}/" for slug in topics[:5]]),
        Page("topic: busiest", [f"/topics/{topics[0]}/", f"/topics/{topics[0]}/page/20/"]),
        Page("topic: any", [f"/topics/{slug}/" for slug in spread(topics)]),
        Page("glossary", ["/glossary/", f"/glossary/page/{generator.TERMS // 50}/"]),
        Page("term: busiest", [f"/glossary/{generator.Chance(2023).terms()[0]}/"]),
        Page("author: busiest", [f"/authors/{authors[0]}/", f"/authors/{authors[0]}/page/20/"]),
        Page("author: any", [f"/authors/{slug}/" for slug in spread(authors)]),
        Page("authors: first page", ["/authors/"]),
        Page("authors: last", [f"/authors/page/{Author.objects.published().count() // 200}/"]),
        Page("search: nothing asked", ["/search/"]),
        Page("search: common word", search("the ", "model ", "learning ", "data ", "results ")),
        Page("search: common words", search("the model ", "learning from data ", "of the training data ")),
        Page("search: rare word", search(*rare)),
        Page("search: phrase", search('"of the"', '"the model is"', *phrases)),
        Page("search: beginning", search("co", "tra", "de", "mod", "ab")),
        Page("search: a person", search("lukasz", "nguyen", "ada")),
        Page("search: without a word", search("data -model ", "learning -the ")),
        Page("search: nothing found", search("zzzzzzzz", "qqqq wwww eeee")),
        Page("search: misspelt", search(*(f"{word[:3]}x{word[3:]}" for word in rare))),
        Page("search: in a topic", search(f"the &topic={topics[0]}", f"model &topic={topics[0]}&year=2020")),
        Page("search: in a kind", search("the &kind=papers", f"data &kind=news&author={authors[0]}")),
        Page("search: deep page", search("the &page=50", "model &page=50")),
        Page("benchmarks", ["/benchmarks/"]),
        Page("benchmark: any", [f"/benchmarks/{slug}/" for slug in boards]),
        Page("benchmark: busiest", [f"/benchmarks/{boards[0]}/", f"/benchmarks/{boards[0]}/page/2/"]),
        Page("text page", ["/about/"]),
        Page("contact", ["/contact/reply/"]),
        Page("not found", ["/issues/0/", "/papers/nothing/", "/nothing/", "/timeline/1999/"], status=404),
        Page("feeds", ["/feed.atom", "/feed.rss", "/feed.json", "/papers/feed.atom"], is_limited=False),
        Page("topic's feed", [f"/topics/{topics[0]}/feed.atom"], is_limited=False),
        Page("author's feed", [f"/authors/{authors[0]}/feed.atom"], is_limited=False),
        Page("sitemap: index", ["/sitemap.xml"], is_limited=False),
        Page("sitemap: papers", ["/sitemap-papers-1.xml"], is_limited=False),
        Page("sitemap: authors", ["/sitemap-authors-1.xml"], is_limited=False),
        Page("llms.txt", ["/llms.txt"], is_limited=False),
        Page("twin of an issue", [f"/issues/{number}.md" for number in numbers[:5]], is_limited=False),
        Page("twin of a paper", [f"{path.rstrip('/')}.md" for path in spread(papers)], is_limited=False),
        Page("twin of a topic", [f"/topics/{topics[0]}.md"], is_limited=False),
        Page("twin of an author", [f"/authors/{authors[0]}.md"], is_limited=False),
    ]


def measure(page: Page, client: Client, requests: int = REQUESTS) -> tuple[list[float], float]:
    """Milliseconds of each request of a round, and those of this processor for one."""
    requests = requests if page.is_limited else 3
    times = []
    busy = time.process_time()
    for index in range(max(requests, len(page.paths) if page.is_limited else 0)):
        start = time.perf_counter()
        page.get(client, page.paths[index % len(page.paths)])
        times.append(1_000 * (time.perf_counter() - start))
    return times, 1_000 * (time.process_time() - busy) / len(times)


def report() -> bool:
    """Print the table of this database; whether all is within the limits."""
    client = Client()
    queries: dict[Page, int] = {}
    size: dict[Page, int] = {}
    shown = [*pages(), *previews()]
    for page in shown:
        for path in page.paths:
            with CaptureQueriesContext(connection) as captured:
                size[page] = max(size.get(page, 0), page.get(client, path))
                queries[page] = max(queries.get(page, 0), len(captured))
    rounds = [{page: measure(page, client) for page in shown} for _ in range(ROUNDS)]
    print(f"\n{connection.vendor}, on average {os.getloadavg()[2]:.1f} programs at work on {os.cpu_count()} processors")
    print(f"{'':30}  queries   p50 ms   p95 ms   CPU ms     KB")
    good = True
    for page in shown:
        p50 = median(median(times[page][0]) for times in rounds)
        p95 = median(quantiles(times[page][0], n=20, method="inclusive")[-1] for times in rounds)
        processor = median(times[page][1] for times in rounds)
        is_over = page.is_limited and (queries[page] > page.queries or p95 > page.milliseconds)
        good = good and not is_over
        mark = "too much" if is_over else "" if page.is_limited else "(no limit)"
        figures = f"{queries[page]:9}{p50:9.1f}{p95:9.1f}{processor:9.1f}{size[page] / 1_000:7.0f}"
        print(f"{page.name:30}{figures}  {mark}".rstrip(), flush=True)
    return good


def here() -> bool:
    django.setup()
    logging.disable(logging.WARNING)  # pages that are not found
    from timeline.models import Issue

    call_command("migrate", verbosity=0)
    if not Issue.objects.exists():
        call_command("collectstatic", verbosity=0, interactive=False)
        generator.fill()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")  # as the server does by itself within minutes
    import_module("timeline.wsgi")  # as a server does
    return report()


def main() -> bool:
    command = [sys.executable, "-m", "benchmarks.pages", "here"]
    with TemporaryDirectory(prefix="timeline-bench-") as folder, server() as postgresql:
        good = True
        for url in (f"sqlite:///{folder}/db.sqlite3", postgresql):
            environment = os.environ | PRODUCTION | {"VAR_DIR": folder, "DATABASE_URL": url}
            good &= subprocess.run(command, env=environment).returncode == 0
    return good


if __name__ == "__main__":
    sys.exit(not (here() if sys.argv[1:] == ["here"] else main()))
