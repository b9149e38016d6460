from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from papers.sections import Papers
from tests.factories import edith, make_draft, make_issue, make_news, tag
from timeline import dialect, preflight
from timeline.history import versions
from timeline.models import Entry, Filing, Issue, Override, Publication
from timeline.publishing import NotPossible, Unready, publish, withdraw
from timeline.sections import Section, sections

pytestmark = pytest.mark.django_db


def test_publish_makes_public_now_and_keeps_a_version() -> None:
    editor = edith()
    issue = publish(make_draft(), editor=editor)
    assert (issue.status, issue.published_at <= timezone.now()) == ("published", True)
    assert [(version.action, version.editor) for version in versions(issue)] == [("published", editor)]


def test_who_publishes_does_not_wait_for_doubts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Section, "doubts", lambda kind, items: asked.append(kind.kind) or [])
    monkeypatch.setattr(Papers, "doubts", Section.doubts)
    issue = make_draft()
    publish(issue)
    assert asked == []
    preflight.inspect(issue)
    assert asked == [kind.kind for kind in sections()]


def test_publish_at_a_later_time_schedules() -> None:
    at = timezone.now() + timedelta(days=1)
    issue = publish(make_draft(), at=at)
    assert (issue.status, issue.published_at) == ("scheduled", at)
    assert publish(issue).status == "published"


def test_publish_refuses_what_is_published() -> None:
    with pytest.raises(NotPossible, match="published already"):
        publish(make_issue())


def test_issue_that_comes_back_keeps_its_date() -> None:
    issue = make_draft(at=datetime(2023, 11, 27, tzinfo=UTC))
    assert withdraw(issue).status == "withdrawn"
    back = publish(issue)
    assert (back.status, back.published_at) == ("published", datetime(2023, 11, 27, tzinfo=UTC))


def test_withdraw_makes_a_scheduled_issue_a_draft_again() -> None:
    issue = withdraw(make_issue(at=timezone.now() + timedelta(days=1)))
    assert (issue.status, issue.published_at) == ("draft", None)


def test_publish_stops_at_hard_findings_and_keeps_the_reason_of_who_goes_on() -> None:
    editor, issue = edith(), make_issue(number=1, published=False)
    with pytest.raises(Unready, match="Issue 1 is not ready") as error:
        publish(issue, editor=editor)
    assert ([finding.code for finding in error.value.findings], versions(issue).count()) == (["no-items"], 0)
    later = timezone.now() + timedelta(days=1)
    assert publish(issue, at=later, editor=editor, override="The items follow").status == "scheduled"
    kept = Override.objects.get()
    assert (kept.issue, kept.reason, kept.editor) == (issue, "The items follow", editor)
    assert kept.findings == ["#1 – Title of issue 1: Add an item: this issue has none."]
    assert [version.action for version in versions(issue)] == ["scheduled"]


def test_reason_is_kept_only_where_it_was_needed() -> None:
    publish(make_draft(), override="Just in case")
    assert Override.objects.count() == 0


def test_command_takes_a_reason() -> None:
    make_issue(number=1, published=False)
    call_command("publish", "1", "--override", "A test of the mail")
    assert (Issue.objects.get().status, Override.objects.get().reason) == ("published", "A test of the mail")


@pytest.mark.parametrize("published", [False, True])
def test_withdraw_refuses_what_readers_do_not_see(published: bool) -> None:
    issue = make_issue(published=published)
    if published:
        withdraw(issue)
    with pytest.raises(NotPossible, match="nothing to withdraw"):
        withdraw(issue)


def test_publish_command_reads_the_time_in_the_zone_of_the_publication(capsys: pytest.CaptureFixture[str]) -> None:
    Publication(time_zone="America/New_York").save()
    make_draft(number=5)
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC)):
        call_command("publish", "5", "--at", "2026-01-02T09:00")
        assert Issue.objects.get().published_at == datetime(2026, 1, 2, 14, tzinfo=UTC)
        assert "scheduled" in capsys.readouterr().out
        call_command("publish", "5")
        call_command("withdraw", "5")
    assert Issue.objects.get().status == "withdrawn"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["publish", "9"], "There is no issue 9."),
        (["withdraw", "9"], "There is no issue 9."),
        (["publish", "1", "--at", "soon"], "“soon” is no time: write it like 2026-12-01T09:00."),
        (
            ["publish", "1", "--at", "2026-13-01T00:00"],
            "“2026-13-01T00:00” is no time: write it like 2026-12-01T09:00.",
        ),
        (
            ["publish", "1"],
            "Issue 1 is not ready. Mend this, or give a reason to publish it all the same:\n"
            "- #1 – Title of issue 1: Add an item: this issue has none.",
        ),
        (["withdraw", "1"], "Issue 1 is not published: there is nothing to withdraw."),
    ],
)
def test_commands_refuse_with_a_sentence(command: list[str], sentence: str) -> None:
    make_issue(number=1, published=False)
    with pytest.raises(CommandError) as error:
        call_command(*command)
    assert str(error.value) == sentence


def catalogued() -> tuple[list[Any], list[Any]]:
    """All that the catalogue says, but for the numbers of its rows."""
    fields = [field.name for field in Entry._meta.concrete_fields if field.name != "id"]
    filings = Filing.objects.values_list("entry__object_uuid", "name", "facet__value", "facet__label")
    return list(Entry.objects.order_by("object_uuid").values(*fields)), sorted(filings, key=str)


def test_items_without_a_date_of_their_own_move_with_their_issue() -> None:
    issue = make_draft()
    make_news(issue, title="Dated", date=date(2022, 5, 4))
    tag(make_news(issue, title="Undated", body="Words."), "Agents")

    def years() -> list[tuple[str, str]]:
        return sorted(
            Filing.objects.filter(name="year", entry__in=Entry.objects.items()).values_list(
                "entry__title", "facet__value"
            )
        )

    assert years() == [("Dated", "2022")]
    paper = issue.papersummary_set.get().title
    publish(issue, at=datetime(2023, 12, 31, 23, 30, tzinfo=UTC), override="For this test.")
    assert years() == [("Dated", "2022"), (paper, "2023"), ("Undated", "2023")]
    Publication.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Berlin"})
    Issue.objects.filter(pk=issue.pk).update(withdrawn_at=timezone.now())
    publish(issue, override="For this test.")
    assert years() == [("Dated", "2022"), (paper, "2024"), ("Undated", "2024")]
    known = catalogued()
    call_command("rebuild", verbosity=0)
    assert catalogued() == known


def test_publishing_reads_each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    issue = make_draft(introduction="In this issue, ![](media:nowhere).")
    make_news(issue, body="What happened, with $x$ and\n\n::: note\nA note.\n:::\n")
    texts: list[str] = []
    parsed = dialect._PARSER.parse
    monkeypatch.setattr(dialect._PARSER, "parse", lambda text: texts.append(text) or parsed(text))
    publish(issue, override="For this test.")
    assert sorted(texts) == sorted(set(texts)) != []


def test_publishing_needs_as_many_queries_whatever_the_issue_and_the_archive() -> None:
    def queries(items: int) -> list[int]:
        issue = make_draft()
        for _ in range(items):
            make_news(issue, body="What happened, [they say](https://example.org/).")
        counts = []
        for deed in (publish, withdraw, publish):
            with CaptureQueriesContext(connection) as found:
                deed(issue)
            counts.append(len(found))
        return counts

    publish(make_draft())  # the first of a site makes a row or two that are there from then on
    few = queries(2)
    for _ in range(5):
        make_news(make_issue())
    assert [few, queries(10)] == [[21, 12, 18]] * 2
