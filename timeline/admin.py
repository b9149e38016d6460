from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from timeline.arranging import Changes, arrange
from timeline.content_admin import ORDER_SCRIPT, ContentAdmin, PublicContentAdmin
from timeline.desk import IssueForm
from timeline.history import record, record_all
from timeline.history_pages import IssueHistory
from timeline.image_admin import ImageAdmin
from timeline.issue_actions import IssueActions
from timeline.merge_action import NamedAdmin, SpellingInline
from timeline.merging import absorb, locked
from timeline.models import Image, Issue, Publication, Term, TermSpelling, Topic, User
from timeline.pending_pages import PendingPages
from timeline.sections import sections


@admin.register(User)
class UserAdmin(StockUserAdmin):
    ordering = ["email"]
    list_display = ["email", "name", "is_active"]
    list_filter = ["is_active", "groups"]
    search_fields = ["email", "name"]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("May", {"fields": ["is_active", "groups", "is_superuser", "user_permissions"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "usable_password", "password1", "password2"]})]
    add_form = AdminUserCreationForm


@admin.register(Publication)
class PublicationAdmin(ContentAdmin):
    """One row: the list leads straight to it."""

    fieldsets = [
        (None, {"fields": ["name", "tagline", "editors", "time_zone"]}),
        ("Closing block", {"fields": ["closing", "support_link", "support_text", "sponsor_contact", "reply_address"]}),
        ("Elsewhere", {"fields": ["social_links"]}),
        ("Open data", {"fields": ["licence"]}),
        ("Pages", {"fields": [*Publication.PAGES]}),
    ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row, _ = Publication.objects.get_or_create(pk=1)
        return redirect("admin:timeline_publication_change", row.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Topic)
class TopicAdmin(ContentAdmin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    fields = ["name", "slug"]


class TermSpellingInline(SpellingInline):
    model = TermSpelling
    verbose_name_plural = "other spellings and plurals"


@admin.register(Term)
class TermAdmin(NamedAdmin):
    list_display = ["name", "expansion", "slug"]
    search_fields = [*NamedAdmin.search_fields, "expansion"]
    fields = ["name", "expansion", "explanation", "slug"]
    inlines = [TermSpellingInline]

    def merge(self, kept: Term, double: Term, editor: User) -> Term:
        kept, double = locked(kept, double)
        record(double, "merged", editor)
        absorb(kept, double)
        record(kept, "merged", editor)
        return kept


admin.site.register(Image, ImageAdmin)


@admin.register(Issue)
class IssueAdmin(IssueActions, PendingPages, IssueHistory, PublicContentAdmin):
    class Media:
        css = {"all": ["css/order.css", "css/desk.css"]}
        js = [ORDER_SCRIPT, Script("js/desk.js", type="module"), Script("js/preflight.js", type="module")]

    form = IssueForm
    change_form_template = "admin/timeline/issue/change_form.html"
    list_display = ["number", "title", "state", "published_at"]
    list_display_links = ["number", "title"]
    search_fields = ["=number", "title"]
    autocomplete_fields = ["cover"]
    above = ["number", "title", "tagline", "introduction"]
    below = ["closing", "cover"]
    save_on_top = True

    @admin.display(description="status")
    def state(self, obj: Issue) -> str:
        return obj.status.label

    def is_public(self, obj: Issue) -> bool:
        return obj.is_public

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return super().get_queryset(request).select_related("cover")

    def get_fieldsets(self, request: HttpRequest, obj: Issue | None = None) -> Any:
        """In the order of reading; the items of a new issue come later."""
        has_items = obj is not None and self.has_change_permission(request, obj)
        items = [("Items", {"fields": ["items"]})] if has_items else []
        return [(None, {"fields": self.above}), *items, ("Below the items", {"fields": self.below})]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if issue := kwargs.get("obj"):
            context |= {"title": f"Desk of issue {issue.number}", "subtitle": issue.title}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Issue | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.editor = request.user
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new issue starts from the frame of the last one or, with ?frame=N, of issue N."""
        initial = super().get_changeform_initial_data(request)
        number = initial.pop("frame", "")
        asked = Issue.objects.filter(number=number) if str(number).isdecimal() else Issue.objects.none()
        model = asked.first() or Issue.objects.first()
        if model:
            return {"tagline": model.tagline, "closing": model.closing, "cover": model.cover_id, **initial}
        return {"tagline": Publication.objects.current().tagline, **initial}

    def save_related(self, request: HttpRequest, form: IssueForm, formsets: Any, change: bool) -> None:
        issue, items = form.instance, form.cleaned_data.get("items")
        changes: Changes = arrange(issue, items) if items else {}
        self.keep_versions(request, issue, changes | {issue: "saved" if change else "added"})

    def response_post_save_add(self, request: HttpRequest, obj: Issue) -> HttpResponse:
        return redirect("admin:timeline_issue_change", obj.pk)

    def delete_model(self, request: HttpRequest, obj: Issue) -> None:
        # Its items go to the shelf: their versions are of that save, too.
        items = [item for kind in sections() for item in kind.items(obj)]
        super().delete_model(request, obj)
        for item in items:
            item.refresh_from_db()
        record_all(dict.fromkeys(items, "shelved"), request.user)
