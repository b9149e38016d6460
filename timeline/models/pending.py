"""What waits until a Publisher lets readers see it, and what was corrected after publication."""

from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils import timezone

from timeline.models.base import address
from timeline.models.content import Issue, Item, Version
from timeline.models.prepared import prepared
from timeline.models.users import User


class PendingChange(models.Model):
    """What a published issue, or an item of it, shall become: the newest `version` of it that readers do not see."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="pending_changes")  # that will be updated
    model = models.CharField(max_length=100)  # a label, as in Version
    object_uuid = models.UUIDField()
    version = models.ForeignKey(Version, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()  # who may change the row may change this
        constraints = [models.UniqueConstraint(fields=["model", "object_uuid"], name="pending_change_unique")]

    def __str__(self) -> str:
        return f"{self.model} {self.object_uuid}"

    @property
    def row(self) -> Any:
        """As readers see it; None if it was deleted meanwhile."""
        return apps.get_model(self.model)._base_manager.filter(uuid=self.object_uuid).first()


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def told(self) -> "CorrectionQuerySet":
        """Those that a page tells of by itself, newest first: readers need not know of a typo."""
        return self.filter(is_minor=False)


class Correction(models.Model):
    """That an issue was changed after its publication, and why: readers see it."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="corrections")
    note = models.TextField(max_length=500)
    is_minor = models.BooleanField("only typos", default=False)
    editor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()  # it comes with an update

    def __str__(self) -> str:
        return f"{self.issue}, {self.created_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return f"{address('corrections', self.issue.number)}#{self.anchor}"

    @property
    def anchor(self) -> str:
        return f"at-{self.created_at:%Y%m%d-%H%M%S}"


def told_corrections(issue: Issue, item: Item | None = None) -> list[Correction]:
    """What the page of an issue, or of an item in it, tells of by itself, newest first. One query."""
    found = _told_of_item(issue.pk, item.uuid) if item else _told(issue.pk)
    for correction in found:
        correction.issue = issue
    return found


@prepared(models.BigAutoField())
def _told(issue: int) -> CorrectionQuerySet:
    return Correction.objects.told().filter(issue=issue)


@prepared(models.BigAutoField(), models.UUIDField())
def _told_of_item(issue: int, uuid: UUID) -> CorrectionQuerySet:
    return Correction.objects.told().filter(issue=issue, rows__object_uuid=uuid)


class CorrectedRow(models.Model):
    """What a correction did to the issue or to one of its items, with all names as they were then."""

    correction = models.ForeignKey(Correction, models.CASCADE, related_name="rows")
    object_uuid = models.UUIDField(db_index=True)
    title = models.CharField(max_length=400)
    differences = models.JSONField()  # [{"label": of the field, "changes": [[paragraph as it was, as it is], …]}, …]

    class Meta:
        ordering = ["pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.title
