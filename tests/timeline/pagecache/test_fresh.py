"""Readers never get a page of an edition that has passed."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils.autoreload import file_changed

from papers.models import PaperSummary
from tests.factories import make_issue, make_paper
from tests.timeline.pagecache.conftest import Site
from tests.ways import WAYS, elsewhere, raw
from timeline import edition, pagecache
from timeline.models import Filing, Issue
from timeline.publishing import publish, withdraw

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ["/", "/issues/2/", "/issues/3/", "/papers/orca/", "/papers/moved/", "/topics/small-models/", "/feed.atom"]


def test_the_next_request_sees_what_was_changed_by_any_way(site: Site, rows: None) -> None:
    def seen() -> dict[str, tuple[int, bytes]]:
        replies = {path: site.ask(path) for path in PAGES}
        return {path: (reply.status, reply.body) for path, reply in replies.items()}

    def true() -> dict[str, tuple[int, bytes]]:
        answers = {path: Client().get(path) for path in PAGES}
        return {path: (answer.status_code, answer.content) for path, answer in answers.items()}

    seen()
    site.was_asked()
    wrong = []
    for way, change in WAYS.items():
        change()
        after = seen()
        if after != true() or site.was_asked()[0] != "/":  # the home page is ready in every edition
            wrong.append(way)
    assert wrong == []


def test_the_page_of_a_draft_and_of_a_withdrawn_issue_is_never_ready(site: Site) -> None:
    issue = make_issue(number=2, published=False, title="A secret")
    make_paper(issue, slug="orca", body="A secret.")
    pages = ["/issues/2/", "/papers/orca/", "/issues/2.md"]
    assert [site.ask(page).status for page in pages] == [404] * 3
    publish(issue, override="A test.")
    assert [site.ask(page).status for page in pages] == [200] * 3
    withdraw(issue)
    answers = [site.ask(page) for page in [*pages, "/", "/feed.atom", "/sitemap-issues-1.xml"]]
    assert [answer.status for answer in answers[:3]] == [404] * 3
    assert [b"A secret" in answer.body for answer in answers] == [False] * 6


def test_a_scheduled_issue_comes_out_by_itself(site: Site) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as clock:
        make_issue(number=1, at=noon - timedelta(days=1))
        make_issue(number=2, at=noon + timedelta(hours=1), title="A second issue")
        make_issue(number=3, at=noon + timedelta(hours=2), title="A third issue")

        def seen() -> tuple[int, int, bool, bool]:
            home = site.ask("/").body
            pages = (site.ask("/issues/2/").status, site.ask("/issues/3/").status)
            return *pages, b"A second issue" in home, b"A third issue" in home

        assert seen() == (404, 404, False, False)
        clock.shift(timedelta(minutes=59, seconds=59))
        site.was_asked()
        assert seen() == (404, 404, False, False)
        assert "/" not in site.was_asked()
        clock.shift(timedelta(seconds=1))
        assert seen() == (200, 404, True, False)
        clock.shift(timedelta(hours=1))
        assert seen() == (200, 200, True, True)


def test_a_page_made_while_a_change_is_committed_is_not_served_afterwards(
    still: None, make_site: Callable[..., Site]
) -> None:
    """It has the old title, and is ready only when the new one is there already."""
    make_issue(number=2, title="Before")

    def change(path: str) -> None:
        if Issue.objects.filter(title="Before").exists():
            elsewhere(lambda: Issue.objects.update(title="After"))

    site = make_site(watch=change)
    assert b"Before" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"]
    assert b"After" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"]


def test_a_page_is_whole_though_it_changes_between_two_of_its_queries(site: Site) -> None:
    make_paper(make_issue(number=2, title="Issue before"), title="Paper before")
    changes: list[object] = []

    @transaction.atomic
    def change() -> None:
        Issue.objects.update(title="Issue after")
        PaperSummary.objects.update(title="Paper after")

    def change_before_papers_are_read(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if f'FROM "{PaperSummary._meta.db_table}"' in sql and not changes:
            changes.append(elsewhere(change))
        return execute(sql, *rest)

    def seen() -> set[bytes]:
        return set(re.findall(rb"(?:Issue|Paper) (?:before|after)", site.ask("/issues/2/").body))

    with connection.execute_wrapper(change_before_papers_are_read):
        assert seen() == {b"Issue before", b"Paper before"}
    assert len(changes) == 1
    assert seen() == {b"Issue after", b"Paper after"}


def test_a_page_is_whole_though_an_issue_comes_out_between_two_of_its_queries(site: Site) -> None:
    """A list is counted first: one that grew in between would be cut at its other end."""
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    for number in range(3):
        at = noon + timedelta(days=number - 2, minutes=1)
        make_paper(make_issue(number=number + 1, at=at), title=f"Paper {number}", authors=["Ada"])

    def seen() -> set[bytes]:
        return set(re.findall(rb"Paper \d", site.ask("/authors/ada/").body))

    with time_machine.travel(noon, tick=False) as clock:
        waited: list[str] = []

        def wait_once_it_is_counted(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            result = execute(sql, *rest)
            if "COUNT(" in sql and Filing._meta.db_table in sql and not waited:
                waited.append(sql)
                clock.shift(120)
            return result

        with connection.execute_wrapper(wait_once_it_is_counted):
            assert seen() == {b"Paper 0", b"Paper 1"}
        assert waited
        assert seen() == {b"Paper 0", b"Paper 1", b"Paper 2"}


def test_readers_give_no_notice(site: Site) -> None:
    make_issue(number=2)
    before = edition.notices()[:]
    assert [site.ask(path).status for path in ("/", "/issues/2/", "/issues/9/")] == [200, 200, 404]
    assert edition.notices()[:] == before


def test_what_is_not_committed_is_not_seen_and_does_no_harm(site: Site) -> None:
    make_issue(number=2, title="Before")

    def titles() -> list[bool]:
        return [word in site.ask("/issues/2/").body for word in (b"Before", b"After")]

    assert titles() == [True, False]
    with transaction.atomic():
        Issue.objects.update(title="After")
        assert elsewhere(titles) == [True, False]
        transaction.set_rollback(True)
    assert titles() == [True, False]
    with transaction.atomic():
        Issue.objects.update(title="After")
        assert elsewhere(titles) == [True, False]
    assert titles() == [False, True]


def unnoticed() -> Any:
    """As by another machine, or by a process that is killed between its commit and its notice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edition, "give_notice", lambda: None)
        Issue.objects.filter(number=2).update(title="After")


def test_a_change_that_nobody_tells_of_is_found_by_looking(site: Site) -> None:
    make_issue(number=2, title="Before")
    assert b"Before" in site.ask("/issues/2/").body
    unnoticed()
    site.cache.look()
    assert b"After" in site.ask("/issues/2/").body


def test_somebody_looks_all_the_time(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made anew though nobody asks for it."""
    monkeypatch.setattr(pagecache, "POLL", 0.01)
    make_issue(number=2, title="Before")
    made = threading.Semaphore(0)
    site = make_site(watch=lambda path: made.release())
    for _ in range(2):
        assert b"Before" in site.ask("/issues/2/").body
    assert made.acquire(timeout=30)
    unnoticed()
    assert made.acquire(timeout=30)
    assert b"After" in site.ask("/issues/2/").body
    assert site.was_asked() == ["/issues/2/"] * 2


def test_processes_of_a_machine_hear_of_a_commit_at_once_and_of_a_rollback_never(site: Site) -> None:
    make_issue(number=2)
    notices = edition.notices()
    before = notices[:]
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert notices[:] == before
        transaction.set_rollback(True)
    Issue.objects.count()
    assert notices[:] == before
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert notices[:] == before
    assert notices[:] != before


def test_while_the_database_does_not_answer_the_last_edition_is_served_for_a_time(
    site: Site,
    rows: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(using: str = "default") -> int:
        raise OperationalError("There is no database.")

    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        site.ask("/issues/2/")
        site.was_asked()
        monkeypatch.setattr(edition, "number", fails)
        clock.shift(pagecache.TRUST - 1)
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, [])
        clock.shift(1)
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, ["/issues/2/"])
        monkeypatch.undo()
        assert (site.ask("/issues/2/").status, site.was_asked()) == (200, [])


def test_nothing_is_kept_while_a_table_is_not_counted(site: Site, rows: None) -> None:
    raw(
        "DROP TRIGGER "
        + ("edition_timeline_issue_update" if connection.vendor == "sqlite" else "edition ON timeline_issue")
    )
    assert [site.ask("/issues/2/").status for _ in range(2)] == [200, 200]
    assert (site.was_asked(), site.cache.stock) == (["/issues/2/"] * 2, None)
    edition.create()
    assert [site.ask("/issues/2/").status for _ in range(2)] == [200, 200]
    assert site.was_asked() == ["/issues/2/"]


def test_a_template_that_a_developer_changes_is_seen(site: Site, rows: None) -> None:
    site.ask("/issues/2/")
    assert not any(
        stop for _, stop in file_changed.send(sender=None, file_path=Path("page.html"))
    )  # that would be a restart
    site.ask("/issues/2/")
    assert site.was_asked() == ["/issues/2/"] * 2
