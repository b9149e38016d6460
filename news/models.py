from django.db import models

from timeline.fields import WebField
from timeline.markdown import safe_href
from timeline.models import Item


class NewsItem(Item):
    kind = "news"

    organisation = models.CharField(max_length=200, blank=True)
    source_name = models.CharField("source", max_length=200, blank=True)
    source_url = WebField("link to the source")
    date = models.DateField(null=True, blank=True, help_text="Of the event.")
    authors = models.ManyToManyField("papers.Author", through="NewsAuthorship", related_name="news", blank=True)

    @property
    def links(self) -> list[tuple[str, str]]:
        """(label, address) of the source; no address that a browser would run."""
        return [(self.source_name or "Source", self.source_url)] if safe_href(self.source_url) else []


class NewsAuthorship(models.Model):
    item = models.ForeignKey(NewsItem, models.CASCADE, related_name="bylines")
    author = models.ForeignKey("papers.Author", models.PROTECT)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["item", "author"], name="news_authorship_unique")]

    def __str__(self) -> str:
        return str(self.author)
