from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django_tasks_db.models import DBTaskResult

from tests.factories import make_draft, make_issue, make_news, make_paper
from timeline import fetching, links
from timeline.fetching import Failed, Fetcher
from timeline.history import record
from timeline.links import Text, check, check_links, due, texts, wait_for_turn
from timeline.models import CheckedLink, Issue, Item

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that were fetched: those with “gone” in them fail, the others answer 200."""
    urls: list[str] = []

    def get(self: Fetcher, url: str) -> fetching.Answer:
        urls.append(url)
        if "gone" in url:
            raise Failed("It does not answer in time.")
        return fetching.Answer(url, 200, fetching.Message(), b"", True)

    monkeypatch.setattr(Fetcher, "get", get)
    yield urls


def found(*rows: Issue | Item) -> list[tuple[str, int | None, str]]:
    return [(link.field, link.line, link.url) for link in links.links(rows, texts(rows))]


def test_links_of_fields_and_of_texts() -> None:
    issue = make_issue(
        introduction="[a](https://a.example/?q=1#part)\nand <https://b.example/>\n\n> [c]\n\n[c]: http://c.example",
        closing="[us](/issues/1/) [us](http://127.0.0.1:8000/issues/2/) [mail](mailto:a@b.example) [top](#top)",
    )
    paper = make_paper(
        issue,
        arxiv_id="2311.11045",
        arxiv_version=2,
        doi="10.1000/x",
        code_url="https://code.example/",
        pdf_url="javascript:evil()",
        body="![x](https://p.example/x.png)\n\n```scores MMLU\nmeasured by: Ada https://ada.example/\nOrca = 1\n```\n",
    )
    news = make_news(issue, source_url="https://news.example/", body=f"[x](https://long.example/{'x' * 600})")
    assert found(issue, paper, news) == [
        ("arxiv_id", None, "https://arxiv.org/abs/2311.11045v2"),
        ("doi", None, "https://doi.org/10.1000/x"),
        ("code_url", None, "https://code.example/"),
        ("source_url", None, "https://news.example/"),
        ("introduction", 1, "https://a.example/?q=1"),
        ("introduction", 2, "https://b.example/"),
        ("introduction", 4, "http://c.example"),
        ("body", 1, "https://p.example/x.png"),
        ("body", 3, "https://ada.example/"),
    ]


def test_text_that_is_too_long_has_an_empty_outline() -> None:
    (text,) = texts([Issue(introduction="[a](https://a.example/) " * 10_000)])
    assert isinstance(text, Text)
    assert (text.outline.links, text.outline.words) == ((), ())


def test_save_of_a_draft_has_its_links_checked_once(asked: list[str]) -> None:
    issue = make_draft()
    paper = make_paper(issue, body="[a](https://a.example/) [b](https://gone.example/)", code_url="https://a.example/")
    with time_machine.travel(NOON, tick=False) as clock:
        record(paper, "saved")
        (task,) = DBTaskResult.objects.all()
        assert task.args_kwargs == {"args": [str(issue.uuid)], "kwargs": {"looked_at": False}}
        for minutes, expected in [
            (0, ["https://a.example/", "https://gone.example/"]),
            (9, []),
            (2, ["https://gone.example/"]),  # what is broken is asked again soon
            (24 * 60, ["https://a.example/", "https://gone.example/"]),
        ]:
            clock.shift(timedelta(minutes=minutes))
            asked.clear()
            check_links.call(*task.args_kwargs["args"], **task.args_kwargs["kwargs"])
            assert asked == expected
    assert list(CheckedLink.objects.order_by("url").values_list("url", "status", "error")) == [
        ("https://a.example/", 200, ""),
        ("https://gone.example/", None, "It does not answer in time."),
    ]


def test_save_plans_nothing_where_nothing_is_due() -> None:
    with_link = "[a](https://a.example/)"
    record(make_draft(), "saved")  # without a link
    record(make_paper(None, body=with_link), "saved")  # on the shelf
    record(make_paper(make_issue(), body=with_link), "saved")  # readers see it
    CheckedLink.objects.create(url="https://a.example/", status=200, checked_at=datetime.now(UTC))
    record(make_paper(make_draft(), body=with_link), "saved")  # asked today
    assert DBTaskResult.objects.count() == 0


def test_public_issue_is_left_alone_until_somebody_looks(asked: list[str]) -> None:
    issue = make_issue(introduction="[a](https://a.example/)")
    check_links.call(str(issue.uuid), looked_at=False)
    assert asked == []
    check_links.call(str(issue.uuid), looked_at=True)
    assert asked == ["https://a.example/"]
    issue.delete()
    check_links.call(str(issue.uuid), looked_at=True)


def test_check_keeps_the_last_answer(asked: list[str]) -> None:
    CheckedLink.objects.create(url="https://gone.example/", status=200, checked_at=NOON)
    check("https://gone.example/", Fetcher())
    link = CheckedLink.objects.get()
    assert (link.status, link.is_broken, link.checked_at > NOON, due([link.url])) == (None, True, True, [])


def test_private_address_is_refused_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check("http://169.254.169.254/latest/meta-data/", Fetcher())
    told = CheckedLink.objects.get()
    assert (told.status, told.error) == (
        None,
        "169.254.169.254 is not on the public web: its address is 169.254.169.254.",
    )


def test_one_host_is_asked_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    with time_machine.travel(NOON, tick=False) as clock:

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            clock.shift(seconds)

        monkeypatch.setattr("time.sleep", sleep)
        wait_for_turn("a.example")
        wait_for_turn("b.example")
        assert waits == []
        wait_for_turn("a.example")
        assert sum(waits) == pytest.approx(1, abs=0.11)
        cache.clear()
        wait_for_turn("a.example")
        assert sum(waits) == pytest.approx(1, abs=0.11)
