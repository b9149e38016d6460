"""Boards: what texts tell of scores, kept exact through every change, compared only where it may be."""

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from boards import standings, views
from boards.board import groups, pairs
from boards.merging import merge
from boards.models import Benchmark, MeasuredModel, Measurement
from papers.models import PaperSummary
from tests.factories import edith, make_issue, make_news, make_paper
from timeline.history import record, versions
from timeline.models import Issue
from timeline.publishing import publish, withdraw

pytestmark = pytest.mark.django_db


def block(benchmark: str, *lines: str) -> str:
    return "\n".join([f"```scores {benchmark}", *lines, "```"])


ORCA = block("MMLU", "metric: accuracy", "setting: 5-shot", "*Orca 2 13B = 57.7%", "Llama 2 13B = 54.8%")
AGAIN = block(
    "mmlu",
    "metric: accuracy",
    "setting: 5-shot",
    "measured by: Ann Lee https://ann.example/mmlu",
    "Orca 2 13B = 55.31% ± 0.4",
)
PLACES = [("Orca 2", "papers/orca-2"), ("Measured again", "news/measured-again")]
ZERO = block("MMLU", "metric: accuracy", "setting: zero-shot", "Orca-2 13B = 50%")


@pytest.fixture
def orca() -> PaperSummary:
    return make_paper(make_issue(number=2), title="Orca 2", date=date(2023, 11, 18), body=ORCA)


@pytest.fixture
def news(orca: PaperSummary) -> Any:
    return make_news(make_issue(number=3), title="Measured again", date=date(2023, 12, 24), body=f"{AGAIN}\n\n{ZERO}")


def told(rows: Any = None) -> list[tuple[str, str, str, str]]:
    """(benchmark, model, score, who measured), as readers find it."""
    rows = Measurement.objects.published() if rows is None else rows
    rows = rows.select_related("benchmark", "model").order_by("entry__rank", "position")
    return [(row.benchmark.name, row.model.name, row.shown, row.source) for row in rows]


ORCAS = [("MMLU", "Orca 2 13B", "57.7%", ""), ("MMLU", "Llama 2 13B", "54.8%", "")]
NEWS = [("MMLU", "Orca 2 13B", "55.31 ± 0.4%", "Ann Lee"), ("MMLU", "Orca 2 13B", "50%", "")]


def test_names_are_one_however_they_are_spelled(news: Any) -> None:
    assert told() == [*ORCAS, *NEWS]
    assert (Benchmark.objects.count(), MeasuredModel.objects.count()) == (1, 2)


def test_rows_follow_every_change_of_a_text(orca: PaperSummary) -> None:
    orca.body = block("GSM8K", "Orca 2 13B = 65.73%")
    orca.save()
    record(orca, "saved")
    assert told() == [("GSM8K", "Orca 2 13B", "65.73%", "")]
    orca.body = "No score"
    orca.save()
    record(orca, "saved")
    assert told() == []


def shelve(orca: PaperSummary) -> None:
    orca.issue = None
    orca.save()
    record(orca, "saved")


@pytest.mark.parametrize(
    "hide",
    [
        lambda orca: withdraw(orca.issue),
        shelve,
        lambda orca: orca.delete(),
        lambda orca: orca.issue.delete(),
        lambda orca: Issue.objects.update(published_at=None),
    ],
    ids=["withdrawn", "shelved", "deleted", "without issue", "draft"],
)
def test_what_readers_may_not_see_is_on_no_board(
    client: Client, orca: PaperSummary, hide: Callable[[Any], None]
) -> None:
    urls = ["/benchmarks/mmlu/", "/benchmarks/mmlu.csv", "/benchmarks/mmlu.json", "/benchmarks/mmlu.md"]
    assert [client.get(url).status_code for url in urls] == [200] * 4
    hide(orca)
    assert told() == []
    assert [client.get(url).status_code for url in urls] == [404] * 4
    assert "MMLU" not in client.get("/benchmarks/").content.decode()


def test_what_was_withdrawn_comes_back(orca: PaperSummary) -> None:
    publish(withdraw(orca.issue), override="A test")
    assert told() == ORCAS


def test_rebuild_makes_the_same_from_nothing(news: Any) -> None:
    before = told()
    Measurement.objects.all().delete()
    call_command("rebuild", verbosity=0)
    assert told() == before == [*ORCAS, *NEWS]


def test_migrate_fills_boards_that_are_empty(orca: PaperSummary) -> None:
    Measurement.objects.all().delete()
    standings.fill()
    assert told() == ORCAS


def test_merged_models_are_one_now_and_in_texts_that_come(news: Any) -> None:
    kept = MeasuredModel.objects.get(name="Orca 2 13B")
    double = MeasuredModel.objects.create(name="Orca-2-13B (chat)")
    make_paper(Issue.objects.get(number=3), body=block("MMLU", "Orca-2-13B (chat) = 40%"))
    editor = edith()
    merge(kept, double, editor=editor)
    make_paper(Issue.objects.get(number=3), body=block("MMLU", "orca 2 13b (CHAT) = 41%"))
    call_command("rebuild", verbosity=0)
    assert {model for _, model, _, _ in told()} == {"Orca 2 13B", "Llama 2 13B"}
    assert [(version.action, version.editor) for version in versions(kept)] == [("merged", editor)]


def test_merged_benchmark_leads_from_its_old_address(client: Client, orca: PaperSummary) -> None:
    make_paper(orca.issue, body=block("Massive Multitask", "A = 1%"))
    double = Benchmark.objects.get(slug="massive-multitask")
    double.description, double.link = "Questions", "https://mmlu.example"
    double.save()
    merge(Benchmark.objects.get(name="MMLU"), double)
    endings = ("/", ".csv", ".json", ".md")
    answers = [client.get(f"/benchmarks/massive-multitask{ending}") for ending in endings]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (301, f"/benchmarks/mmlu{ending}") for ending in endings
    ]
    kept = Benchmark.objects.get()
    assert (kept.description, kept.link) == ("Questions", "https://mmlu.example")


def test_text_leads_to_its_board_whatever_it_calls_it(client: Client, orca: PaperSummary) -> None:
    Benchmark.objects.get().spellings.create(name="Multitask (MMLU)")
    paper = make_paper(orca.issue, body=block("Multitask (MMLU)", "A = 1%"))
    assert 'href="/benchmarks/multitask-mmlu/"' in client.get(paper.get_absolute_url()).content.decode()
    assert client.get("/benchmarks/multitask-mmlu/")["Location"] == "/benchmarks/mmlu/"


def test_what_cannot_be_compared_is_kept_apart(news: Any) -> None:
    make_paper(news.issue, body=block("MMLU", "metric: error, lower is better", "setting: 5-shot", "A = 3%", "B = 2%"))
    rows = Measurement.objects.published().select_related("model", "entry")
    found = [(group.title, [row.typed for row in group.rows]) for group in groups(rows)]
    assert found == [
        ("accuracy, 5-shot", ["57.7", "55.31", "54.8"]),
        ("error, 5-shot", ["2", "3"]),
        ("accuracy, zero-shot", ["50"]),
    ]


def found_pairs() -> list[tuple[str, str, str, str]]:
    found = pairs(Measurement.objects.select_related("model").order_by("entry__rank", "position"))
    return [(pair.claimed.model.name, pair.claimed.typed, pair.measured.typed, pair.difference) for pair in found]


def test_claims_stand_beside_what_others_measured(orca: PaperSummary, client: Client) -> None:
    make_news(make_issue(number=3), body=AGAIN)
    assert found_pairs() == [("Orca 2 13B", "57.7", "55.31", "−2.4")]
    page = client.get("/benchmarks/mmlu/").content.decode()
    assert '<h2 id="claimed">' in page and '<td class="right">−2.4</td>' in page


def test_claims_stand_beside_what_others_measured_on_another_page(
    orca: PaperSummary, client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    make_news(make_issue(number=3), body=AGAIN)
    monkeypatch.setattr("boards.views.SCORES", 1)  # the newest first: 55.31 by others, 54.8, 57.7 by its authors
    differences = []
    for number in range(1, 4):
        with django_assert_max_num_queries(8):
            page = client.get(f"/benchmarks/mmlu/page/{number}/").content.decode()
        differences.append(page.count('<td class="right">−2.4</td>'))
    assert differences == [1, 0, 1]


def test_authors_of_another_paper_are_others(orca: PaperSummary) -> None:
    llama = block("MMLU", "metric: accuracy", "*Llama 2 13B = 54.9%")
    make_paper(make_issue(number=3), title="Llama 2", body=llama)
    assert found_pairs() == [("Llama 2 13B", "54.9", "54.8", "")]  # the settings differ: no difference is told


def test_other_metrics_are_no_pair(orca: PaperSummary) -> None:
    make_news(
        make_issue(number=3),
        body=block("MMLU", "metric: error, lower is better", "measured by: Ann", "Orca 2 13B = 3%"),
    )
    assert found_pairs() == []


def test_chart_draws_each_day_and_the_best_until_then(client: Client, news: Any) -> None:
    (first, second) = groups(Measurement.objects.published().select_related("model", "entry"))
    chart = first.over_time("x")
    assert (chart.count("<circle class"), chart.count("<circle"), second.over_time("y")) == (1, 3, "")
    assert '<circle class="claimed" cx="64" cy="25.7" r="6">' in chart
    assert 'class="best" d="M64 25.7H536"' in chart
    assert (
        "3 measurements from 18 Nov 2023 to 24 Dec 2023. The best until then: Orca 2 13B 57.7% on 18 Nov 2023." in chart
    )


def test_page_tells_who_measured_and_where_it_is_told(client: Client, news: Any) -> None:
    page = client.get("/benchmarks/mmlu/").content.decode()
    assert '<a href="https://ann.example/mmlu" rel="noopener">Ann Lee</a>' in page
    assert f'<a href="{news.get_absolute_url()}">' in page and '<a href="/issues/3/">issue 3</a>' in page
    assert '<h2 id="group-1">Accuracy, 5-shot</h2>' in page
    assert '<a href="/benchmarks/mmlu/">MMLU</a>' in client.get("/benchmarks/").content.decode()


def test_twin_has_the_tables_of_the_page(client: Client, news: Any, settings: Any) -> None:
    settings.SITE_URL = "https://site.example"
    Benchmark.objects.update(description="It **asks**.", link="https://mmlu.example/")
    evil = "measured by: <b>Eve</b> | javascript:evil()"
    make_news(make_issue(number=4), title="A | B", body=block("MMLU", "metric: accuracy", evil, "Llama 2 13B = 1%"))
    answer = client.get("/benchmarks/mmlu.md")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/markdown; charset=utf-8")
    head = "| Model | Score | Measured by | Told in |\n| --- | ---: | --- | --- |\n"
    orca, again = (f"[{title}](<https://site.example/{path}.md>)" for title, path in PLACES)
    other = "[A \\| B](<https://site.example/news/a-b.md>)"
    assert answer.content.decode() == (
        "# MMLU\n\n"
        "- [The benchmark itself](<https://mmlu.example/>)\n"
        "- [CSV](<https://site.example/benchmarks/mmlu.csv>)\n- [JSON](<https://site.example/benchmarks/mmlu.json>)\n"
        "- Page: <https://site.example/benchmarks/mmlu/>\n\n"
        "It **asks**.\n\n"
        f"## Accuracy, 5-shot\n\nHigher is better.\n\n{head}"
        f"| Orca 2 13B | 57.7% | its authors | {orca} |\n"
        f"| Orca 2 13B | 55.31 ± 0.4% | [Ann Lee](<https://ann.example/mmlu>) | {again} |\n"
        f"| Llama 2 13B | 54.8% | the authors of {orca} | {orca} |\n\n"
        f"## Accuracy, setting not told\n\nHigher is better.\n\n{head}"
        f"| Llama 2 13B | 1% | \\<b\\>Eve\\</b\\> \\| javascript:evil() | {other} |\n\n"
        f"## Accuracy, zero-shot\n\nHigher is better.\n\n{head}"
        f"| Orca 2 13B | 50% | the authors of {again} | {again} |\n"
    )
    assert 'href="https://site.example/benchmarks/mmlu.md"' in client.get("/benchmarks/mmlu/").content.decode()


def test_a_board_whose_scores_are_hidden_before_they_are_counted_is_empty(
    client: Client, orca: PaperSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = views.numbers

    def withdrawn(benchmark: int) -> list[int]:
        withdraw(Issue.objects.get(number=2))
        return counted(benchmark)

    monkeypatch.setattr(views, "numbers", withdrawn)
    answer = client.get("/benchmarks/mmlu/")
    assert (answer.status_code, re.findall("Orca 2 13B|Llama 2 13B", answer.content.decode())) == (200, [])


def test_scores_are_paged_from_the_newest_on_and_downloads_have_all(
    client: Client, news: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(number: str = "") -> tuple[list[str], list[str]]:
        page = client.get(f"/benchmarks/mmlu/{number}").content.decode()
        told = re.findall(r"Scores \d to \d of \d", page) + re.findall(r'rel="(?:prev|next)" href="([^"]+)"', page)
        return told, re.findall(r'<td class="right">([\d.]+)[^<]*</td>\s*<td><span', page)

    assert shown() == ([], ["57.7", "55.31", "54.8", "50"])
    monkeypatch.setattr("boards.views.SCORES", 3)
    assert shown() == (["Scores 1 to 3 of 4", "/benchmarks/mmlu/page/2/"], ["55.31", "54.8", "50"])
    assert shown("page/2/") == (["Scores 4 to 4 of 4", "/benchmarks/mmlu/"], ["57.7"])
    assert client.get("/benchmarks/mmlu/page/3/").status_code == 404
    head = client.get("/benchmarks/mmlu/page/2/").content.decode()
    assert '<link rel="canonical" href="http://127.0.0.1:8000/benchmarks/mmlu/page/2/">' in head
    assert len(json.loads(client.get("/benchmarks/mmlu.json").content)["scores"]) == 4


def test_downloads_say_what_the_texts_say(client: Client, news: Any) -> None:
    scores = json.loads(client.get("/benchmarks/mmlu.json").content)["scores"]
    assert [(row["model"], row["typed"], row["measured_by"]) for row in scores] == [
        (model, score.removesuffix("%").partition(" ")[0], source) for _, model, score, source in [*ORCAS, *NEWS]
    ]
    assert scores[2] == {
        "benchmark": "MMLU",
        "metric": "accuracy",
        "setting": "5-shot",
        "unit": "%",
        "better": "higher",
        "model": "Orca 2 13B",
        "value": 55.31,
        "error": 0.4,
        "typed": "55.31",
        "own": False,
        "measured_by": "Ann Lee",
        "measured_at": "https://ann.example/mmlu",
        "date": "2023-12-24",
        "item": "Measured again",
        "url": f"http://127.0.0.1:8000{news.get_absolute_url()}",
        "issue": 3,
    }
    table = list(csv.DictReader(StringIO(client.get("/benchmarks/mmlu.csv").content.decode())))
    assert table == [{name: "" if value is None else str(value) for name, value in row.items()} for row in scores]


def test_no_spreadsheet_runs_what_a_text_says(client: Client, orca: PaperSummary) -> None:
    make_paper(orca.issue, title="=1+1", body=block("MMLU", "@SUM(A1) = -3"))
    row = list(csv.DictReader(StringIO(client.get("/benchmarks/mmlu.csv").content.decode())))[-1]
    assert (row["model"], row["item"], row["value"], row["typed"]) == ("'@SUM(A1)", "'=1+1", "-3.0", "'-3")


def test_hostile_names_are_text(client: Client) -> None:
    evil = "<script>alert(1)</script>"
    make_paper(make_issue(), body=block(evil, f"setting: {evil}", f"measured by: {evil} https://a.b", f"{evil} = 1"))
    make_paper(make_issue(), date=date(2020, 1, 1), body=block(evil, f"setting: {evil}", f"{evil} = 2"))
    slug = Benchmark.objects.get().slug
    for url in ("/benchmarks/", f"/benchmarks/{slug}/"):
        page = client.get(url).content.decode()
        assert (evil in page, "&lt;script&gt;alert(1)&lt;/script&gt;" in page) == (False, True)


@pytest.mark.parametrize(
    ("url", "queries"), [("/benchmarks/", 4), ("/benchmarks/mmlu/", 4), ("/benchmarks/mmlu.csv", 2)]
)
def test_boards_need_a_fixed_number_of_queries(
    client: Client, news: Any, url: str, queries: int, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        make_paper(make_issue(), body=f"{ORCA}\n\n{block(f'Other {number}', 'A = 1')}")
    with django_assert_num_queries(queries):
        assert client.get(url).status_code == 200


def test_sitemap_holds_the_boards(client: Client, orca: PaperSummary) -> None:
    assert "/benchmarks/mmlu/</loc>" in client.get("/sitemap-benchmarks-1.xml").content.decode()


def test_editor_merges_benchmarks_in_the_admin(client: Client, orca: PaperSummary) -> None:
    make_paper(orca.issue, body=block("M.M.L.U", "A = 1"))
    client.force_login(edith())
    rows = list(Benchmark.objects.all())
    form = {"action": "merge_chosen", "_selected_action": [row.pk for row in rows], "kept": rows[0].pk}
    client.post("/admin/boards/benchmark/", form)
    assert (list(Benchmark.objects.all()), len(told())) == ([rows[0]], 3)


def test_what_has_scores_is_not_deleted_by_hand(client: Client, orca: PaperSummary) -> None:
    client.force_login(edith())
    pk = Benchmark.objects.get().pk
    assert client.post(f"/admin/boards/benchmark/{pk}/delete/", {"post": "yes"}).status_code == 403
    client.post("/admin/boards/benchmark/", {"action": "delete_selected", "_selected_action": [pk], "post": "yes"})
    assert Benchmark.objects.count() == 1
