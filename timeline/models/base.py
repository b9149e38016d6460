"""What all content has in common: a name in every database, and an address that leaves a redirect when it changes."""

import unicodedata
from functools import lru_cache
from typing import Any
from uuid import uuid4

from django.db import models, transaction
from django.urls import reverse
from slugify import slugify


@lru_cache(maxsize=4_000)
def address(name: str, *args: str | int, **kwargs: str | int) -> str:
    """The path of a page: a list links a hundred, and reverse() tries the patterns of a name anew for each."""
    return reverse(name, args=args, kwargs=kwargs)


class Content(models.Model):
    """What a Version can record: a row with a name of its own that is the same in every database."""

    DERIVED: tuple[str, ...] = ()  # fields that are made of the others: no Version keeps them
    STATE: tuple[str, ...] = ()  # fields that have a door of their own: going back to a Version leaves them as they are

    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)

    class Meta:
        abstract = True


class FormerSlug(models.Model):
    """A slug that an item, author or topic once had, or the one of an author merged into it."""

    model = models.CharField(max_length=100)  # a label such as "papers.papersummary"
    slug = models.SlugField(max_length=120)
    target = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "slug"], name="former_slug_unique")]

    def __str__(self) -> str:
        return f"{self.model} {self.slug}"


class Slugged(Content):
    """A page with an address: a changed slug leaves a permanent redirect."""

    SLUG_SOURCE = "title"

    _stored_slug: str | None = None  # what the database has

    slug = models.SlugField(
        max_length=120,
        unique=True,
        blank=True,
        help_text="The address of the page; made from the title if empty. The old address will lead to a new one.",
    )

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, *args: Any, **kwargs: Any) -> Any:
        row = super().from_db(*args, **kwargs)
        row._stored_slug = row.__dict__.get("slug")  # absent when deferred
        return row

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic(savepoint=False):
            if not self.slug:
                self.slug = self.free_slug(getattr(self, self.SLUG_SOURCE))
            super().save(*args, **kwargs)
            if self._stored_slug and self._stored_slug != self.slug:
                self.leave_redirect(self._stored_slug)
            self._stored_slug = self.slug

    def get_absolute_url(self) -> str:
        raise NotImplementedError

    def free_slug(self, text: str) -> str:
        """A slug made from `text` that no other row of this model has or had: the second "orca" is "orca-2"."""
        base = slugify(text, max_length=100, word_boundary=True) or self._meta.model_name or ""
        taken = self.taken_slugs(base)
        slug, count = base, 1
        while slug in taken:
            count += 1
            slug = f"{base}-{count}"
        return slug

    def taken_slugs(self, start: str) -> set[str]:
        """Those beginning with `start` that another row of this model has or had."""
        rows = type(self)._base_manager.filter(slug__startswith=start).exclude(pk=self.pk)
        former = FormerSlug.objects.filter(model=self._meta.label_lower, slug__startswith=start)
        return {*rows.values_list("slug", flat=True), *former.exclude(target=self.uuid).values_list("slug", flat=True)}

    def leave_redirect(self, slug: str) -> None:
        FormerSlug.objects.update_or_create(model=self._meta.label_lower, slug=slug, defaults={"target": self.uuid})


def name_key(name: str) -> str:
    """What two spellings of one name share: no case, no diacritics, no dots, single spaces."""
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(" " if char in ".‐-" else char for char in folded if not unicodedata.combining(char))
    return " ".join(letters.split())


class NamedQuerySet(models.QuerySet):
    def named(self, name: str) -> "NamedQuerySet":
        """Those known under this name or a spelling that differs in case, dots and diacritics only."""
        key = name_key(name)
        return self.filter(models.Q(key=key) | models.Q(spellings__key=key)).distinct().order_by("pk")


class Named(Slugged):
    """Somebody or something that texts name: its manager is a NamedQuerySet, its `spellings` are other names."""

    SLUG_SOURCE = "name"

    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, editable=False, db_index=True)

    class Meta:
        abstract = True
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.name)
        super().save(*args, **kwargs)


class AbstractSpelling(models.Model):
    """Another way to write a name, by which it is found."""

    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200, editable=False, db_index=True)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = name_key(self.name)
        super().save(*args, **kwargs)
