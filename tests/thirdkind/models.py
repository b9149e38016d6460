from django.db import models

from timeline.models import Item


class Poll(Item):
    kind = "polls"

    choices = models.TextField(blank=True)
