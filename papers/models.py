import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from papers.arxiv import has_html, parse_identifier
from papers.lineage import Tie, parse_ties, validate_lineage
from timeline.fields import LinksField, WebField, parse_links
from timeline.markdown import safe_href
from timeline.models import AbstractSpelling, Filing, Item, Named, NamedQuerySet, address

ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", re.ASCII)
DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$")


class AuthorQuerySet(NamedQuerySet):
    def published(self) -> "AuthorQuerySet":
        """Authors of something, of whatever kind, that readers may see."""
        return self.filter(Filing.objects.published().at_slug("author"))


def validate_orcid(text: str) -> None:
    """Four times four digits, the last of which checks the others (ISO 7064, MOD 11-2)."""
    if not ORCID.fullmatch(text):
        raise ValidationError("Write it like 0000-0002-1825-0097.")
    total = 0
    for digit in text.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    if text[-1] != "0123456789X"[(12 - total % 11) % 11]:
        raise ValidationError("This is no ORCID: a digit is wrong.")


class Author(Named):
    orcid = models.CharField(
        "ORCID",
        max_length=19,
        blank=True,
        validators=[validate_orcid],
    )
    links = LinksField()

    objects = AuthorQuerySet.as_manager()

    class Meta(Named.Meta):
        indexes = [models.Index(fields=["name", "id"], name="author_by_name")]  # a page of the list of all

    def get_absolute_url(self) -> str:
        return address("author", self.slug)

    @property
    def names(self) -> list[str]:
        """The name and its other spellings."""
        return [self.name, *(spelling.name for spelling in self.spellings.all())]

    @property
    def link_list(self) -> list[tuple[str, str]]:
        return parse_links(self.links)


class Spelling(AbstractSpelling):
    """Another way to write an author's name, by which an import finds them."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="spellings")

    class Meta(AbstractSpelling.Meta):
        constraints = [models.UniqueConstraint(fields=["author", "name"], name="spelling_unique")]


class NotSame(models.Model):
    """Two authors of whom an editor said that they are two: nobody proposes again to merge them."""

    first = models.ForeignKey(Author, models.CASCADE, related_name="+")  # the one with the smaller primary key
    second = models.ForeignKey(Author, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()  # who merges may also say this
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="not_same_unique"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="not_same_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} is not {self.second}"

    @classmethod
    def say(cls, one: int, other: int) -> None:
        """That these primary keys are two persons."""
        if one != other:  # it was said of two who were merged all the same
            cls.objects.get_or_create(first_id=min(one, other), second_id=max(one, other))


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
    lineage = models.TextField(
        blank=True,
        validators=[validate_lineage],
        help_text="One a line: “builds on”, “contradicts” or “supersedes”, the arXiv id of that paper, its title. "
        "Both papers show it, if both are ours.",
    )

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
    def ties(self) -> list[Tie]:
        return parse_ties(self.lineage)

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
