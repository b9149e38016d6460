"""The number by which stored pages know whether anything has changed."""

from django.db import models


class Edition(models.Model):
    """The sum of all rows is the edition. Triggers write them; timeline.edition says why there may be several."""

    number = models.BigIntegerField()

    class Meta:
        default_permissions = ()  # nobody edits it

    def __str__(self) -> str:
        return str(self.number)
