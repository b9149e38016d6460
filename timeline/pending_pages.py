"""What waits for the next update of an issue, in the admin: to compare, to discard, and to update."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_http_methods, require_POST

from timeline import preflight, publishing
from timeline.differences import Difference, differences
from timeline.history import current
from timeline.issue_actions import PublishForm, posted
from timeline.models import Correction, Issue, PendingChange
from timeline.pending import changes_of, differing, discard, shown


class UpdateForm(PublishForm):
    note = forms.CharField(
        label="What was corrected, and why",
        max_length=Correction._meta.get_field("note").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Readers see it on the page, with what the texts said before.",
    )
    is_minor = forms.BooleanField(
        label="Only typos",
        required=False,
        help_text="The page itself does not mention it; the list of corrections does.",
    )
    field_order = ["note", "is_minor", "override"]


def compared(row: Any, change: PendingChange) -> list[Difference]:
    """What readers see of `row`, and what they will."""
    now, then = current(row), change.version.data
    names = differing(row, now, then)
    return differences(type(row), {name: now.get(name) for name in names}, {name: then.get(name) for name in names})


def rehearsed_preflight(issue: Issue, waiting: list[PendingChange]) -> preflight.Preflight | None:
    """Of the issue as it will be; None where it cannot be that."""
    try:
        with shown(waiting):
            return preflight.inspect(Issue.objects.select_related("cover").get(pk=issue.pk))
    except ValidationError:
        return None


class PendingPages:
    """Of IssueAdmin."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/changes/", view(self.changes_view), name="timeline_issue_changes"),
            path("<int:pk>/changes/<int:change>/discard/", view(self.discard_view), name="timeline_issue_discard"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Issue | None = None, **kwargs: Any
    ) -> HttpResponse:
        if obj and obj.is_public:
            context["waiting"] = obj.pending_changes.count()
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def changes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: all that waits, beside what readers see. POST, of a Publisher: the update."""
        issue = get_object_or_404(Issue.objects.select_related("cover"), pk=pk)
        if not self.has_view_permission(request, issue):
            raise PermissionDenied
        may_update = request.user.has_perm("timeline.publish_issue")
        if request.method == "POST" and not may_update:
            raise PermissionDenied
        form = UpdateForm(posted(request))
        form.fields["note"].required = issue.is_public
        if request.method == "POST" and form.is_valid():
            try:
                notes = publishing.update(issue, editor=request.user, **form.cleaned_data)
            except publishing.Unready:
                form.add_error("override", "Mend what is listed below, or say why readers see it all the same.")
            except publishing.NotPossible as error:
                messages.error(request, str(error))
                return redirect("admin:timeline_issue_change", pk)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.log_change(request, issue, "Updated")
                messages.success(request, f"“{issue}” is updated: readers see it now.")
                for note in dict.fromkeys(notes):
                    messages.warning(request, note)
                return redirect("admin:timeline_issue_change", pk)
        waiting = changes_of(issue)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": f"What waits for issue {issue.number}",
            "opts": self.opts,
            "issue": issue,
            "waiting": [
                (change, row, reverse(admin_urlname(row._meta, "change"), args=[row.pk]), compared(row, change))
                for change in waiting
                if (row := change.row)
            ],
            "may_update": may_update,
            "form": form if may_update else None,
            "preflight": rehearsed_preflight(issue, waiting),
        }
        return render(request, "admin/timeline/issue/changes.html", context)

    @method_decorator(require_POST)
    def discard_view(self, request: HttpRequest, pk: int, change: int) -> HttpResponse:
        wanted = get_object_or_404(PendingChange.objects.select_related("version", "issue"), pk=change, issue=pk)
        app, model = wanted.model.split(".")
        if not request.user.has_perm(f"{app}.change_{model}"):
            raise PermissionDenied
        discard(wanted, request.user)
        messages.success(request, f"What waited for “{wanted.row}” was discarded. Its history still has it.")
        more = wanted.issue.pending_changes.exists()
        return redirect("admin:timeline_issue_changes" if more else "admin:timeline_issue_change", pk)
