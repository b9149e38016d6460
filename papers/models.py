import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse

from papers.arxiv import has_html, parse_identifier
from timeline.fields import LinksField, WebField, parse_links
from timeline.markdown import safe_href
from timeline.models import AbstractSpelling, Item, Named, NamedQuerySet
from timeline.sections import sections

DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$")


class AuthorQuerySet(NamedQuerySet):
    def published(self) -> "AuthorQuerySet":
        """Authors of something, of whatever kind, that readers may see."""
        places = models.Q()
        for section in sections():
            if section.has_authors:
                published = section.model._default_manager.published()
                places |= models.Q(pk__in=section.bylines.filter(item__in=published).values("author"))
        return self.filter(places)


class Author(Named):
    orcid = models.CharField(
        "ORCID",
        max_length=19,
        blank=True,
        validators=[RegexValidator(r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$", "Write it like 0000-0002-1825-0097.")],
    )
    links = LinksField()

    objects = AuthorQuerySet.as_manager()

    def get_absolute_url(self) -> str:
        return reverse("author", args=[self.slug])

    @property
    def link_list(self) -> list[tuple[str, str]]:
        return parse_links(self.links)


class Spelling(AbstractSpelling):
    """Another way to write an author's name, by which an import finds them."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="spellings")

    class Meta(AbstractSpelling.Meta):
        constraints = [models.UniqueConstraint(fields=["author", "name"], name="spelling_unique")]


class PaperSummary(Item):
    kind = "papers"

    authors = models.ManyToManyField(Author, through="Authorship", related_name="papers", blank=True)
    arxiv_id = models.CharField(
        "arXiv id", max_length=40, blank=True, help_text="2311.11045, with or without version, or the address."
    )
    arxiv_version = models.PositiveSmallIntegerField("arXiv version", null=True, blank=True)
    doi = models.CharField(
        "DOI",
        max_length=200,
        blank=True,
        validators=[RegexValidator(DOI, "Write it like 10.48550/arXiv.2311.11045.")],
    )
    pdf_url = WebField("PDF")
    code_url = WebField("code")
    weights_url = WebField("weights")
    project_url = WebField("project page")
    venue = models.CharField(max_length=200, blank=True)
    date = models.DateField(null=True, blank=True, help_text="Of the paper.")
    abstract = models.TextField(blank=True)

    class Meta(Item.Meta):
        verbose_name_plural = "paper summaries"

    def clean(self) -> None:
        super().clean()
        if self.arxiv_id:
            try:
                self.arxiv_id, version = parse_identifier(self.arxiv_id)
            except ValueError as error:
                raise ValidationError({"arxiv_id": str(error)}) from error
            self.arxiv_version = version or self.arxiv_version
        self.doi = DOI.sub(r"\1", self.doi)

    @property
    def arxiv(self) -> str:
        """Identifier with version, as one cites it."""
        return f"{self.arxiv_id}v{self.arxiv_version}" if self.arxiv_version else self.arxiv_id

    @property
    def links(self) -> list[tuple[str, str]]:
        """(label, address) of everything that exists of the paper; no address that a browser would run."""
        pairs = [
            (f"arXiv {self.arxiv}", f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv_id else ""),
            ("PDF", self.pdf_url or (f"https://arxiv.org/pdf/{self.arxiv}" if self.arxiv_id else "")),
            ("HTML", f"https://arxiv.org/html/{self.arxiv}" if has_html(self.arxiv_id) else ""),
            ("DOI", f"https://doi.org/{self.doi}" if self.doi else ""),
            ("Code", self.code_url),
            ("Weights", self.weights_url),
            ("Project page", self.project_url),
        ]
        return [(label, url) for label, url in pairs if safe_href(url)]


class Authorship(models.Model):
    item = models.ForeignKey(PaperSummary, models.CASCADE, related_name="bylines")
    author = models.ForeignKey(Author, models.PROTECT)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["item", "author"], name="authorship_unique")]

    def __str__(self) -> str:
        return str(self.author)
