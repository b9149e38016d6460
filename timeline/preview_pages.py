"""The preview in the admin: the form as it stands is saved, rendered by the site itself, and rolled back.

So what it shows cannot differ from what is published. It comes as an answer of its own for a frame: framed by our own
pages alone, without scripts, and the only one whose styles may stand in the page, as those of a letter do.
"""

from typing import Any, NamedTuple

from csp.decorators import csp_replace
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from timeline.models import Issue, next_issue_number
from timeline.pending import change_of, changes_of, shown
from timeline.sections import render_issue, section
from timeline.views import render_issue_page, render_item


class Form(NamedTuple):
    """In which something is looked at."""

    name: str
    label: str
    medium: str
    theme: str = ""


FORMS = [
    Form("web", "Web", "html"),
    Form("phone", "Phone", "html"),
    Form("dark", "Dark", "html", "dark"),
    Form("email", "E-mail", "email"),
    Form("txt", "Plain text", "txt"),
]

FRAME_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'none'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "https:"],
    "font-src": ["'self'"],
    "media-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-same-origin"],
}


framed = method_decorator([csp_replace(FRAME_POLICY), xframe_options_sameorigin])


def rendered(request: HttpRequest, row: Any, medium: str) -> HttpResponse:
    """`row`, an issue or an item as the database has it, as readers would get it; Http404 for another medium."""
    if medium not in {form.medium for form in FORMS}:
        raise Http404
    kind = None if isinstance(row, Issue) else section(row.kind)
    if medium == "html":
        if kind is None:
            return render_issue_page(request, Issue.objects.select_related("cover").get(pk=row.pk))
        items = type(row)._default_manager.select_related("issue", "lead_image")
        return render_item(request, kind, items.get(pk=row.pk))
    issue = row if kind is None else row.issue
    if issue is None:  # an item on the shelf has a letter to itself, as long as we look
        issue = Issue.objects.create(number=next_issue_number(), title=str(row))
        type(row)._base_manager.filter(pk=row.pk).update(issue=issue)
    issue = Issue.objects.select_related("cover").get(pk=issue.pk)
    if medium == "txt":
        return HttpResponse(render_issue(issue, "txt"), content_type="text/plain; charset=utf-8")
    return HttpResponse(render_issue(issue, "email.html"))


class PreviewPages:
    """Of issues and items."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_preview"
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/preview/", view(self.preview_view), name=name),
            path("<int:pk>/preview/<slug:medium>/", view(self.preview_frame), name=f"{name}_frame"),
            path("add/preview/<slug:medium>/", view(self.new_preview_frame), name=f"{name}_new"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What is saved, in a frame of its own, in the form that ?as= names."""
        row = self.row_to_preview(request, pk)
        chosen = next((form for form in FORMS if form.name == request.GET.get("as")), FORMS[0])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview of {row}",
            "opts": self.opts,
            "row": row,
            "forms": FORMS,
            "chosen": chosen,
            "frame_url": reverse(f"{admin_urlname(self.opts, 'preview')}_frame", args=[pk, chosen.medium]),
        }
        return render(request, "admin/preview.html", context)

    @framed
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def preview_frame(self, request: HttpRequest, pk: int, medium: str) -> HttpResponse:
        """GET: what is saved. POST, with the form of the row: what would be."""
        row = self.row_to_preview(request, pk)
        request.theme = request.GET.get("theme") if request.GET.get("theme") in {"dark", "light"} else ""
        if request.method == "POST":
            return self.rehearsed_preview(request, str(pk), medium)
        try:
            with shown(changes_of(row) if isinstance(row, Issue) else filter(None, [change_of(row)])):
                return rendered(request, row, medium)
        except ValidationError as error:
            return self.faulty(request, error.messages)

    @framed
    @method_decorator(require_POST)
    def new_preview_frame(self, request: HttpRequest, medium: str) -> HttpResponse:
        return self.rehearsed_preview(request, None, medium)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        name, row = admin_urlname(self.opts, "preview"), [obj.pk] if obj else []
        context["preview_forms"] = [
            {
                "name": form.name,
                "label": form.label,
                "url": reverse(f"{name}_frame" if row else f"{name}_new", args=[*row, form.medium])
                + (f"?theme={form.theme}" if form.theme else ""),
            }
            for form in FORMS
        ]
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def row_to_preview(self, request: HttpRequest, pk: int) -> Any:
        row = get_object_or_404(self.model._base_manager, pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def rehearsed_preview(self, request: HttpRequest, object_id: str | None, medium: str) -> HttpResponse:
        seen: list[HttpResponse] = []
        request.look = lambda row: seen.append(rendered(request, row, medium))
        answer, data = self.rehearse(request, object_id)
        if data is not None:
            return seen[0]
        if answer.status_code != 200:
            return answer
        return self.faulty(request, answer.context_data["errors"])

    def faulty(self, request: HttpRequest, faults: list[str]) -> HttpResponse:
        return render(request, "admin/preview_faults.html", {"faults": faults}, status=400)
