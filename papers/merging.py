"""Two authors who are one person become one row."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from papers.models import Author, NotSame
from timeline.history import record
from timeline.merging import absorb, locked
from timeline.models import User
from timeline.sections import sections


@transaction.atomic
def merge(kept: Author, double: Author, *, editor: User | None = None) -> Author:
    """Give all that `double` has to `kept` and delete it: places in bylines of every kind, spellings, links, address.

    An item that names both keeps the earlier place. Two different ORCIDs are two persons: ValidationError.
    """
    kept, double = locked(kept, double)
    if kept.orcid and double.orcid and kept.orcid != double.orcid:
        raise ValidationError(f"{kept} and {double} have different ORCIDs: these are two persons.")
    record(double, "merged", editor)
    touched = []
    for section in sections():
        for place in section.bylines.filter(author=double).select_related("item") if section.has_authors else []:
            other = section.bylines.filter(author=kept, item=place.item).first()
            if other:
                other.position = min(other.position, place.position)
                other.save()
                place.delete()
            else:
                place.author = kept
                place.save()
            touched.append(place.item)
    for one, other in NotSame.objects.filter(Q(first=double) | Q(second=double)).values_list("first", "second"):
        NotSame.say(kept.pk, other if one == double.pk else one)
    kept.orcid = kept.orcid or double.orcid
    kept.links = "\n".join(dict.fromkeys([*kept.links.splitlines(), *double.links.splitlines()]))
    absorb(kept, double)
    for row in [*touched, kept]:
        record(row, "merged", editor)
    return kept
