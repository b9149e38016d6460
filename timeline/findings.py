"""What the preflight of an issue finds: sections find things, too, so this stands below them."""

from dataclasses import dataclass
from typing import Literal

from django.urls import reverse

from timeline.models import Image, Issue, Item

Severity = Literal["hard", "soft"]  # whether it stops the publication


@dataclass(frozen=True)
class Finding:
    code: str
    severity: Severity
    message: str  # a sentence that says what to do
    row: Issue | Item  # where readers would meet it
    field: str  # of `row`, or of `image` where there is one; "" where all of it is meant
    line: int | None = None  # of the text in the field, from 1
    image: Image | None = None  # the picture shown there, where that is what has to be mended

    @property
    def is_hard(self) -> bool:
        return self.severity == "hard"

    @property
    def place(self) -> str:
        """The address of the field in the admin."""
        row = self.image or self.row
        page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
        if not self.field:
            return page
        is_in_form = row._meta.get_field(self.field).concrete  # else its rows are a table below the form
        return f"{page}#id_{self.field}" if is_in_form else f"{page}#{self.field}-group"
