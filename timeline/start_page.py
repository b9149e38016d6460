"""What the admin's start page shows: the issue in work, what is scheduled, what needs a hand, who did what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import CharField, Q, QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from timeline.history import name_of
from timeline.models import Backup, Draft, Image, Issue, Publication, User, Version
from timeline.sections import across, section

ACTIONS = 10
BACKUP_EVERY = timedelta(days=2)  # a night may fail; more has to be seen
Key = tuple[str, Any]  # the label of a model, and the uuid of a row

INCOMPLETE = Q(alt="") | Q(rights="")  # images that stop a publication


@dataclass(frozen=True)
class Done:
    """A version as the list of the last actions tells it; "" for `url` where there is nothing to see any more."""

    version: Version
    name: str
    url: str


@dataclass(frozen=True)
class Unsaved:
    draft: Draft
    url: str


def start_page(user: User) -> dict[str, Any]:
    """The context of templates/admin/start.html: of each only what `user` may see. Eight queries, and no more."""
    found: dict[str, Any] = {"zone": Publication.objects.current().zone}
    if user.has_perm("timeline.view_issue"):
        waiting = list(Issue.objects.hidden())
        by_status = {status: [issue for issue in waiting if issue.status == status] for status in Issue.Status}
        found["in_work"] = by_status[Issue.Status.DRAFT]
        found["scheduled"] = sorted(by_status[Issue.Status.SCHEDULED], key=lambda issue: issue.published_at)
        found["withdrawn"] = by_status[Issue.Status.WITHDRAWN]
        found["changed"] = Issue.objects.published().filter(pending_changes__isnull=False).distinct()
    if user.has_perm("timeline.view_image"):
        found["images"] = Image.objects.filter(INCOMPLETE).count()
    if user.has_perm("timeline.view_backup"):
        found["backup"] = Backup.objects.first()
        found["backup_is_due"] = not found["backup"] or found["backup"].made_at < timezone.now() - BACKUP_EVERY
    found["shelf"] = [
        (f"{emoji} {short_title or title}".strip(), change_url(section(kind).model._meta.label_lower, pk))
        for kind, _, pk, emoji, title, short_title in across(Q(issue=None), "emoji", "title", "short_title")
        if may_view(user, section(kind).model._meta.label_lower)
    ]
    drafts = Draft.objects.filter(editor=user)
    seen = [model._meta.label_lower for model in apps.get_models() if may_view(user, model._meta.label_lower)]
    versions = list(Version.objects.filter(model__in=seen).select_related("editor").order_by("-pk")[:ACTIONS])
    keys = keys_of([(row.model, row.object_uuid) for rows in (drafts, versions) for row in rows])
    found["drafts"] = [Unsaved(draft, draft_url(draft, keys)) for draft in drafts]
    found["actions"] = [
        Done(version, name_of(version), change_url(version.model, keys.get((version.model, version.object_uuid))))
        for version in versions
    ]
    return found


def may_view(user: User, label: str) -> bool:
    app, model = label.split(".")
    return user.has_perm(f"{app}.view_{model}")


def change_url(label: str, pk: Any) -> str:
    """The address of the form of a row, "" of one that is gone."""
    name = label.replace(".", "_")
    return reverse(f"admin:{name}_change", args=[pk]) if pk else ""


def draft_url(draft: Draft, keys: dict[Key, int]) -> str:
    if pk := keys.get((draft.model, draft.object_uuid)):
        return f"{change_url(draft.model, pk)}?draft={draft.sheet}"
    name = draft.model.replace(".", "_")
    return f"{reverse(f'admin:{name}_add')}?draft={draft.sheet}"


def keys_of(rows: Iterable[Key]) -> dict[Key, int]:
    """The primary keys of those that are there. One query, or none."""
    uuids: dict[str, set[Any]] = {}
    for label, uuid in rows:
        uuids.setdefault(label, set()).add(uuid)
    parts: list[QuerySet] = [
        apps.get_model(label)
        ._base_manager.filter(uuid__in=wanted)
        .order_by()
        .annotate(label=Value(label, CharField()))
        .values_list("label", "uuid", "pk")
        for label, wanted in uuids.items()
    ]
    found = parts[0].union(*parts[1:], all=True) if parts else []
    return {(label, uuid): pk for label, uuid, pk in found}
