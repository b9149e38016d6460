from django.contrib import admin

from news.models import NewsAuthorship, NewsItem
from timeline.content_admin import BylineInline, ItemAdmin


class NewsAuthorshipInline(BylineInline):
    model = NewsAuthorship


@admin.register(NewsItem)
class NewsItemAdmin(ItemAdmin):
    inlines = [NewsAuthorshipInline]
    search_fields = [*ItemAdmin.search_fields, "organisation"]
    fieldsets = [
        *ItemAdmin.common,
        ("The event", {"fields": [("organisation", "date"), ("source_name", "source_url")]}),
    ]
