from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from timeline import editing, views
from timeline.sections import sections


class KindConverter(StringConverter):
    regex = "|".join(section.kind for section in sections())


register_converter(KindConverter, "kind")

urlpatterns = [
    path("", views.home, name="home"),
    path("issues/", views.issue_list, name="issues"),
    path("issues/page/<int:page>/", views.issue_list, name="issues"),
    path("issues/<int:number>/", views.issue, name="issue"),
    path("topics/<slug:slug>/", views.topic, name="topic"),
    path("contact/<slug:purpose>/", views.contact, name="contact"),
    path("healthz", views.healthz, name="healthz"),
    path("markdownx/markdownify/", editing.Preview.as_view(), name="markdownx_markdownify"),
    path("markdownx/upload/", editing.Upload.as_view(), name="markdownx_upload"),
    path("admin/", admin.site.urls),
    path("", include("papers.urls")),
    # Last, so that a kind can never hide a page of the site.
    path("<kind:kind>/", views.item_list, name="items"),
    path("<kind:kind>/page/<int:page>/", views.item_list, name="items"),
    path("<kind:kind>/<slug:slug>/", views.item, name="item"),
    # In development only; in production the proxy serves uploads.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
