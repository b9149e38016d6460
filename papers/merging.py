"""Two authors who are one person become one row."""

from django.core.exceptions import ValidationError
from django.db import transaction

from papers.models import Author
from timeline.history import record
from timeline.models import FormerSlug, User
from timeline.sections import sections


@transaction.atomic
def merge(kept: Author, double: Author, *, editor: User | None = None) -> Author:
    """Give all that `double` has to `kept` and delete it: places in bylines of every kind, spellings, links, address.

    An item that names both keeps the earlier place. Two different ORCIDs are two persons: ValidationError.
    """
    if kept.pk == double.pk:
        raise ValidationError("Choose two different authors.")
    kept, double = (Author.objects.select_for_update().get(pk=author.pk) for author in (kept, double))
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
    spellings = {double.name, *double.spellings.values_list("name", flat=True)} - {kept.name}
    for name in sorted(spellings):
        kept.spellings.get_or_create(name=name)
    kept.orcid = kept.orcid or double.orcid
    kept.links = "\n".join(dict.fromkeys([*kept.links.splitlines(), *double.links.splitlines()]))
    FormerSlug.objects.filter(model=kept._meta.label_lower, target=double.uuid).update(target=kept.uuid)
    double.delete()
    kept.save()
    kept.leave_redirect(double.slug)
    for row in [*touched, kept]:
        record(row, "merged", editor)
    return kept
