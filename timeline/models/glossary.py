"""The words that texts use and readers may not know."""

from secrets import randbits
from typing import Any

from django.db import models

from timeline.glossary import Explained, Glossary
from timeline.models.base import AbstractSpelling, Named, NamedQuerySet, address

_newest = Glossary(())  # that this process has needed
_EMPTY = Glossary(())


def new_seal() -> int:
    return randbits(40) + 1


class TermQuerySet(NamedQuerySet):
    def all_seals(self) -> models.Subquery:
        """The sum of all seals, for another query: it is another one after every change, and 0 without any term."""
        total = models.Func(models.F("seal"), template="COALESCE(SUM(%(expressions)s), 0)")
        return models.Subquery(self.order_by().annotate(total=total).values("total"), models.BigIntegerField())

    def glossary(self, seals: int) -> Glossary:
        """All terms, compiled; no query while `seals`, what all_seals() gave, is what it was the last time."""
        global _newest
        if not seals:
            return _EMPTY
        if seals != _newest.seals:
            terms: list[Any] = list(self.order_by("pk").prefetch_related("spellings"))
            _newest = Glossary([term.explained for term in terms], sum(term.seal for term in terms))
        return _newest


class Term(Named):
    DERIVED = ("seal",)

    expansion = models.CharField(max_length=200, blank=True, help_text="What the letters stand for.")
    explanation = models.TextField(max_length=500, help_text="A sentence or two in plain words, without markup.")
    seal = models.BigIntegerField(default=new_seal, editable=False, db_index=True)  # random, a new one at each change

    objects = TermQuerySet.as_manager()

    class Meta(Named.Meta):
        ordering = ["key", "pk"]

    def get_absolute_url(self) -> str:
        return address("term", self.slug)

    @property
    def explained(self) -> Explained:
        names = (self.name, *(spelling.name for spelling in self.spellings.all()))
        return Explained(str(self.uuid), self.slug, self.name, names, self.expansion, self.explanation)

    @property
    def letter(self) -> str:
        """Under which it stands in a list."""
        return self.key[:1].upper() if self.key[:1].isalpha() else "#"


class TermSpelling(AbstractSpelling):
    term = models.ForeignKey(Term, models.CASCADE, related_name="spellings")

    class Meta(AbstractSpelling.Meta):
        constraints = [models.UniqueConstraint(fields=["term", "name"], name="term_spelling_unique")]
