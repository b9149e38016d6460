"""The read-only JSON API under /api/v1/, made of timeline.resources, and the page that explains it."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import conditional_page, require_safe
from django.views.generic import RedirectView
from ninja import NinjaAPI, Path, Query, Router, Schema
from ninja.decorators import decorate_view
from ninja.errors import ValidationError
from pydantic import Field, create_model

from timeline.dumps import LICENCE
from timeline.limits import DATA, limited
from timeline.metadata import list_head
from timeline.models import Dump, Publication
from timeline.resources import BadCursor, Resource, resources
from timeline.views import render_page

MOST = 100  # documents of a page

View = Callable[..., HttpResponse]


class Paging(Schema):
    cursor: Annotated[str, Field(pattern="^[-_a-zA-Z0-9]{0,600}$")] = Field(
        "", description="Where the page begins; it stands in “next” of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=MOST)] = Field(20, description="Documents of a page.")


class Problem(Schema):
    detail: str = Field(description="What is wrong, in a sentence.")


def open_data(view: View) -> View:
    """Pages of other sites may read it, and who has it already gets 304."""
    counted = limited(DATA)(view)

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = counted(request, *args, **kwargs)
        answer["Access-Control-Allow-Origin"] = "*"
        return answer

    return conditional_page(opened)


def json_answer(document: Schema, status: int = 200) -> HttpResponse:
    """Written by pydantic, as the dumps are: what both have is the same, byte for byte."""
    return HttpResponse(document.model_dump_json(), content_type="application/json", status=status)


def problem(status: int, detail: str) -> HttpResponse:
    return json_answer(Problem(detail=detail), status)


api = NinjaAPI(urls_namespace="api", openapi_url=None, docs_url=None)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(422, "; ".join(f"{each['loc'][-1]}: {each['msg']}" for each in error.errors))


@api.exception_handler(BadCursor)
def bad_cursor(request: HttpRequest, error: BadCursor) -> HttpResponse:
    return problem(422, str(error))


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return JsonResponse(
        {"detail": "There is nothing at this address. The lists have the addresses of all."}, status=404
    )


def routed(resource: Resource) -> Router:
    router = Router(tags=[resource.title])
    name = resource.schema.__name__.removesuffix("Document")
    page_type: Any = create_model(
        f"{name}Page",
        __base__=Schema,
        items=list[resource.schema],  # type: ignore[name-defined]
        next=(str | None, Field(description="The address of the next page, null at the end.")),
    )

    question = create_model(f"{name}Question", __base__=(resource.filters, Paging))

    def many(request: HttpRequest, asked: Query[question]) -> HttpResponse:  # type: ignore[valid-type]
        told = cast(Any, asked)
        documents, cursor = resource.page(told, told.cursor, told.limit)
        again = {**told.model_dump(mode="json", exclude_none=True), "cursor": cursor}
        following = f"{settings.SITE_URL}{resource.path}?{urlencode(again)}" if cursor else None
        return json_answer(page_type(items=documents, next=following))

    def one(request: HttpRequest, key: Path[resource.key]) -> HttpResponse:  # type: ignore[name-defined]
        found = resource.find(key)
        return found if isinstance(found, HttpResponse) else json_answer(resource.documents([found])[0])

    def offer(path: str, view: View, operation: str, summary: str, responses: dict[int, Any]) -> None:
        shown: dict[str, Any] = {"response": responses, "summary": summary, "description": resource.about}
        opened = decorate_view(open_data)(view)
        router.add_api_operation(path, ["GET"], opened, operation_id=operation, **shown)
        router.add_api_operation(path, ["HEAD"], opened, include_in_schema=False)

    offer("", many, f"list_{resource.name}", resource.title, {200: page_type, 422: Problem, 429: Problem})
    if resource.key:
        told = {200: resource.schema, 301: None, 404: Problem, 422: Problem, 429: Problem}
        offer("/{key}", one, f"get_{resource.name}", f"One of: {resource.title}", told)
    return router


for resource in resources():
    api.add_router(resource.name, routed(resource))


@require_safe
@open_data
def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """At an address that no resource has: an answer of the API all the same."""
    return missing(request, Http404())


@require_safe
@open_data
def openapi(request: HttpRequest) -> HttpResponse:
    """The API in the words of https://spec.openapis.org/oas/v3.1.0"""
    publication = Publication.objects.current()
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    document["info"] = {
        "title": publication.name,
        "version": "1",
        "description": "Everything that is published, to read. Drafts are not in it.",
        "license": {"name": publication.licence_text},
    }
    document["servers"] = [{"url": settings.SITE_URL}]
    return JsonResponse(document)


@require_safe
def explained(request: HttpRequest) -> HttpResponse:
    head = list_head(reverse("api"), "API", lambda name: f"Everything in {name} as data: a JSON API and whole dumps.")
    shown = [
        {
            "resource": each,
            "url": settings.SITE_URL + each.path,
            "filters": [(name, field.description) for name, field in each.filters.model_fields.items()],
            "fields": list(each.schema.model_fields),
        }
        for each in resources()
    ]
    dump = Dump.objects.newest()
    context = {"shown": shown, "dump": dump, "licence": LICENCE, "most": MOST, "example": resources()[1]}
    return render_page(request, "timeline/api.html", head, site=settings.SITE_URL, **context)


@require_safe
def dump_file(request: HttpRequest, name: str) -> HttpResponse:
    """To the file of that name in the newest dump: this address stays, and that one is another every night."""
    dump = Dump.objects.newest()
    if dump and (name == LICENCE or any(file["name"] == name for file in dump.files)):
        return redirect(default_storage.url(dump.path(name)))
    raise Http404


urlpatterns = [  # under /api/
    path("", explained),
    path("dumps/<str:name>", dump_file),
    path("v1", RedirectView.as_view(pattern_name="api")),
    path("v1/", RedirectView.as_view(pattern_name="api")),
    path("v1/openapi.json", openapi),
    path("v1/", api.urls),
    path("v1/<path:rest>", nothing),
]
