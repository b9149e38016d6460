from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from papers.merging import merge
from papers.models import Author, Authorship, PaperSummary, Spelling
from timeline.content_admin import BylineInline, ContentAdmin, ItemAdmin


class AuthorshipInline(BylineInline):
    model = Authorship


@admin.register(PaperSummary)
class PaperSummaryAdmin(ItemAdmin):
    inlines = [AuthorshipInline]
    search_fields = [*ItemAdmin.search_fields, "arxiv_id"]
    fieldsets = [
        *ItemAdmin.common,
        ("The paper", {"fields": [("arxiv_id", "arxiv_version"), "doi", ("date", "venue"), "abstract"]}),
        ("Links", {"fields": ["pdf_url", "code_url", "weights_url", "project_url"]}),
    ]


class SpellingInline(admin.TabularInline):
    model = Spelling
    extra = 0
    fields = ["name"]
    verbose_name_plural = "other spellings"


class MergeForm(forms.Form):
    kept = forms.ModelChoiceField(Author.objects.none(), label="Keep", widget=forms.RadioSelect, empty_label=None)

    def __init__(self, *args: object, authors: QuerySet[Author], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kept"].queryset = authors


@admin.register(Author)
class AuthorAdmin(ContentAdmin):
    list_display = ["name", "orcid", "slug"]
    search_fields = ["name", "spellings__name"]
    fields = ["name", "slug", "orcid", "links"]
    inlines = [SpellingInline]
    actions = ["merge_authors"]

    @admin.action(description="Merge the chosen authors into one", permissions=["change"])
    def merge_authors(self, request: HttpRequest, queryset: QuerySet[Author]) -> HttpResponse | None:
        if not self.has_delete_permission(request):
            raise PermissionDenied
        authors = queryset.order_by("name", "pk")
        if len(authors) < 2:
            messages.error(request, "Choose two authors or more.")
            return None
        form = MergeForm(request.POST if "kept" in request.POST else None, authors=authors)
        if form.is_valid():
            kept = form.cleaned_data["kept"]
            try:
                with transaction.atomic():
                    for double in authors:
                        if double != kept:
                            kept = merge(kept, double, editor=request.user)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            else:
                messages.success(request, f"One author now: {kept}.")
            return redirect("admin:papers_author_changelist")
        return render(
            request,
            "admin/papers/author/merge.html",
            {
                **self.admin_site.each_context(request),
                "title": "Merge authors",
                "opts": self.opts,
                "authors": authors,
                "form": form,
                "action_name": "merge_authors",
            },
        )
