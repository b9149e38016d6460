"""One block of scores, typed once: whatever shows it says the same."""

import csv
import gzip
import json
import re
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from boards.models import Measurement
from tests.factories import make_issue, make_paper
from timeline.dumps import make_dump
from timeline.sections import render_issue

BLOCK = """```scores BigBench
metric: accuracy
setting: zero-shot
measured by: Teknium https://teknium.example/notes
OpenHermes 2.5 Mistral 7B = 53.04%
Mistral Base 7B = 42.15% ± 0.5
*Orca 2 13B = 40.36%
```"""
SCORES = [  # best first
    ("OpenHermes 2.5 Mistral 7B", "53.04%"),
    ("Mistral Base 7B", "42.15 ± 0.5%"),
    ("Orca 2 13B", "40.36%"),
]


def rows(html: str) -> list[tuple[str, str]]:
    """The first two cells of each row of the tables, as text; who is marked as the subject does not count."""
    found = re.findall(r'<th scope="row">(.*?)</th>\s*<td class="right">(.*?)</td>', html, re.DOTALL)
    return [(unescape(model).removesuffix(" (this model)"), unescape(score)) for model, score in found]


def dumped_scores() -> list[dict]:
    with default_storage.open(make_dump().path("scores.jsonl.gz")) as file:
        return [json.loads(line) for line in gzip.decompress(file.read()).splitlines()]


@pytest.mark.django_db
def test_everything_that_shows_a_block_says_the_same(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    issue = make_issue(number=2)
    paper = make_paper(issue, title="Orca 2", body=BLOCK)
    page = client.get(paper.get_absolute_url()).content.decode()
    board = client.get("/benchmarks/bigbench/").content.decode()
    data = client.get("/benchmarks/bigbench.json").json()["scores"]
    table = list(csv.DictReader(StringIO(client.get("/benchmarks/bigbench.csv").content.decode())))
    chart = re.findall(r'<text x="0" y="\d+">(.*?)(?: <tspan.*?)?</text>\s*<text x="600".*?>(.*?)</text>', page)
    text = re.findall(r"^(.+?)(?: \(this model\))?\s+\| (\d.*)$", render_issue(issue, "txt"), re.MULTILINE)

    def shown(row: dict) -> tuple[str, str]:
        error = str(row["error"] or "")
        return row["model"], f"{row['typed']} ± {error}{row['unit']}" if error else f"{row['typed']}{row['unit']}"

    told = {
        "page": rows(page),
        "chart": chart,
        "issue": rows(client.get("/issues/2/").content.decode()),
        "mail": rows(render_issue(issue, "email.html")),
        "text": text,
        "board": rows(board),
        "json": [shown(row) for row in data],
        "csv": [shown(row) for row in table],
        "api": [shown(row) for row in client.get("/api/v1/scores").json()["items"]],
        "dump": [shown(row) for row in dumped_scores()],
        "rows": [(row.model.name, row.shown) for row in Measurement.objects.select_related("model")],
    }
    assert told == dict.fromkeys(told, SCORES)
    assert {(row["metric"], row["setting"], row["measured_by"], row["measured_at"]) for row in data} == {
        ("accuracy", "zero-shot", "Teknium", "https://teknium.example/notes")
    }
    for html in (page, board, render_issue(issue, "email.html")):
        assert '<a href="https://teknium.example/notes" rel="noopener">Teknium</a>' in html
