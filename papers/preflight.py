"""What the preflight of an issue finds about its papers, and about authors, whatever names them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.db.models.functions import Lower

from papers.doubles import proposals
from papers.models import PaperSummary
from timeline.findings import Finding
from timeline.models import Item

ARXIV_DOI = "10.48550/arxiv."  # and the identifier: arXiv gives each paper a DOI


def findings(items: Sequence[Item]) -> list[Finding]:
    papers = [item for item in items if isinstance(item, PaperSummary)]
    return [*without_authors(papers), *covered_before(papers)]


def without_authors(papers: Sequence[PaperSummary]) -> Iterator[Finding]:
    for paper in papers:
        if not paper.byline:
            yield Finding("no-authors", "hard", "Name the authors of this paper.", paper, "bylines")


def covered_before(papers: Sequence[PaperSummary]) -> Iterator[Finding]:
    """One query."""
    own = set().union(*map(identities, papers))
    if not own:
        return
    known: dict[str, list[PaperSummary]] = defaultdict(list)
    same = Q(low_id__in=own) | Q(low_doi__in=[*own, *(ARXIV_DOI + name for name in own)])
    low = PaperSummary.objects.alias(low_id=Lower("arxiv_id"), low_doi=Lower("doi"))
    for one in low.filter(same).select_related("issue"):
        for identity in identities(one):
            known[identity].append(one)
    for paper in papers:
        others = {other for identity in identities(paper) for other in known[identity]} - {paper}
        for other in sorted(others, key=lambda one: one.pk):
            place = f"in issue {other.issue.number}" if other.issue else "on the shelf"
            message = f"This paper is {place} already, as “{other.label}”: link that, or say here what is new."
            yield Finding("covered-before", "soft", message, paper, "arxiv_id" if paper.arxiv_id else "doi")


def identities(paper: PaperSummary) -> set[str]:
    """By which it is known as the same: its arXiv id, or its DOI, in small letters."""
    return {name for name in (paper.arxiv_id.lower(), paper.doi.lower().removeprefix(ARXIV_DOI)) if name}


def doubts(items: Sequence[Item]) -> list[Finding]:
    """Authors who may be one: their names are compared with those of all others that there are."""
    first_items: dict[int, Item] = {}
    for item in items:
        for author in item.byline:
            first_items.setdefault(author.pk, item)
    found = []
    for proposal in proposals(first_items.keys()):
        named, other = sorted(proposal.authors, key=lambda author: author.pk not in first_items)
        message = (
            f"“{named}” may be “{other}” ({', '.join(proposal.reasons)}): choose one here, or merge them, or say in "
            "the list of likely doubles that they are two."
        )
        found.append(Finding("author-double", "soft", message, first_items[named.pk], "bylines"))
    return found
