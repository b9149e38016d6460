"""When the site was last backed up, for those who look after it."""

from django.db import models


class Backup(models.Model):
    """A file that was written whole and read back; written by timeline.backup, and in no backup itself."""

    made_at = models.DateTimeField()  # the moment whose state it has
    bytes = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["-made_at", "-pk"]
        default_permissions = ("view",)  # nobody edits it

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d %H:%M}"
