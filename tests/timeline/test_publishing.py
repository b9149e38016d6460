from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.factories import edith, make_issue
from timeline.history import versions
from timeline.models import Issue, Publication
from timeline.publishing import NotPossible, publish, withdraw

pytestmark = pytest.mark.django_db


def test_publish_makes_public_now_and_keeps_a_version() -> None:
    editor = edith()
    issue = publish(make_issue(published=False), editor=editor)
    assert (issue.status, issue.published_at <= timezone.now()) == ("published", True)
    assert [(version.action, version.editor) for version in versions(issue)] == [("published", editor)]


def test_publish_at_a_later_time_schedules() -> None:
    at = timezone.now() + timedelta(days=1)
    issue = publish(make_issue(published=False), at=at)
    assert (issue.status, issue.published_at) == ("scheduled", at)
    assert publish(issue).status == "published"


def test_publish_refuses_what_is_published() -> None:
    with pytest.raises(NotPossible, match="published already"):
        publish(make_issue())


def test_issue_that_comes_back_keeps_its_date() -> None:
    issue = make_issue(at=datetime(2023, 11, 27, tzinfo=UTC))
    assert withdraw(issue).status == "withdrawn"
    back = publish(issue)
    assert (back.status, back.published_at) == ("published", datetime(2023, 11, 27, tzinfo=UTC))


def test_withdraw_makes_a_scheduled_issue_a_draft_again() -> None:
    issue = withdraw(make_issue(at=timezone.now() + timedelta(days=1)))
    assert (issue.status, issue.published_at) == ("draft", None)


@pytest.mark.parametrize("published", [False, True])
def test_withdraw_refuses_what_readers_do_not_see(published: bool) -> None:
    issue = make_issue(published=published)
    if published:
        withdraw(issue)
    with pytest.raises(NotPossible, match="nothing to withdraw"):
        withdraw(issue)


def test_publish_command_reads_the_time_in_the_zone_of_the_publication(capsys: pytest.CaptureFixture[str]) -> None:
    Publication(time_zone="America/New_York").save()
    make_issue(number=5, published=False)
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
        (["withdraw", "1"], "Issue 1 is not published: there is nothing to withdraw."),
    ],
)
def test_commands_refuse_with_a_sentence(command: list[str], sentence: str) -> None:
    make_issue(number=1, published=False)
    with pytest.raises(CommandError) as error:
        call_command(*command)
    assert str(error.value) == sentence
