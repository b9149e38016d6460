from django.db import models


class Novelty(models.Model):
    name = models.TextField()
