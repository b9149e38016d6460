from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path

from papers.doubles import proposals
from papers.merging import merge
from papers.models import Author, Authorship, NotSame, PaperSummary, Spelling
from timeline.content_admin import BylineInline, ItemAdmin
from timeline.merge_action import NamedAdmin, SpellingInline
from timeline.models import User

DOUBLES = 50  # proposals on a page


class AuthorshipInline(BylineInline):
    model = Authorship


@admin.register(PaperSummary)
class PaperSummaryAdmin(ItemAdmin):
    inlines = [AuthorshipInline]
    search_fields = [*ItemAdmin.search_fields, "arxiv_id"]
    fieldsets = [
        *ItemAdmin.common,
        ("The paper", {"fields": [("arxiv_id", "arxiv_version"), "doi", ("date", "venue"), "abstract", "lineage"]}),
        ("Links", {"fields": ["pdf_url", "code_url", "weights_url", "project_url"]}),
    ]


class AuthorSpellingInline(SpellingInline):
    model = Spelling


class PairForm(forms.Form):
    first = forms.ModelChoiceField(Author.objects.all())
    second = forms.ModelChoiceField(Author.objects.all())


@admin.register(Author)
class AuthorAdmin(NamedAdmin):
    change_list_template = "admin/papers/author/change_list.html"
    list_display = ["name", "orcid", "slug"]
    fields = ["name", "slug", "orcid", "links"]
    inlines = [AuthorSpellingInline]

    def get_urls(self) -> list[URLPattern]:
        doubles = path("doubles/", self.admin_site.admin_view(self.doubles), name="papers_author_doubles")
        return [doubles, *super().get_urls()]

    def doubles(self, request: HttpRequest) -> HttpResponse:
        """Likely doubles, each with the way to merge it and a button that says that these are two."""
        if not (self.has_change_permission(request) and self.has_delete_permission(request)):
            raise PermissionDenied
        if request.method == "POST":
            form = PairForm(request.POST)
            if form.is_valid():
                first, second = form.cleaned_data["first"], form.cleaned_data["second"]
                NotSame.say(first.pk, second.pk)
                messages.success(request, f"{first} and {second} are two, and stay two.")
            else:
                messages.error(request, "One of them is not there any more.")
            return redirect("admin:papers_author_doubles")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": "Likely doubles",
            "opts": self.opts,
            "page": Paginator(proposals(), DOUBLES).get_page(request.GET.get("page")),
        }
        return render(request, "admin/papers/author/doubles.html", context)

    def merge(self, kept: Author, double: Author, editor: User) -> Author:
        return merge(kept, double, editor=editor)
