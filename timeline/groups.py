"""The two groups of the house and what they may do."""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q

from timeline.models import Content, Publication

EDITOR = "Editor"
PUBLISHER = "Publisher"


def create_groups(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Give both groups their permissions, after every migrate: a new kind's are among them.

    Editors write: every model of content, whatever app it is in. Publishers also publish and change the settings.
    Rows that belong to a row of content (an author's place, a spelling) go with it.
    """
    content = [model for model in apps.get_models() if issubclass(model, Content)]
    parts = [
        relation.related_model
        for model in content
        for relation in model._meta.related_objects
        if not issubclass(relation.related_model, Content) and relation.related_model._meta.app_label != "auth"
    ]
    written = Q()
    for model in {*content, *parts} - {Publication}:
        written |= Q(content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name)
    permissions = Permission.objects.using(using)
    groups = Group.objects.using(using)
    editing = permissions.filter(written).exclude(codename="publish_issue")
    publishing = permissions.filter(
        Q(codename="publish_issue") | Q(codename__in=["view_publication", "change_publication", "view_backup"]),
        content_type__app_label="timeline",
    )
    groups.get_or_create(name=EDITOR)[0].permissions.set(editing)
    groups.get_or_create(name=PUBLISHER)[0].permissions.set(editing | publishing)
