"""Authors who may be one person: pairs that look alike, with what speaks for it. An editor decides.

Only names with a family name in common are compared, and those that begin alike: thousands of authors take a second.
"""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from itertools import product

from papers.models import Author, NotSame, Spelling
from timeline import terms
from timeline.sections import sections

LEAST = 60  # of the points that make a proposal
Words = tuple[str, ...]  # of a name, without accents
Pair = tuple[int, int]  # primary keys, the smaller one first


@dataclass(frozen=True)
class Proposal:
    first: Author
    second: Author
    points: int
    reasons: tuple[str, ...]

    @property
    def authors(self) -> tuple[Author, Author]:
        return self.first, self.second


def proposals(among: Set[int] | None = None) -> list[Proposal]:
    """Every likely pair that nobody has called different, the likeliest first; of `among`, primary keys, one at least.

    Two queries where no names are alike.
    """
    authors = Author.objects.in_bulk()
    names = {pk: {words_of(author.name)} - {()} for pk, author in authors.items()}
    for pk, spelling in Spelling.objects.values_list("author", "name"):  # prefetching makes a queryset for each author
        names[pk] |= {words_of(spelling)} - {()}
    alike: dict[Pair, tuple[int, str]] = {}
    for first, second in candidates(authors.values(), names, authors.keys() if among is None else among):
        if likeliest := best_reason(authors[first], authors[second], names[first], names[second]):
            alike[first, second] = likeliest
    if not alike:
        return []
    together = items_together({pk for pair in alike for pk in pair})
    refused = set(NotSame.objects.values_list("first", "second"))
    found = []
    for pair, (points, reason) in alike.items():
        if pair in refused or pair[1] in together[pair[0]]:
            continue  # nobody writes a paper with himself
        shared = len(together[pair[0]] & together[pair[1]])
        points += 10 * min(shared, 3)
        if points >= LEAST:
            in_common = [f"{shared} co-author{'s' * (shared > 1)} in common"] if shared else []
            found.append(Proposal(authors[pair[0]], authors[pair[1]], points, (reason, *in_common)))
    return sorted(found, key=lambda one: (-one.points, one.first.name, one.second.name, one.first.pk, one.second.pk))


def best_reason(first: Author, second: Author, names: set[Words], others: set[Words]) -> tuple[int, str] | None:
    """The likeliest of what speaks for it; None if nothing does, or if their ORCIDs speak against it."""
    if first.orcid and second.orcid:
        return (100, "the same ORCID") if first.orcid == second.orcid else None
    return max((like for one, other in product(names, others) if (like := likeness(one, other))), default=None)


def words_of(name: str) -> Words:
    return tuple(terms.Words(name).terms)


def items_together(authors: Set[int]) -> dict[int, set[int]]:
    """Of each of these authors, by primary key, the others with whom an item names them."""
    found: dict[int, set[int]] = defaultdict(set)
    for section in sections():
        bylines: dict[int, list[int]] = defaultdict(list)
        if not section.has_authors:
            continue
        theirs = section.bylines.filter(author__in=authors).values("item")
        for item, author in section.bylines.filter(item__in=theirs).values_list("item", "author").order_by():
            bylines[item].append(author)
        for named in bylines.values():
            for author in authors & set(named):
                found[author].update(other for other in named if other != author)
    return found


def candidates(authors: Iterable[Author], names: dict[int, set[Words]], among: Set[int]) -> set[Pair]:
    """Pairs that are worth a comparison, of `among` one at least."""
    blocks: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for author in authors:
        if author.orcid:
            blocks["ORCID", author.orcid].add(author.pk)
        for words in names[author.pk]:
            blocks["family", words[-1]].add(author.pk)
            blocks["near", words[0], words[-1][0]].add(author.pk)
    together = [(block & among, block) for block in blocks.values()]
    for pk, own in names.items():  # whose family name may stand first
        together += [({pk}, blocks[key]) for words in own if (key := ("family", words[0])) in blocks]
    return {
        (min(pk, other), max(pk, other))
        for some, block in together
        for pk in some
        for other in (block if pk in among else block & among)
        if other != pk
    }


def likeness(one: Words, other: Words) -> tuple[int, str] | None:
    """Points and the reason, if these may be two ways to write one name."""
    if one == other:
        return 95, "the same but for accents, dots or capitals"
    if sorted(one) == sorted(other):
        return 90, "the same words in another order"
    if "".join(one) == "".join(other):
        return 85, "the same but for spaces"
    for left, right in ((one, other), (turned(one), other), (one, turned(other))):
        if left[-1] == right[-1] and (found := same_given(left[:-1], right[:-1])):
            return found
    return same_but_for_letters(one, other)


def turned(words: Words) -> Words:
    """With the first word as the family name."""
    return words[1:] + words[:1]


def same_given(one: Words, other: Words) -> tuple[int, str] | None:
    """Given names of people of one family name: initials stand for names, and later names may be left out."""
    shorter, longer = sorted((one, other), key=len)
    if not shorter:
        return None
    initials = False
    for left, right in zip(shorter, longer, strict=False):
        if left != right:
            initials = True
            if min(len(left), len(right)) > 1 or left[0] != right[0]:
                return None
    if initials:
        return 65 if len(one) == len(other) else 60, "initials for given names"
    return 75 if len(shorter[0]) > 1 else 60, "given names left out"


def same_but_for_letters(one: Words, other: Words) -> tuple[int, str] | None:
    """One word is spelled otherwise; in a short one that makes another name more often than not."""
    differing = [(left, right) for left, right in zip(one, other, strict=False) if left != right]
    if len(one) != len(other) or len(differing) != 1:
        return None
    from rapidfuzz.distance import OSA  # 4 MB that few processes need

    ((left, right),) = differing
    distance, least = OSA.distance(left, right, score_cutoff=2), min(len(left), len(right))
    if left[0] != right[0] or distance > 2 or least < 2 * distance + 1:
        return None
    return 75 - 5 * distance if least > 4 else 50, f"{distance} letter{'s' * (distance > 1)} of difference"
