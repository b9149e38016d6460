from django.contrib import admin

from papers.merging import merge
from papers.models import Author, Authorship, PaperSummary, Spelling
from timeline.content_admin import BylineInline, ItemAdmin
from timeline.merge_action import NamedAdmin, SpellingInline
from timeline.models import User


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


class AuthorSpellingInline(SpellingInline):
    model = Spelling


@admin.register(Author)
class AuthorAdmin(NamedAdmin):
    list_display = ["name", "orcid", "slug"]
    fields = ["name", "slug", "orcid", "links"]
    inlines = [AuthorSpellingInline]

    def merge(self, kept: Author, double: Author, editor: User) -> Author:
        return merge(kept, double, editor=editor)
