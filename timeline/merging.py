"""Two rows that are one person or one thing become one: what is common to all that has names."""

from typing import Any

from django.core.exceptions import ValidationError

from timeline.models import FormerSlug, Named


def locked(kept: Named, double: Named) -> list[Any]:
    """Both rows as they are now, until the transaction ends; ValidationError if they are one already."""
    if kept.pk == double.pk:
        raise ValidationError("Choose two different ones.")
    rows = type(kept)._default_manager.select_for_update().in_bulk([kept.pk, double.pk])
    return [rows[kept.pk], rows[double.pk]]


def absorb(kept: Any, double: Any) -> None:
    """Give the names and addresses of `double` to `kept` and delete it. What else it has must have moved before."""
    for name in sorted({double.name, *double.spellings.values_list("name", flat=True)} - {kept.name}):
        kept.spellings.get_or_create(name=name)
    FormerSlug.objects.filter(model=kept._meta.label_lower, target=double.uuid).update(target=kept.uuid)
    double.delete()
    kept.save()
    kept.leave_redirect(double.slug)
