"""Publish, schedule and withdraw in the admin: a page that says what will happen, and one button."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone

from timeline import publishing
from timeline.models import Issue, Publication
from timeline.sections import contents


class ScheduleForm(forms.Form):
    at = forms.SplitDateTimeField(label="Publication time", widget=AdminSplitDateTime)

    def clean_at(self) -> datetime:
        at = self.cleaned_data["at"]
        if at <= timezone.now():
            raise forms.ValidationError("This time has passed: choose a later one, or publish now.")
        return at


class IssueActions:
    """The three actions of IssueAdmin."""

    def get_urls(self) -> list[URLPattern]:
        views = {"publish": self.publish_view, "schedule": self.schedule_view, "withdraw": self.withdraw_view}
        return [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"timeline_issue_{name}")
            for name, view in views.items()
        ] + super().get_urls()

    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Publish", publishing.publish)

    def schedule_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Schedule", publishing.publish, ScheduleForm(request.POST or None))

    def withdraw_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.confirm(request, pk, "Withdraw", publishing.withdraw)

    def confirm(
        self, request: HttpRequest, pk: int, action: str, verb: Callable[..., Issue], form: forms.Form | None = None
    ) -> HttpResponse:
        if not request.user.has_perm("timeline.publish_issue"):
            raise PermissionDenied
        issue = get_object_or_404(Issue, pk=pk)
        publication = Publication.objects.current()
        with timezone.override(publication.zone):
            if request.method == "POST" and (form is None or form.is_valid()):
                try:
                    issue = verb(issue, editor=request.user, **(form.cleaned_data if form else {}))
                except publishing.NotPossible as error:
                    messages.error(request, str(error))
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
                "zone": publication.time_zone,
                "media": self.media + (form.media if form else forms.Media()),
            }
            return render(request, "admin/timeline/issue/confirm.html", context)
