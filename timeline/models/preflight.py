"""What the preflight of an issue keeps: which links answered, and why one was published in spite of it."""

from django.db import models
from django.utils import timezone

from timeline.models.content import Issue
from timeline.models.users import User


class CheckedLink(models.Model):
    """What an address answered when timeline.links asked it the last time."""

    MAX_LENGTH = 600  # characters of an address: a longer one is never checked

    url = models.CharField(max_length=MAX_LENGTH, unique=True)
    checked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)  # of HTTP; None where there was no answer
    error = models.CharField(max_length=300, blank=True)  # why there was none, as a sentence

    class Meta:
        default_permissions = ()  # the worker writes it

    def __str__(self) -> str:
        return f"{self.url}: {self.status or self.error}"

    @property
    def is_broken(self) -> bool:
        """Whether nothing is there. Many sites refuse programs (401, 403, 429 and others): somebody is there, then."""
        return self.status is None or self.status in {404, 410} or self.status >= 500


class Override(models.Model):
    """An issue that was published in spite of hard findings."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="overrides")
    reason = models.CharField(max_length=500)
    findings = models.JSONField()  # the sentences
    editor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()  # nobody changes what was
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.reason
