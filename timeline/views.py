"""Public pages: the same for everybody, signed in or not. Drafts are seen only in the admin."""

from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import SimpleLazyObject
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from timeline import markdown
from timeline.models import FormerSlug, Issue, Item, Publication, Slugged, Topic, reading_minutes
from timeline.sections import Filled, Section, contents, item_context, render_issue, section, sections

Row = TypeVar("Row", bound=Slugged)

PAGE_SIZE = 50  # entries of a list


def publication(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the settings of the site, read only by pages that show them, and its kinds."""
    return {"publication": SimpleLazyObject(Publication.objects.current), "sections": sections()}


def find(rows: QuerySet[Row], slug: str) -> Row | HttpResponse:
    """The one of `rows` at that slug, or a permanent redirect to the one that once was there; else Http404."""
    row = rows.filter(slug=slug).first()
    if row is None:
        former = get_object_or_404(FormerSlug, model=rows.model._meta.label_lower, slug=slug)
        return redirect(get_object_or_404(rows, uuid=former.target), permanent=True)
    return row


def paged(rows: QuerySet, number: int, size: int = PAGE_SIZE) -> Page:
    """Page `number` (from 1) of `rows`; Http404 past the end."""
    paginator = Paginator(rows, size)
    if number not in paginator.page_range:
        raise Http404
    return paginator.page(number)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    newest, *earlier = Issue.objects.published()[:13] or [None]
    parts = contents(newest) if newest else []
    minutes = reading_minutes(*(item.body for part in parts for item in part.items)) if parts else 0
    return render(
        request, "timeline/home.html", {"newest": newest, "parts": parts, "minutes": minutes, "earlier": earlier}
    )


@require_safe
def issue_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    return render(request, "timeline/issue_list.html", {"page": paged(Issue.objects.published(), page)})


@require_safe
def issue(request: HttpRequest, number: int) -> HttpResponse:
    published = Issue.objects.published().select_related("cover")
    return render_issue_page(request, get_object_or_404(published, number=number))


def render_issue_page(request: HttpRequest, shown: Issue) -> HttpResponse:
    """The page of an issue, for readers and, while they may not see it, for the preview in the admin."""
    published = Issue.objects.published()
    return render(
        request,
        "timeline/issue_page.html",
        {
            "issue": shown,
            "content": render_issue(shown, "html"),
            "previous": published.filter(number__lt=shown.number).order_by("-number").first(),
            "next": published.filter(number__gt=shown.number).order_by("number").first(),
        },
    )


@require_safe
def item_list(request: HttpRequest, kind: str, page: int = 1) -> HttpResponse:
    shown = section(kind)
    return render(request, "timeline/item_list.html", {"section": shown, "page": paged(shown.published(), page)})


@require_safe
def item(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    shown = section(kind)
    found = find(shown.published(), slug)
    return found if isinstance(found, HttpResponse) else render_item(request, shown, found)


def render_item(request: HttpRequest, shown: Section, item: Item) -> HttpResponse:
    """The page of an item, for readers and, while they may not see it, for the preview in the admin."""
    headings = markdown.headings(item.body, level=2, prefix=item.anchor)
    return render(
        request,
        "timeline/item_page.html",
        {
            "section": shown,
            "section_template": shown.template("html"),
            "item": item,
            "items": [item],
            "level": 1,
            "headings": [heading for heading in headings if heading.level == 2],
            **item_context([item], "html"),
        },
    )


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Topic.objects.all(), slug)
    if isinstance(found, HttpResponse):
        return found
    parts = [Filled(kind, list(kind.published().filter(topics=found)[:PAGE_SIZE])) for kind in sections()]
    parts = [part for part in parts if part.items]
    if not parts:
        raise Http404
    return render(request, "timeline/topic.html", {"topic": found, "parts": parts})


# No cookie stands behind this form and it changes nothing: a token would only make the page personal.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, purpose: str) -> HttpResponse:
    """The reply or sponsor address, shown after a press on a button: people press it, harvesters do not."""
    current = Publication.objects.current()
    address = {"reply": current.reply_address, "sponsor": current.sponsor_contact}.get(purpose)
    if not address:
        raise Http404
    shown = address if request.method == "POST" else ""
    return render(request, "timeline/contact.html", {"purpose": purpose, "address": shown})
