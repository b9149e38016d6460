"""Pictures and films."""

from collections.abc import Iterable
from posixpath import splitext
from typing import Any

from django.db import models
from django.db.models.functions import Now

from timeline import markdown
from timeline.glossary import Glossary
from timeline.models.base import Content
from timeline.models.prepared import prepared


class ImageQuerySet(models.QuerySet["Image"]):
    def markdown_context(
        self,
        texts: Iterable[str],
        *,
        known: Iterable["Image"] = (),
        base_url: str = "",
        glossary: Glossary | None = None,
    ) -> markdown.Context:
        """What timeline.markdown needs to know of the images that these texts refer to, and of the `known` ones.

        One query, or none where the texts refer to no other image.
        """
        figures = {image.name: image.figure for image in known}
        names = {name for text in texts for name in markdown.media_names(text)} - figures.keys()
        if names:
            figures |= {image.name: image.figure for image in _named(sorted(names))}
        return markdown.Context(figures=figures, base_url=base_url, glossary=glossary)


@prepared(models.SlugField())
def _named(names: list[str]) -> "models.QuerySet[Image]":
    return Image.objects.filter(name__in=names)


def copy_of(path: str, kind: str, width: int) -> str:
    """Where a lighter copy of the picture at `path` is: its file beside a file, its address beside an address."""
    return f"{splitext(path)[0]}-{width}.{kind}"


class Image(Content):
    """A picture, or a film: whatever `media:NAME` shows. One that moves has a poster."""

    _stored_name: str | None = None  # what the database has

    DERIVED = ("variants",)

    name = models.SlugField(
        max_length=120,
        unique=True,
        help_text="What “media:NAME” in a text means. It never changes.",
    )
    file = models.FileField(upload_to="images/", blank=True, help_text="A picture, or a film as MP4 or WebM.")
    width = models.PositiveIntegerField(null=True, blank=True, editable=False)
    height = models.PositiveIntegerField(null=True, blank=True, editable=False)
    poster = models.FileField(
        upload_to="images/",
        blank=True,
        help_text="The still of what moves; taken from the file if none is chosen.",
    )
    captions = models.FileField(
        "subtitles", upload_to="images/", blank=True, help_text="What is said in a film, as WebVTT (.vtt)."
    )
    variants = models.JSONField(default=dict, blank=True, editable=False)  # widths by format; timeline.variants
    alt = models.CharField(
        "alternative text", max_length=500, blank=True, help_text="What the picture says to those who do not see it."
    )
    caption = models.CharField(max_length=500, blank=True)
    credit = models.CharField(max_length=200, blank=True, help_text="Who made it, as readers see it.")
    rights = models.CharField(
        max_length=300, blank=True, help_text="Why we may show it: our own drawing, a licence, a permission."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Any:
        row = super().from_db(*args, **kwargs)
        row._stored_name = row.__dict__.get("name")
        return row

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._stored_name not in (None, self.name):
            raise ValueError(f"The name of an image never changes: “{self._stored_name}” stands in texts.")
        super().save(*args, **kwargs)
        self._stored_name = self.name

    @property
    def figure(self) -> markdown.Figure:
        src = self.file.url if self.file else ""
        return markdown.Figure(
            src=src,
            width=self.width,
            height=self.height,
            alt=self.alt,
            caption=self.caption,
            credit=self.credit,
            poster=self.poster.url if self.poster else "",
            captions=self.captions.url if self.captions else "",
            variants=tuple(
                markdown.Variant(f"image/{kind}", width, copy_of(src, kind, width))
                for kind, widths in self.variants.items()
                for width in widths
            ),
        )

    def variant_name(self, kind: str, width: int) -> str:
        """The file of the copy in that format ("avif", "webp") and of that width in pixels."""
        return copy_of(str(self.file.name), kind, width)

    @property
    def files(self) -> list[str]:
        """The names of all that is stored of it."""
        variants = [self.variant_name(kind, width) for kind, widths in self.variants.items() for width in widths]
        return [str(file.name) for file in (self.file, self.poster, self.captions) if file] + variants
