from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from papers import lineage, preflight
from papers.models import Author, PaperSummary
from timeline.citations import Work
from timeline.findings import Finding
from timeline.markdown import safe_href
from timeline.models import Item, Publication
from timeline.sections import Section


class Papers(Section):
    model = PaperSummary
    data = "papers.documents.PaperData"
    title = "Research Papers"
    headings = ("Papers", "Research", "Paper Summaries")

    def facts(self, item: PaperSummary) -> list[tuple[str, Any]]:
        return [("Venue", item.venue), ("Date of the paper", item.date), ("Abstract", item.abstract)]

    def json_ld(self, item: PaperSummary) -> dict[str, Any]:
        same = [
            f"https://arxiv.org/abs/{item.arxiv_id}" if item.arxiv_id else "",
            f"https://doi.org/{item.doi}" if item.doi else "",
        ]
        paper = {
            "@type": "ScholarlyArticle",
            "name": item.title,
            "author": [
                {"@type": "Person", "name": author.name, "url": settings.SITE_URL + author.get_absolute_url()}
                for author in item.byline
            ],
            "datePublished": item.date,
            "abstract": item.abstract,
            "sameAs": [address for address in same if address],
        }
        return {"@type": "Article", "about": {key: value for key, value in paper.items() if value}}

    def facets(self, item: PaperSummary) -> list[tuple[str, str, str]]:
        return lineage.facets(item)

    def below(self, item: PaperSummary) -> str:
        return lineage.rendered(item)

    def addresses(self, item: PaperSummary) -> list[tuple[str, str]]:
        known = [
            ("arxiv_id", f"https://arxiv.org/abs/{item.arxiv}" if item.arxiv_id else ""),
            ("doi", f"https://doi.org/{item.doi}" if item.doi else ""),
        ]
        return [(field, url) for field, url in known if safe_href(url)] + super().addresses(item)

    def findings(self, items: Sequence[Item]) -> list[Finding]:
        return preflight.findings(items)

    def doubts(self, items: Sequence[Item]) -> list[Finding]:
        return preflight.doubts(items)

    def works(self, item: PaperSummary, publication: Publication) -> list[Work]:
        doi = item.doi or (f"10.48550/arXiv.{item.arxiv_id}" if item.arxiv_id else "")
        address = f"https://arxiv.org/abs/{item.arxiv}" if item.arxiv_id else f"https://doi.org/{doi}" if doi else ""
        paper = Work(
            "The paper",
            "paper",
            item.title,
            tuple(author.name for author in item.byline),
            item.date,
            address or safe_href(item.project_url) or safe_href(item.pdf_url),
            doi=doi,
            arxiv_id=item.arxiv_id,
            venue=item.venue,
        )
        return [paper, *super().works(item, publication)]

    def indexes(self) -> dict[str, QuerySet[Any]]:
        return {"authors": Author.objects.published()}
