"""Public pages of benchmarks, and their scores as CSV and JSON."""

import csv
from datetime import date
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import BigAutoField, Count, Max, Q, QuerySet, SlugField
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from boards.board import Group, Pair, groups, pairs
from boards.models import Benchmark, Measurement
from timeline.markdown import safe_href
from timeline.metadata import absolute, list_head, twin
from timeline.models.prepared import prepared
from timeline.sections import item_context
from timeline.twins import bullets, document, figures, line, link, markdown_response, with_pictures
from timeline.views import find, paged, paged_rows, render_page

PAGE_SIZE = 100  # benchmarks
SCORES = 100  # on a page of a benchmark; the downloads have all
PAIRS = 50  # of a claim and what others measured, on such a page
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet runs at the start of a cell


@require_safe
def benchmark_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    shown = paged(Benchmark.objects.published(), page, PAGE_SIZE)
    counted = Measurement.objects.published().filter(benchmark__in=list(shown)).order_by().values("benchmark")
    facts = counted.annotate(scores=Count("pk"), models=Count("model", distinct=True), last=Max("entry__date"))
    found = {key: own for key, *own in facts.values_list("benchmark", "scores", "models", "last")}
    head = list_head(
        reverse("benchmarks"), "Benchmarks", lambda name: f"All scores that {name} has told of.", page=page
    )
    cards = [BenchmarkCard(each.name, each.get_absolute_url(), *found[each.pk]) for each in shown]
    return render_page(request, "boards/benchmark_list.html", head, page=shown, cards=cards)


class BenchmarkCard(NamedTuple):
    """What the list shows of a benchmark, and nothing in it can change; see Card."""

    name: str
    path: str
    scores: int
    models: int
    last: date | None  # of what tells of a score


@prepared(SlugField())
def published_benchmark(slug: str) -> QuerySet[Benchmark]:
    return Benchmark.objects.published().filter(slug=slug)


def measurements(benchmark: Any) -> QuerySet[Measurement]:
    """Those on a benchmark (its primary key) that readers may see: what was told last comes first."""
    own = Measurement.objects.published().filter(benchmark__pk=benchmark)
    return own.told().order_by("-entry__rank", "-position")


newest = prepared(BigAutoField())(measurements)


@prepared(BigAutoField())
def numbers(benchmark: int) -> QuerySet[Measurement, int]:
    """One row with how many they are; none where there are none."""
    counted = Measurement.objects.published().filter(benchmark__pk=benchmark).order_by().values("benchmark")
    return counted.annotate(number=Count("*")).values_list("number", flat=True)


@prepared(BigAutoField(), [BigAutoField()], [BigAutoField()], [BigAutoField()])
def newest_beside(benchmark: int, scores: list[int], claimed: list[int], measured: list[int]) -> QuerySet[Measurement]:
    """The newest PAIRS beside these scores: claims on models that were measured, and measured anew what is claimed."""
    is_claim = Q(is_own=True, source="")
    others = is_claim & Q(model__pk__among=measured) | ~is_claim & Q(model__pk__among=claimed)
    return measurements(benchmark).filter(others).exclude(pk__among=scores)[:PAIRS]


def documents(benchmark: Benchmark) -> list[dict[str, Any]]:
    """What CSV and JSON say: the same as the API, in the order of reading."""
    from boards.documents import Scores  # only now: see timeline.urls

    scores = Scores()
    rows = scores.rows().filter(benchmark=benchmark).order_by("entry__rank", "position")
    return [each.model_dump(mode="json") for each in scores.documents(list(rows))]


def downloads(benchmark: Benchmark) -> dict[str, str]:
    return {name: reverse(f"benchmark-{name.lower()}", args=[benchmark.slug]) for name in ("CSV", "JSON")}


@require_safe
def benchmark(request: HttpRequest, slug: str, page: int = 1) -> HttpResponse:
    known = published_benchmark(slug)
    found = known[0] if known else find(Benchmark.objects.published(), slug)
    if isinstance(found, HttpResponse):
        return found
    shown = paged_rows(page, sum(numbers(found.pk)), newest, found.pk, size=SCORES)
    rows = list(shown)[::-1]  # in the order of reading
    path = found.get_absolute_url()
    files = downloads(found)
    distribution = [
        {"@type": "DataDownload", "name": name, "contentUrl": settings.SITE_URL + address}
        for name, address in files.items()
    ]
    head = list_head(
        path,
        found.name,
        lambda name: f"All scores on {found.name} that {name} has told of, and who measured them.",
        page=page,
        json_ld={"@type": "Dataset", "distribution": distribution, "isAccessibleForFree": True},
        has_twin=page == 1,
    )
    compared = [(group, group.over_time(f"over-time-{number}")) for number, group in enumerate(groups(rows), 1)]
    return render_page(
        request,
        "boards/benchmark.html",
        head,
        benchmark=found,
        page=shown,
        groups=compared,
        pairs=[pair.card for pair in claims(found, rows, whole=not shown.has_other_pages())[-PAIRS:]],
        downloads=files,
        **item_context([], "html", head.publication, texts=[found.description]),
    )


def claims(benchmark: Benchmark, rows: list[Measurement], *, whole: bool) -> list[Pair]:
    """What `rows` claim or measure beside what was measured or claimed anywhere; `whole`: they are all that there is.

    Of what stands on other pages the newest PAIRS.
    """
    if whole:
        return pairs(rows)
    claimed, measured = (sorted({row.model_id for row in rows if row.is_claim is own}) for own in (True, False))
    here = {row.pk for row in rows}
    found = newest_beside(benchmark.pk, sorted(here), claimed, measured)
    known = sorted([*rows, *found], key=lambda row: (row.entry.rank, row.position))
    return [pair for pair in pairs(known) if not here.isdisjoint((pair.claimed.pk, pair.measured.pk))]


@require_safe
def benchmark_twin(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Benchmark.objects.published(), slug, address=twin)
    if isinstance(found, HttpResponse):
        return found
    rows = list(measurements(found.pk)[:SCORES])[::-1]
    links = [("The benchmark itself", safe_href(found.link)), *downloads(found).items()]
    return markdown_response(
        document(
            f"# {line(found.name)}",
            bullets([*(link(*each) for each in links if each[1]), f"Page: <{absolute(found.get_absolute_url())}>"]),
            with_pictures(found.description, figures([], found.description)),
            *(table(group) for group in groups(rows)),
        )
    )


def table(group: Group) -> str:
    """A section of a twin."""
    rows = [
        [line(row.model.name), line(row.shown), measurer(row), link(row.entry.label, twin(row.entry.path))]
        for row in group.rows
    ]
    cells = [["Model", "Score", "Measured by", "Told in"], ["---", "---:", "---", "---"], *rows]
    better = "Lower" if group.lower_is_better else "Higher"
    return document(
        f"## {line(capfirst(group.title))}",
        f"{better} is better.",
        "\n".join(f"| {' | '.join(row)} |" for row in cells),
    )


def measurer(row: Measurement) -> str:
    """Who measured it, in a twin; on the page templates/boards/measurer.html says it."""
    if row.is_claim:
        return "its authors"
    if not row.source:
        return f"the authors of {link(row.entry.label, twin(row.entry.path))}"
    url = safe_href(row.source_url)
    return link(row.source, url) if url else line(row.source)


@require_safe
def benchmark_csv(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Benchmark.objects.published(), slug, address=lambda path: f"{path.rstrip('/')}.csv")
    if isinstance(found, HttpResponse):
        return found
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    rows = documents(found)
    table = csv.DictWriter(answer, rows[0])
    table.writeheader()
    table.writerows({name: cell(value) for name, value in row.items()} for row in rows)
    return answer


def cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula stands behind a quote, as spreadsheets have it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


@require_safe
def benchmark_json(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Benchmark.objects.published(), slug, address=lambda path: f"{path.rstrip('/')}.json")
    if isinstance(found, HttpResponse):
        return found
    url = settings.SITE_URL + found.get_absolute_url()
    told = {"benchmark": found.name, "url": url, "scores": documents(found)}
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False})
