"""Publish, schedule, update and withdraw an issue, and what follows from it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from timeline import markdown, pending, preflight, websub
from timeline.differences import differences
from timeline.findings import Finding
from timeline.history import current, record, record_all
from timeline.models import CorrectedRow, Correction, Issue, Override, PendingChange, User


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
@markdown.read_once()
def publish(issue: Issue, *, at: datetime | None = None, editor: User | None = None, override: str = "") -> Issue:
    """Make `issue` public now, or from the time `at` on; one that comes back after a withdrawal keeps its date.

    Raises Unready where the preflight has hard findings; an `override`, the reason of a Publisher, is kept with them.
    """
    issue = Issue.objects.select_for_update().get(pk=issue.pk)
    if issue.is_public:
        raise NotPossible(f"Issue {issue.number} is published already.")
    _inspect(issue, editor, override)
    now = timezone.now()
    if at is None:
        was_public = issue.withdrawn_at and issue.published_at and issue.published_at <= issue.withdrawn_at
        at = issue.published_at if was_public else now
    issue.published_at, issue.withdrawn_at = at, None
    issue.save()
    record(issue, "published" if issue.is_public else "scheduled", editor)
    websub.plan(issue)
    return issue


def _inspect(issue: Issue, editor: User | None, override: str) -> None:
    if hard := preflight.inspect(issue, doubts=False).hard:
        if not override:
            raise Unready(issue, hard)
        messages = [f"{finding.row}: {finding.message}" for finding in hard]
        Override.objects.create(issue=issue, reason=override, findings=messages, editor=editor)


@transaction.atomic
@markdown.read_once()
def update(
    issue: Issue, *, note: str = "", is_minor: bool = False, editor: User | None = None, override: str = ""
) -> list[str]:
    """Let readers see all that waits for `issue`, at once; they are told by `note` what was corrected, and why.

    Gives sentences about what could not be as it was meant. Raises NotPossible where nothing waits or the note is
    missing, Unready as publish() does, ValidationError where the rules forbid what waits.
    """
    issue = Issue.objects.select_for_update().get(pk=issue.pk)
    waiting = pending.changes_of(issue)
    if not waiting:
        raise NotPossible(f"Nothing waits for an update of issue {issue.number}.")
    if issue.is_public and not note.strip():
        raise NotPossible("Tell readers what was corrected, and why.")
    seen = {row.uuid: current(row) for row in pending.rows_of(waiting)}
    touched, notes = pending.apply(waiting)
    _inspect(issue, editor, override)
    record_all(touched, editor)
    if issue.is_public:
        correction = Correction.objects.create(issue=issue, note=note.strip(), is_minor=is_minor, editor=editor)
        CorrectedRow.objects.bulk_create(
            CorrectedRow(
                correction=correction,
                object_uuid=row.uuid,
                title=str(row),
                differences=[
                    {"label": each.label, "changes": [[change.old, change.new] for change in each.changes]}
                    for each in differences(type(row), seen[row.uuid], current(row))
                ],
            )
            for row, what in touched.items()
            if what == "updated"
        )
        websub.plan(issue)
    PendingChange.objects.filter(pk__in=[change.pk for change in waiting]).delete()
    return notes


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
