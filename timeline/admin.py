from typing import Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.core.exceptions import PermissionDenied
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from timeline.content_admin import ContentAdmin, OrderedInline, PublicContentAdmin, new_order
from timeline.history import record
from timeline.history_pages import IssueHistory
from timeline.image_admin import ImageAdmin
from timeline.issue_actions import IssueActions
from timeline.merge_action import NamedAdmin, SpellingInline
from timeline.merging import absorb, locked
from timeline.models import Image, Issue, Publication, Term, TermSpelling, Topic, User
from timeline.pending_pages import PendingPages
from timeline.sections import section, sections


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


class ItemInline(OrderedInline):
    """The items of one kind in an issue: their order, and the way to each."""

    fields = ["position", "emoji", "short_title", "title"]
    show_change_link = True
    view_on_site = False  # most of the time this is a draft
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Issue)
class IssueAdmin(IssueActions, PendingPages, IssueHistory, PublicContentAdmin):
    change_form_template = "admin/timeline/issue/change_form.html"
    list_display = ["number", "title", "state", "published_at"]
    list_display_links = ["number", "title"]
    search_fields = ["=number", "title"]
    autocomplete_fields = ["cover"]
    fields = ["number", "title", "tagline", "introduction", "closing", "cover"]
    save_on_top = True

    @admin.display(description="status")
    def state(self, obj: Issue) -> str:
        return obj.status.label

    def is_public(self, obj: Issue) -> bool:
        return obj.is_public

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if obj := kwargs.get("obj"):
            context["add_links"] = [
                {"title": kind.title, "url": f"{reverse(admin_urlname(kind.model._meta, 'add'))}?issue={obj.pk}"}
                for kind in sections()
                if request.user.has_perm(f"{kind.model._meta.app_label}.add_{kind.model._meta.model_name}")
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Issue | None = None) -> list[Any]:
        if obj is None:
            return []
        return [
            type(
                f"{kind.model.__name__}Inline",
                (ItemInline,),
                {"model": kind.model, "verbose_name_plural": kind.title, "__module__": __name__},
            )
            for kind in sections()
        ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new issue starts from the publication's tagline or, with ?frame=N, from the frame of issue N."""
        initial = super().get_changeform_initial_data(request)
        number = initial.pop("frame", "")
        model = Issue.objects.filter(number=number).first() if str(number).isdecimal() else None
        if model:
            initial |= {"tagline": model.tagline, "closing": model.closing, "cover": model.cover_id}
        return {"tagline": Publication.objects.current().tagline, **initial}

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseInlineFormSet, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        section(formset.model.kind).renumber(form.instance, [item.pk for item in new_order(formset.forms)])
        for item, _ in formset.changed_objects:
            item.refresh_from_db(fields=["position"])
            record(item, "saved", request.user)

    def delete_model(self, request: HttpRequest, obj: Issue) -> None:
        # Its items go to the shelf: their versions are of that save, too.
        items = [item for kind in sections() for item in kind.items(obj)]
        super().delete_model(request, obj)
        for item in items:
            item.refresh_from_db()
            record(item, "shelved", request.user)
