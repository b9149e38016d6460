"""What editors have typed and not saved, and who has what open."""

from django.db import models

from timeline.models.users import User


class Draft(models.Model):
    """What one editor has typed into one form of one row since the last save. It is no version, and no history.

    A form that is shown once more, in another tab or after a reload, is another sheet with a draft of its own.
    """

    model = models.CharField(max_length=100)  # a label, as in Version
    object_uuid = models.UUIDField()  # of the row; of nothing yet while it is being added
    editor = models.ForeignKey(User, models.CASCADE, related_name="drafts")
    sheet = models.UUIDField()  # the form on one page
    turn = models.BigIntegerField(default=0)  # how often it had been changed
    base = models.BigIntegerField()  # the revision that the form showed
    data = models.JSONField()  # in the form of a Version; what cannot be saved yet stands as it was typed
    typed = models.JSONField()  # the form itself as the browser sends it: {name: [value, …]}
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-saved_at", "-pk"]
        default_permissions = ()  # it belongs to its editor
        constraints = [
            models.UniqueConstraint(fields=["model", "object_uuid", "editor", "sheet"], name="draft_of_sheet")
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_uuid}, {self.editor}"

    @property
    def stamp(self) -> str:
        """Says which draft, and how much of it."""
        return f"{self.sheet}/{self.turn}"

    @property
    def title(self) -> str:
        return self.data.get("title") or self.data.get("name") or "something without a title"


class Presence(models.Model):
    """That an editor has the form of a row open: the browser says so again and again."""

    model = models.CharField(max_length=100)
    object_uuid = models.UUIDField()
    editor = models.ForeignKey(User, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["model", "object_uuid", "editor"], name="presence_unique")]

    def __str__(self) -> str:
        return f"{self.editor} at {self.model} {self.object_uuid}"
