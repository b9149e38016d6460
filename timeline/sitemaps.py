"""/robots.txt and the sitemap: an index, and one file for each sort of page and each 50,000 of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.core.paginator import EmptyPage
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from timeline import derived
from timeline.models import Issue, Item, Publication
from timeline.sections import Section, published_topics, sections


class SiteMap(Sitemap):
    """Addresses are those of SITE_URL, whoever asks; django.contrib.sites is not needed."""

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme


class Lists(SiteMap):
    def items(self) -> Sequence[str]:
        names = [*(name for section in sections() for name in section.indexes()), *derived.indexes()]
        return [
            *(reverse(name) for name in ("home", "issues", "timeline", "api", *names)),
            *(reverse("items", args=[section.kind]) for section in sections()),
            *(address for _, address in Publication.objects.current().pages),
        ]

    def location(self, path: str) -> str:
        return path


class Issues(SiteMap):
    def items(self) -> QuerySet[Issue]:
        return Issue.objects.published()

    def lastmod(self, issue: Issue) -> datetime:
        return max(issue.published_at or issue.updated_at, issue.updated_at)


class Items(SiteMap):
    def __init__(self, section: Section) -> None:
        self.section = section

    def items(self) -> QuerySet[Item]:
        rows = self.section.model._default_manager.published().select_related("issue")
        return rows.only("slug", "updated_at", "issue__published_at", "issue__updated_at")

    def lastmod(self, item: Item) -> datetime:
        published = item.issue.published_at if item.issue else None
        return max(published or item.updated_at, item.updated_at)


class Rows(SiteMap):
    def __init__(self, rows: QuerySet[Any]) -> None:
        self.rows = rows

    def items(self) -> QuerySet[Any]:
        return self.rows


def sitemaps() -> dict[str, Sitemap]:
    return {
        "lists": Lists(),
        "issues": Issues(),
        **{section.kind: Items(section) for section in sections()},
        "topics": Rows(published_topics()),
        **{name: Rows(rows) for section in sections() for name, rows in section.indexes().items()},
        **{name: Rows(rows) for name, rows in derived.indexes().items()},
    }


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    addresses = [
        settings.SITE_URL + reverse("sitemap", args=[name, number])
        for name, sitemap in sitemaps().items()
        if (paginator := sitemap.paginator).count
        for number in paginator.page_range
    ]
    return render(request, "timeline/sitemap_index.xml", {"addresses": addresses}, content_type="application/xml")


@require_safe
def sitemap(request: HttpRequest, name: str, page: int) -> HttpResponse:
    try:
        urls = sitemaps()[name].get_urls(page=page)
    except (KeyError, EmptyPage) as error:
        raise Http404 from error
    if not urls:
        raise Http404
    return render(request, "timeline/sitemap.xml", {"urls": urls}, content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        "Disallow: /contact/",
        "",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemaps')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
