"""Publish, schedule and withdraw in the admin: a page that says what will happen, and one button."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone

from timeline import links, preflight, publishing
from timeline.models import Issue, Override, Publication
from timeline.sections import contents


class PublishForm(forms.Form):
    override = forms.CharField(
        label="Why it is published all the same",
        required=False,
        max_length=Override._meta.get_field("reason").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It is kept, with what was found and your name.",
    )


class ScheduleForm(PublishForm):
    at = forms.SplitDateTimeField(label="Publication time", widget=AdminSplitDateTime)

    def clean_at(self) -> datetime:
        at = self.cleaned_data["at"]
        if at <= timezone.now():
            raise forms.ValidationError("This time has passed: choose a later one, or publish now.")
        return at


def posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


class IssueActions:
    """The three actions of IssueAdmin, and the page that says whether an issue is ready for them."""

    def get_urls(self) -> list[URLPattern]:
        views = {
            "preflight": self.preflight_view,
            "publish": self.publish_view,
            "schedule": self.schedule_view,
            "withdraw": self.withdraw_view,
        }
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"timeline_issue_{name}")
            for name, view in views.items()
        ] + super().get_urls()

    def preflight_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        issue = get_object_or_404(Issue.objects.select_related("cover"), pk=pk)
        if not self.has_view_permission(request, issue):
            raise PermissionDenied
        found = preflight.inspect(issue)
        links.plan_all(issue, found.links, looked_at=True)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preflight of issue {issue.number}",
            "opts": self.opts,
            "issue": issue,
            "preflight": found,
            "overrides": issue.overrides.select_related("editor"),
        }
        return render(request, "admin/timeline/issue/preflight.html", context)

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Publish", publishing.publish, PublishForm(posted(request)))

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Schedule", publishing.publish, ScheduleForm(posted(request)))

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Withdraw", publishing.withdraw)

    def confirm(
        self, request: HttpRequest, pk: int, action: str, verb: Callable[..., Issue], form: forms.Form | None = None
    ) -> HttpResponse:
        """The question and, when it is answered, the deed. Verbs that have a form ask the preflight, too."""
        if not request.user.has_perm("timeline.publish_issue"):
            raise PermissionDenied
        issue = get_object_or_404(Issue.objects.select_related("cover"), pk=pk)
        publication = Publication.objects.current()
        with timezone.override(publication.zone):
            if request.method == "POST" and (form is None or form.is_valid()):
                try:
                    issue = verb(issue, editor=request.user, **(form.cleaned_data if form else {}))
                except publishing.Unready:
                    form.add_error("override", "Mend what is listed above, or say why it is published all the same.")
                except publishing.NotPossible as error:
                    messages.error(request, str(error))
                    return redirect("admin:timeline_issue_change", issue.pk)
                else:
                    self.log_change(request, issue, f"{action}: {issue.status.label}")
                    messages.success(request, f"{issue} is {issue.status.label.lower()}.")
                    return redirect("admin:timeline_issue_change", issue.pk)
            context: dict[str, Any] = {
                **self.admin_site.each_context(request),
                "title": f"{action} issue {issue.number}",
                "opts": self.opts,
                "issue": issue,
                "parts": contents(issue),
                "action": action,
                "form": form,
                "preflight": preflight.inspect(issue) if form and not issue.is_public else None,
                "zone": publication.time_zone,
                "media": self.media + (form.media if form else forms.Media()),
            }
            return render(request, "admin/timeline/issue/confirm.html", context)
