"""Where pictures are shown: the rows of content whose texts or fields name them."""

from collections.abc import Iterable

from django.apps import apps
from django.db import models

from timeline import markdown
from timeline.fields import MarkdownField
from timeline.models import Content, Image


def uses(images: Iterable[Image]) -> dict[Image, list[Content]]:
    """The rows that show each of `images`: one query for each model that could, however many they are."""
    found: dict[Image, list[Content]] = {image: [] for image in images}
    if not found:
        return found
    for model in apps.get_models():
        if not issubclass(model, Content):
            continue
        fields = model._meta.concrete_fields
        texts = [field.name for field in fields if isinstance(field, MarkdownField)]
        keys = [field for field in fields if isinstance(field, models.ForeignKey) and field.related_model is Image]
        shows = models.Q()
        for image in found:
            for name in texts:
                shows |= models.Q(**{f"{name}__contains": f"media:{image.name}"})
        for key in keys:
            shows |= models.Q(**{f"{key.name}__in": list(found)})
        if not shows:
            continue
        for row in model._base_manager.filter(shows).order_by("-pk"):
            names = {name for field in texts for name in markdown.media_names(getattr(row, field))}
            chosen = {getattr(row, key.attname) for key in keys}
            for image, rows in found.items():
                if image.name in names or image.pk in chosen:
                    rows.append(row)
    return found
