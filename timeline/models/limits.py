"""How often somebody asked, where no Redis counts it."""

from django.db import models


class Count(models.Model):
    """Of one client in one window of time: timeline.limits writes it, and nobody can tell whose it is."""

    key = models.CharField(primary_key=True, max_length=40)
    ends_at = models.BigIntegerField(db_index=True)  # seconds since 1970
    number = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()  # nobody edits it

    def __str__(self) -> str:
        return f"{self.key}: {self.number}"
