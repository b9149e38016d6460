"""The newest dump of all that is published."""

from django.db import models

from timeline.models.content import Issue


class DumpQuerySet(models.QuerySet["Dump"]):
    def newest(self) -> "Dump | None":
        """The last one that is whole; none after an issue was withdrawn, until there is one without it."""
        withdrawn = Issue.objects.filter(withdrawn_at__gte=models.OuterRef("started_at"))
        return self.exclude(finished_at=None).exclude(models.Exists(withdrawn)).first()


class Dump(models.Model):
    """Files in a folder of the storage; written by timeline.dumps."""

    folder = models.CharField(max_length=100, unique=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    files = models.JSONField(default=list)  # of each its name, title, rows, bytes, sha256

    objects = DumpQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        default_permissions = ()  # nobody edits what is derived

    def __str__(self) -> str:
        return self.folder

    def path(self, name: str) -> str:
        """Of a file, in the storage."""
        return f"{self.folder}/{name}"
