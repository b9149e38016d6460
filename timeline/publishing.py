"""Publish, schedule and withdraw an issue, and what follows from it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from timeline import preflight, websub
from timeline.findings import Finding
from timeline.history import record
from timeline.models import Issue, Override, User


class NotPossible(Exception):
    """The issue is in no state for that; the message says why, for the editor."""


class Unready(NotPossible):
    """Its preflight has hard `findings`."""

    def __init__(self, issue: Issue, findings: Sequence[Finding]) -> None:
        told = "".join(f"\n- {finding.row}: {finding.message}" for finding in findings)
        super().__init__(
            f"Issue {issue.number} is not ready. Mend this, or give a reason to publish it all the same:{told}"
        )
        self.findings = findings


@transaction.atomic
def publish(issue: Issue, *, at: datetime | None = None, editor: User | None = None, override: str = "") -> Issue:
    """Make `issue` public now, or from the time `at` on; one that comes back after a withdrawal keeps its date.

    Raises Unready where the preflight has hard findings; an `override`, the reason of a Publisher, is kept with them.
    """
    issue = Issue.objects.select_for_update().get(pk=issue.pk)
    if issue.is_public:
        raise NotPossible(f"Issue {issue.number} is published already.")
    if hard := preflight.inspect(issue).hard:
        if not override:
            raise Unready(issue, hard)
        messages = [f"{finding.row}: {finding.message}" for finding in hard]
        Override.objects.create(issue=issue, reason=override, findings=messages, editor=editor)
    now = timezone.now()
    if at is None:
        was_public = issue.withdrawn_at and issue.published_at and issue.published_at <= issue.withdrawn_at
        at = issue.published_at if was_public else now
    issue.published_at, issue.withdrawn_at = at, None
    issue.save()
    record(issue, "published" if issue.is_public else "scheduled", editor)
    websub.plan(issue)
    return issue


@transaction.atomic
def withdraw(issue: Issue, *, editor: User | None = None) -> Issue:
    """Take `issue` off the site; one that is only scheduled becomes a draft again."""
    issue = Issue.objects.select_for_update().get(pk=issue.pk)
    if issue.status == Issue.Status.PUBLISHED:
        issue.withdrawn_at, action = timezone.now(), "withdrawn"
    elif issue.status == Issue.Status.SCHEDULED:
        issue.published_at, action = None, "unscheduled"
    else:
        raise NotPossible(f"Issue {issue.number} is not published: there is nothing to withdraw.")
    issue.save()
    record(issue, action, editor)
    return issue
