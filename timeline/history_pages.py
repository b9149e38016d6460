"""The history in the admin: what was saved, what differs, and the way back; of an issue also as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST, require_safe

from timeline import restoring
from timeline.differences import differences, labels
from timeline.history import changed, current, name_of, versions
from timeline.models import Content, Issue, User, Version
from timeline.pending import rehearsal
from timeline.rewriting import row_model
from timeline.sections import sections
from timeline.views import render_issue_page

VERSIONS = 50  # on a page


@dataclass(frozen=True)
class Told:
    """A version as a list shows it: how its row was called, and what had changed since the one before."""

    version: Version
    what: str
    previous: int | None  # primary key

    @property
    def name(self) -> str:
        return name_of(self.version)

    @property
    def compare(self) -> str:
        """The address of the page that compares versions of its row."""
        return reverse(f"admin:{self.version.model.replace('.', '_')}_compare")


def told(found: Iterable[Version]) -> list[Told]:
    """`found` has to come from with_previous(). One query for versions before those that are in it."""
    rows: list[Any] = list(found)
    known = {row.pk: row for row in rows}
    known |= Version.objects.in_bulk({row.previous for row in rows} - {None, *known})
    return [Told(row, what_changed(row, known.get(row.previous)), row.previous) for row in rows]


def with_previous(found: QuerySet[Version]) -> QuerySet[Version]:
    earlier = Version.objects.filter(model=OuterRef("model"), object_uuid=OuterRef("object_uuid")).filter(
        Q(created_at__lt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), pk__lt=OuterRef("pk"))
    )
    return found.select_related("editor").annotate(previous=Subquery(earlier.values("pk")[:1]))


def what_changed(version: Version, previous: Version | None) -> str:
    if previous is None:
        return "the first that is known"
    names = changed(previous.data, version.data)
    return ", ".join(labels(row_model(version), names)) or "nothing"


def moment(version: Version) -> str:
    return date_format(localtime(version.created_at), "j F Y, H:i")


class CompareForm(forms.Form):
    old = forms.ModelChoiceField(None)
    new = forms.ModelChoiceField(None, required=False)  # none: what the row is now

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.queryset = Version.objects.filter(model=label).select_related("editor")


class HistoryPages:
    """The pages of every ModelAdmin of content."""

    change_list_template = "admin/history/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        pages = {
            "history": ("<int:pk>/versions/", self.versions_view),
            "compare": ("versions/compare/", self.compare_view),
            "restore": ("versions/<int:version>/restore/", self.restore_view),
            "deleted": ("deleted/", self.deleted_view),
        }
        return [
            path(route, self.admin_site.admin_view(view), name=f"{name}_{page}")
            for page, (route, view) in pages.items()
        ] + [url for url in super().get_urls() if url.name != f"{name}_history"]  # Django's own history

    def history_of(self, row: Content) -> QuerySet[Version]:
        return versions(row)

    def restore_version(self, version: Version, editor: User) -> restoring.Restored:
        return restoring.restore(version, editor)

    def may_restore(self, request: HttpRequest, row: Content | None) -> bool:
        """Who may change it may also have it back; what was deleted, who may add."""
        return self.has_change_permission(request, row) if row else self.has_add_permission(request)

    def row(self, uuid: Any) -> Content | None:
        return self.model._base_manager.filter(uuid=uuid).first()

    @method_decorator(require_safe)
    def versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = get_object_or_404(self.model._base_manager, pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        page = Paginator(with_previous(self.history_of(row)), VERSIONS).get_page(request.GET.get("page"))
        found = told(page)
        own = [one.version.pk for one in found if one.version.object_uuid == row.uuid]
        context = {"row": row, "page": page, "found": found, "own": own, "is_issue": isinstance(row, Issue)}
        return self.show(request, "versions", f"History of {row}", **context)

    @method_decorator(require_safe)
    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """?old= and ?new= are versions of one row, in any order; without ?new=, what it is now."""
        form = CompareForm(request.GET, label=self.opts.label_lower)
        if not form.is_valid():
            raise Http404("Choose two versions of one row.")
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        if new and new.object_uuid != old.object_uuid:
            raise Http404("These are versions of two rows.")
        if new and (new.created_at, new.pk) < (old.created_at, old.pk):
            old, new = new, old
        row = self.row(old.object_uuid)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        now = current(row) if row else {}
        wanted = [version for version in (old, new) if version] if self.may_restore(request, row) else []
        context = {
            "row": row,
            "old": old,
            "new": new,
            "differences": differences(self.model, old.data, new.data if new else now),
            "restorable": [each for each in wanted if restoring.would_change(each, now)],
        }
        return self.show(request, "compare", f"Compare versions of {row or name_of(old)}", **context)

    @method_decorator(require_POST)
    def restore_view(self, request: HttpRequest, version: int) -> HttpResponse:
        wanted = get_object_or_404(Version, pk=version, model=self.opts.label_lower)
        row = self.row(wanted.object_uuid)
        if not self.may_restore(request, row):
            raise PermissionDenied
        try:
            restored = self.restore_version(wanted, request.user)
        except ValidationError as error:
            self.refuse(request, error)
            return redirect(f"{reverse(admin_urlname(self.opts, 'compare'))}?old={wanted.pk}")
        self.tell(request, restored, f"“{name_of(wanted)}” is again as it was saved on {moment(wanted)}.")
        return redirect(admin_urlname(self.opts, "change"), restored.row.pk)

    @method_decorator(require_safe)
    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """The last version of every row that is no more."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        there = self.model._base_manager.filter(uuid=OuterRef("object_uuid"))
        own = Version.objects.filter(~Exists(there), model=self.opts.label_lower)
        newest = Version.objects.filter(model=OuterRef("model"), object_uuid=OuterRef("object_uuid"))
        last = with_previous(own.filter(pk=Subquery(newest.values("pk")[:1])))
        page = Paginator(last, VERSIONS).get_page(request.GET.get("page"))
        context = {"page": page, "found": told(page), "may_restore": self.may_restore(request, None)}
        return self.show(request, "deleted", f"Deleted {self.opts.verbose_name_plural}", **context)

    def show(self, request: HttpRequest, name: str, title: str, **context: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return render(request, f"admin/history/{name}.html", context)

    def tell(self, request: HttpRequest, restored: restoring.Restored, sentence: str) -> None:
        self.log_change(request, restored.row, "Restored")
        messages.success(
            request, f"{sentence} Readers see it when the issue is updated." if restored.waits else sentence
        )
        for note in dict.fromkeys(restored.notes):  # one author may be gone from several items
            messages.warning(request, note)

    def refuse(self, request: HttpRequest, error: ValidationError) -> None:
        sentences = " ".join(error.messages)
        messages.error(request, f"This version cannot come back as it is, and nothing was changed. {sentences}")


class IssueHistory(HistoryPages):
    """Of an issue: its items' versions stand among its own, and each moment can be seen and had back."""

    def get_urls(self) -> list[URLPattern]:
        at = "<int:pk>/versions/at/<int:version>/"
        return [
            path(at, self.admin_site.admin_view(self.at_view), name="timeline_issue_at"),
            path(f"{at}restore/", self.admin_site.admin_view(self.restore_at_view), name="timeline_issue_restore_at"),
            *super().get_urls(),
        ]

    def history_of(self, row: Issue) -> QuerySet[Version]:
        own = versions(row)
        known = list(own.values_list("data__items", "created_at"))
        if not known:
            return own
        inside = {uuid for items, _ in known for uuids in (items or {}).values() for uuid in uuids}
        labels = [kind.model._meta.label_lower for kind in sections()]
        items = Q(model__in=labels, object_uuid__in=inside, data__issue=str(row.uuid), created_at__gte=known[-1][1])
        return Version.objects.filter(Q(model=row._meta.label_lower, object_uuid=row.uuid) | items)

    def may_restore(self, request: HttpRequest, row: Issue | None) -> bool:
        """Its items move with it, and those that were deleted come back."""
        models = [kind.model._meta for kind in sections()]
        wanted = [f"{each.app_label}.{verb}_{each.model_name}" for each in models for verb in ("add", "change")]
        return super().may_restore(request, row) and request.user.has_perms(wanted)

    def chosen(self, request: HttpRequest, pk: int, version: int) -> tuple[Issue, Version]:
        issue = get_object_or_404(Issue.objects.select_related("cover"), pk=pk)
        if not self.has_view_permission(request, issue):
            raise PermissionDenied
        return issue, get_object_or_404(self.history_of(issue), pk=version)

    @method_decorator(require_safe)
    def at_view(self, request: HttpRequest, pk: int, version: int) -> HttpResponse:
        """The page of the issue as it stood, rendered in a transaction that is rolled back."""
        issue, at = self.chosen(request, pk, version)
        try:
            with rehearsal():
                restoring.rewrite_whole(issue, at, [])
                page = render_issue_page(request, Issue.objects.select_related("cover").get(pk=pk))
        except (ValidationError, restoring.NotRecorded) as error:
            return self.refused(request, issue, error)
        return page

    def restore_at_view(self, request: HttpRequest, pk: int, version: int) -> HttpResponse:
        issue, at = self.chosen(request, pk, version)
        if not self.may_restore(request, issue):
            raise PermissionDenied
        try:
            if request.method == "POST":
                restored = restoring.restore_whole(issue, at, request.user)
                self.tell(request, restored, f"“{restored.row}” is again, with all its items, as on {moment(at)}.")
                return redirect("admin:timeline_issue_change", pk)
            stood = restoring.as_it_stood(issue, at)
        except (ValidationError, restoring.NotRecorded) as error:
            return self.refused(request, issue, error)
        steps = [(name_of(one), what) for one in stood if (what := self.step(one))]
        then = {one.object_uuid for one in stood}
        steps += [
            (str(item), "goes to the shelf")
            for kind in sections()
            for item in kind.items(issue)
            if item.uuid not in then
        ]
        context = {"issue": issue, "at": at, "steps": steps}
        return self.show(request, "whole", f"Restore issue {issue.number} as it stood on {moment(at)}", **context)

    def step(self, version: Version) -> str:
        """What going back to `version` will do to its row."""
        row = row_model(version)._base_manager.filter(uuid=version.object_uuid).first()
        if row is None:
            return "was deleted and is made anew"
        return ", ".join(labels(type(row), restoring.would_change(version, current(row))))

    def refused(self, request: HttpRequest, issue: Issue, error: Exception) -> HttpResponse:
        if isinstance(error, ValidationError):
            self.refuse(request, error)
        else:
            messages.error(request, str(error))
        return redirect("admin:timeline_issue_history", issue.pk)
