"""The dumps: what stands in them, and that there is a whole one or none."""

import gzip
import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.factories import edith, make_issue, make_news, make_paper, make_term, tag
from timeline import dumps
from timeline.models import Dump, Issue, Publication
from timeline.publishing import withdraw
from timeline.resources import resources

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def lines(dump: Dump, name: str) -> list[Any]:
    with default_storage.open(dump.path(f"{name}.jsonl.gz")) as file:
        return [json.loads(line) for line in gzip.decompress(file.read()).splitlines()]


def folders() -> list[str]:
    return default_storage.listdir("dumps")[0] if default_storage.exists("dumps") else []


def everything() -> Issue:
    issue = make_issue(number=2)
    for number in range(3):
        paper = make_paper(issue, authors=[f"Author {number}"], body=f"```scores B\nM {number} = 1\n```")
        tag(paper, f"Topic {number}")
        make_news(issue)
        make_term(f"Term {number}")
    return issue


def test_line_is_what_the_api_tells(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeline.resources.BATCH", 2)
    everything()
    dump = dumps.make_dump()
    api = {each.name: client.get(f"/api/v1/{each.name}?limit=100").json()["items"] for each in resources()}
    assert {each.name: lines(dump, each.name) for each in resources()} == api
    assert [len(api[name]) for name in ("issues", "papers", "news", "authors", "topics", "terms", "scores")] == [
        *(1, 3, 3, 3, 3, 3, 3)
    ]


def test_nothing_that_readers_may_not_see_is_dumped() -> None:
    for number, issue in enumerate([make_issue(published=False, title="Secret"), None]):
        item = make_paper(issue, title=f"Secret {number}", body="```scores Secret\nSecret = 1\n```", authors=["Secret"])
        tag(item, "Secret")
    withdraw(make_paper(make_issue(title="Secret"), title="Secret").issue, editor=edith())
    with time_machine.travel(timezone.now() + timedelta(seconds=1)):
        dump = dumps.make_dump()
    assert {each.name: lines(dump, each.name) for each in resources()} == {each.name: [] for each in resources()}


def test_files_are_listed_and_their_addresses_stay(client: Client) -> None:
    everything()
    Publication(licence="CC BY 4.0", support_link="https://s.example/").save()
    page = "/api/dumps/papers.jsonl.gz"
    for _ in range(2):
        dump = dumps.make_dump()
        assert client.get(page)["Location"] == default_storage.url(dump.path("papers.jsonl.gz"))
    with default_storage.open(dump.path("papers.jsonl.gz")) as file:
        stored = file.read()
    told = next(file for file in dump.files if file["name"] == "papers.jsonl.gz")
    assert told == {
        "name": "papers.jsonl.gz",
        "title": "Research Papers",
        "rows": 3,
        "bytes": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
    }
    with default_storage.open(dump.path("LICENCE.txt")) as file:
        assert b"CC BY 4.0" in file.read()
    assert client.get("/api/dumps/LICENCE.txt")["Location"].endswith("/LICENCE.txt")
    assert 'href="/api/dumps/papers.jsonl.gz"' in client.get("/api/").content.decode()
    assert client.get("/api/dumps/passwords.txt").status_code == 404


def test_same_documents_are_the_same_bytes() -> None:
    everything()
    first = dumps.make_dump().files
    assert dumps.make_dump().files == first


def test_new_dump_takes_the_place_of_the_old_one() -> None:
    old = dumps.make_dump()
    new = dumps.make_dump()
    assert ([*Dump.objects.all()], folders()) == ([new], [new.folder.removeprefix("dumps/")])
    assert old.folder != new.folder


def test_dump_that_fails_leaves_the_old_one_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    old = dumps.make_dump()
    monkeypatch.setattr("timeline.documents.Terms.documents", lambda self, rows: 1 / 0)
    make_term("LCM")
    with pytest.raises(ZeroDivisionError):
        dumps.make_dump()
    assert (Dump.objects.newest(), Dump.objects.count(), folders()) == (old, 1, [old.folder.removeprefix("dumps/")])


def test_dump_that_was_cut_off_is_no_dump_and_goes_a_day_later(client: Client) -> None:
    Dump.objects.create(folder="dumps/cut-off", started_at=timezone.now())
    assert (Dump.objects.newest(), client.get("/api/dumps/papers.jsonl.gz").status_code) == (None, 404)
    kept = dumps.make_dump()
    assert {dump.folder for dump in Dump.objects.all()} == {"dumps/cut-off", kept.folder}
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        last = dumps.make_dump()
    assert [*Dump.objects.all()] == [last]


def test_dump_with_an_issue_that_was_withdrawn_is_offered_no_more(client: Client) -> None:
    issue = everything()
    dumps.make_dump()
    assert client.get("/api/dumps/papers.jsonl.gz").status_code == 302
    withdraw(issue, editor=edith())
    assert client.get("/api/dumps/papers.jsonl.gz").status_code == 404
    assert "There is no dump yet" in client.get("/api/").content.decode()


def test_issue_withdrawn_meanwhile_stops_the_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    issue = everything()
    written = dumps.write

    def write_and_withdraw(dump: Dump, resource: Any) -> Any:
        if resource.name == "news":
            withdraw(issue, editor=edith())
        return written(dump, resource)

    monkeypatch.setattr(dumps, "write", write_and_withdraw)
    with pytest.raises(CommandError, match="withdrawn while it was dumped"):
        call_command("dump")
    assert (Dump.objects.count(), folders()) == (0, [])


def test_command_says_what_it_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    everything()
    call_command("dump")
    size = next(file["bytes"] for file in Dump.objects.get().files if file["name"] == "papers.jsonl.gz")
    assert f"papers.jsonl.gz: 3 rows, {size} bytes\n" in capsys.readouterr().out
