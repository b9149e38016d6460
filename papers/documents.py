"""What the API and the dumps tell of authors, and of papers beyond what all kinds share."""

from collections.abc import Sequence
from typing import Annotated, Literal

from django.db.models import QuerySet
from ninja import Schema
from pydantic import UUID4, Field

from papers.models import Author
from timeline.documents import Link
from timeline.metadata import absolute
from timeline.resources import Name, Resource

Orcid = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$")]


class Tie(Schema):
    way: Literal["builds on", "contradicts", "supersedes"]
    target: str = Field(description="An arXiv id, or the path of a paper of ours.")
    title: str


class PaperData(Schema):
    arxiv_id: str
    arxiv_version: int | None
    doi: str
    venue: str
    abstract: str
    ties: list[Tie]


class AuthorDocument(Schema):
    id: UUID4
    slug: str
    url: str
    name: str
    spellings: list[str]
    orcid: str
    links: list[Link]


class AuthorFilters(Schema):
    name: Name | None = Field(None, description="In any spelling: case, dots and accents do not count.")
    orcid: Orcid | None = Field(None, description="Such as 0000-0002-1825-0097.")


class Authors(Resource):
    name, title = "authors", "Authors"
    about = "The authors of what is in the issues. Ask the lists of items for an author by the slug."
    schema = AuthorDocument
    filters = AuthorFilters

    def rows(self) -> QuerySet[Author]:
        return Author.objects.published().prefetch_related("spellings")

    def filtered(self, rows: QuerySet[Author], filters: AuthorFilters) -> QuerySet[Author]:
        if filters.name:
            rows = rows.filter(pk__in=Author.objects.named(filters.name).values("pk"))
        return rows.filter(orcid=filters.orcid) if filters.orcid else rows

    def documents(self, rows: Sequence[Author]) -> list[Schema]:
        return [
            AuthorDocument(
                id=row.uuid,
                slug=row.slug,
                url=absolute(row.get_absolute_url()),
                name=row.name,
                spellings=row.names[1:],
                orcid=row.orcid,
                links=[Link(label=label, url=url) for label, url in row.link_list],
            )
            for row in rows
        ]


def resources() -> list[Resource]:
    return [Authors()]
