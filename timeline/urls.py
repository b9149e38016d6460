from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path, register_converter, resolve
from django.urls.converters import StringConverter
from django.views.decorators.csrf import csrf_exempt

from timeline import editing, feeds, glossary_pages, health, limits, sitemaps, twins, views
from timeline.citations import FORMS
from timeline.models import Publication
from timeline.sections import sections


class KindConverter(StringConverter):
    regex = "|".join(section.kind for section in sections())


class PageConverter(StringConverter):
    regex = "|".join(Publication.PAGES)


class FeedConverter(StringConverter):
    regex = "|".join(feeds.GENERATORS)


class CitationConverter(StringConverter):
    regex = "|".join(form.ending for form in FORMS)


@csrf_exempt  # it only reads
def data(request: HttpRequest, rest: str = "") -> HttpResponse:
    """What timeline.api has at this address, with libraries that take 16 MB: a process that only readers ask does
    without them."""
    match = request.resolver_match = resolve(f"/{rest}", "timeline.api")
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer


register_converter(KindConverter, "kind")
register_converter(CitationConverter, "citation")
register_converter(FeedConverter, "feed")
register_converter(PageConverter, "page")

handler400 = limits.bad_request

urlpatterns = [
    path("", views.home, name="home"),
    path("issues/", views.issue_list, name="issues"),
    path("issues/page/<int:page>/", views.issue_list, name="issues"),
    path("issues/<int:number>/", views.issue, name="issue"),
    path("issues/<int:number>/corrections/", views.corrections, name="corrections"),
    path("issues/<int:number>/share-<slug:digest>.png", views.issue_share_image, name="issue-share-image"),
    path("issues/<int:number>.md", twins.issue_twin, name="issue-twin"),
    re_path(
        rf"^timeline/(?:(?P<year>[0-9]{{4}})/)?(?:(?P<kind>{KindConverter.regex}|issues)/)?"
        r"(?:topics/(?P<topic>[-\w]+)/)?(?:organisations/(?P<organisation>[-\w]+)/)?"
        r"(?:page/(?P<page>[0-9]{1,6})/)?$",
        views.timeline,
        name="timeline",
    ),
    path("search/", views.search_page, name="search"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("topics/<slug:slug>/page/<int:page>/", views.topic, name="topic"),
    path("topics/<slug:slug>.md", twins.topic_twin, name="topic-twin"),
    path("glossary.md", twins.glossary_twin, name="glossary-twin"),
    path("glossary/<slug:slug>.md", twins.term_twin, name="term-twin"),
    path("topics/<slug:slug>/feed.<feed:ending>", feeds.topic_feed, name="topic-feed"),
    path("glossary/", glossary_pages.glossary, name="glossary"),
    path("glossary/page/<int:page>/", glossary_pages.glossary, name="glossary"),
    path("glossary/<slug:slug>/", glossary_pages.term, name="term"),
    path("glossary/<slug:slug>/page/<int:page>/", glossary_pages.term, name="term"),
    path("share-<slug:digest>.png", views.home_share_image, name="share-image"),
    path("feed.<feed:ending>", feeds.issue_feed, name="feed"),
    path("sitemap.xml", sitemaps.index, name="sitemaps"),
    path("sitemap-<slug:name>-<int:page>.xml", sitemaps.sitemap, name="sitemap"),
    path("robots.txt", sitemaps.robots, name="robots"),
    path("llms.txt", twins.llms, name="llms"),
    path("api/", data, name="api"),
    re_path(r"^api/(?P<rest>[\s\S]+)\Z", data),  # <path:rest> would leave out lines
    path("<page:name>/", views.text_page, name="page"),
    path("<page:name>.md", twins.page_twin, name="page-twin"),
    path("contact/<slug:purpose>/", views.contact, name="contact"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("markdownx/markdownify/", editing.Preview.as_view(), name="markdownx_markdownify"),
    path("markdownx/upload/", editing.Upload.as_view(), name="markdownx_upload"),
    path("admin/", admin.site.urls),
    path("", include("papers.urls")),
    path("", include("boards.urls")),
    # Last, so that a kind can never hide a page of the site.
    path("<kind:kind>/", views.item_list, name="items"),
    path("<kind:kind>/page/<int:page>/", views.item_list, name="items"),
    path("<kind:kind>/feed.<feed:ending>", feeds.kind_feed, name="kind-feed"),
    path("<kind:kind>/<slug:slug>/", views.item, name="item"),
    path("<kind:kind>/<slug:slug>/share-<slug:digest>.png", views.item_share_image, name="item-share-image"),
    path("<kind:kind>/<slug:slug>.md", twins.item_twin, name="item-twin"),
    path("<kind:kind>/<slug:slug>/<slug:work>.<citation:ending>", views.citation, name="citation"),
    # In development only; in production the proxy serves uploads.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
