"""Public pages: the same for everybody, signed in or not. Drafts are seen only in the admin."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from django.core.paginator import EmptyPage, Page, Paginator
from django.db import models
from django.db.models import FilteredRelation, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from timeline import chronology, markdown
from timeline.citations import FORMS
from timeline.comparing import Change
from timeline.differences import Difference
from timeline.limits import CONTACTS, SEARCHES, limited
from timeline.metadata import Head, home_head, issue_head, item_head, list_head
from timeline.models import Entry, Filing, FormerSlug, Issue, Item, Publication, Slugged, Topic
from timeline.models.catalogue import (
    ISSUES,
    LONG,
    Card,
    Counted,
    beside,
    in_order,
    keys_by_issue,
    keys_under,
    number_under,
    related,
)
from timeline.models.content import IssueCard
from timeline.models.pending import told_corrections
from timeline.models.prepared import Prepared, prepared
from timeline.search import FACETS, search, suggestion
from timeline.sections import Filled, Line, Section, find_related, item_context, render_issue, section, sections
from timeline.share_images import draw
from timeline.terms import MAX_QUERY

Row = TypeVar("Row", bound=Slugged)

PAGE_SIZE = 50  # entries of a list
EARLIER = 5  # issues that the home page names beside the newest
LATEST = 6  # items
TOPICS = 16


def publication(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the settings of the site, read only by pages that show them, and its kinds."""
    return {
        "publication": SimpleLazyObject(Publication.objects.current),
        "sections": sections(),
        "kinds": tuple(section.kind for section in sections()),
    }


def find(rows: QuerySet[Row], slug: str, *, address: Callable[[str], str] = lambda path: path) -> Row | HttpResponse:
    """The one of `rows` at that slug, or a permanent redirect to the one that once was there; else Http404.

    `address` makes of the path of a page the one to redirect to: that of its feed, of its Markdown.
    """
    row = rows.filter(slug=slug).first()
    if row is None:
        former = get_object_or_404(FormerSlug, model=rows.model._meta.label_lower, slug=slug)
        return redirect(address(get_object_or_404(rows, uuid=former.target).get_absolute_url()), permanent=True)
    return row


def paged(rows: QuerySet | Sequence[Any], number: int, size: int = PAGE_SIZE) -> Page:
    """Page `number` (from 1) of `rows`; Http404 past the end."""
    paginator = Paginator(rows, size)
    if number not in paginator.page_range:
        raise Http404
    return paginator.page(number)


def paged_rows(number: int, count: int, rows: Prepared[..., Any], *values: Any, size: int = PAGE_SIZE) -> Page:
    """Page `number` (from 1) of the `count` rows that a prepared question has for `values`; Http404 past the end."""
    page = paged(range(count), number, size)
    page.object_list = rows.between(page.start_index() - 1, page.end_index(), count, *values) if count else []
    return page


def paged_cards(number: int, count: int, keys: Prepared[..., int], *values: str, fields: tuple[str, ...] = ()) -> Page:
    """Page `number` (from 1) of `count` cards; Http404 past the end. `keys` are the primary keys of all, for `values`.

    Where `fields` are named, tuples of a card and their values.
    """
    page = paged_rows(number, count, keys, *values)
    page.object_list = in_order(list(page.object_list), *fields)
    return page


def having(name: str, value: str, number: int) -> Page:
    """Page `number` (from 1) of what readers may see with this facet, newest first; Http404 past the end. 3 queries."""
    return paged_cards(number, number_under(name, value), keys_under, name, value)


def render_page(request: HttpRequest, template: str, head: Head, **context: Any) -> HttpResponse:
    """A page that extends timeline/page.html; the publication comes with its head, so that nobody reads it twice."""
    return render(request, template, {"head": head, "publication": head.publication, **context})


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    head = home_head()
    issues = newest_issues()
    keys = [issue.pk for issue in issues]
    entries = inside_issues(keys)
    inside = {issue: [entry for entry in entries if entry.issue_id == issue.pk] for issue in issues}
    newest = issues[0] if issues else None
    own = next((entry for entry in entries if newest and entry.path == newest.get_absolute_url()), None)
    lead = getattr(own, "lead", None)
    parts = by_kind(inside[newest]) if newest else []
    return render_page(
        request,
        "timeline/home.html",
        head,
        newest=newest,
        contents=tuple((part.title, tuple(map(Line.of, part.items))) for part in parts),
        minutes=own.minutes if own else 0,
        lead=lead,
        earlier=[
            (
                stop,
                tuple((entry.emoji, entry.path, entry.label) for entry in inside[stop.what] if entry.kind != ISSUES),
            )
            for stop in chronology.stops_between(issues, head.publication.zone)
        ],
        latest=newest_items(),
        topics=sorted(topics_of(keys), key=lambda counted: (-counted[3], counted[2]))[:TOPICS],
        **item_context([], "html", head.publication, images=[lead] if lead else []),
    )


@prepared()
def newest_issues() -> QuerySet[Issue]:
    return Issue.objects.published()[: EARLIER + 1]


@prepared(models.BigAutoField())
def inside_issues(issues: list[int]) -> QuerySet[Entry]:
    """What is in these issues (primary keys), in the order of reading; an issue's own entry with its picture."""
    of_issues = FilteredRelation("image", condition=Q(kind=ISSUES))  # of the dozens of items no picture is shown
    inside = Entry.objects.filter(issue__pk__in=issues).annotate(lead=of_issues).defer(*LONG).order_by("rank")
    return inside.select_related("lead")  # type: ignore[misc]  # a relation that the plugin does not know


@prepared(models.BigAutoField())
def topics_of(issues: list[int]) -> QuerySet[Filing, Counted]:
    """Topics of what came lately: counting all there is would take longer than all else on the page."""
    return Filing.objects.filter(name="topic", entry__in=Entry.objects.filter(issue__pk__in=issues)).counted()


@prepared()
def newest_items() -> QuerySet[Entry, Card]:
    return Entry.objects.published().items().filter(is_dated=True).cards()[:LATEST]


@dataclass(frozen=True)
class Part:
    """A section of an issue, or of what else is listed by kinds, as the catalogue has it."""

    title: str
    items: list[Entry]


def by_kind(entries: Sequence[Entry]) -> list[Part]:
    """The items among these entries by their sections, in reading order."""
    parts = [Part(section.title, [entry for entry in entries if entry.kind == section.kind]) for section in sections()]
    return [part for part in parts if part.items]


@require_safe
def issue_list(request: HttpRequest, page: int = 1) -> HttpResponse:
    shown = paged(Issue.objects.published().values_list("number", "title", "tagline", "published_at"), page)
    head = list_head(reverse("issues"), "Issues", lambda name: f"All issues of {name}, newest first.", page=page)
    with timezone.override(head.publication.zone):
        cards = [IssueCard.of(*row) for row in shown]
    return render_page(request, "timeline/issue_list.html", head, page=shown, cards=cards)


@require_safe
def issue(request: HttpRequest, number: int) -> HttpResponse:
    found = published_issue(number)
    if not found:
        raise Http404
    return render_issue_page(request, found[0])


@prepared(models.PositiveIntegerField())
def published_issue(number: int) -> QuerySet[Issue]:
    return Issue.objects.published().select_related("cover").filter(number=number)


def render_issue_page(request: HttpRequest, shown: Issue) -> HttpResponse:
    """The page of an issue, for readers and, while they may not see it, for the preview in the admin."""
    told = told_corrections(shown)
    head = issue_head(shown, told)
    previous, following = shown.neighbours()
    return render_page(
        request,
        "timeline/issue_page.html",
        head,
        issue=shown,
        content=render_issue(shown, "html", head.publication),
        previous=previous,
        next=following,
        corrections=told,
    )


@require_safe
def corrections(request: HttpRequest, number: int) -> HttpResponse:
    """All that was changed in an issue after its publication, why, and what the texts said before."""
    shown = get_object_or_404(Issue.objects.published(), number=number)
    made = list(shown.corrections.prefetch_related("rows"))
    if not made:
        raise Http404
    head = list_head(
        reverse("corrections", args=[number]),
        f"Corrections of issue {number}",
        lambda name: f"What was corrected in issue {number} of {name} after its publication, and why.",
    )
    compared = [
        (
            correction,
            [
                (
                    row,
                    [
                        Difference(each["label"], [Change(*pair) for pair in each["changes"]])
                        for each in row.differences
                    ],
                )
                for row in correction.rows.all()
            ],
        )
        for correction in made
    ]
    return render_page(request, "timeline/corrections.html", head, issue=shown, corrections=compared)


@require_safe
def item_list(request: HttpRequest, kind: str, page: int = 1) -> HttpResponse:
    shown = section(kind)
    fields = ("issue__title", "issue__published_at")
    told = paged_cards(page, number_under("kind", kind), keys_by_issue, kind, fields=fields)
    head = list_head(
        reverse("items", args=[kind]),
        shown.title,
        lambda name: f"{shown.title} in {name}, newest issue first.",
        page=page,
        feed=True,
    )
    with timezone.override(head.publication.zone):
        groups = [
            (IssueCard.of(*issue), [card for card, *_ in own])
            for issue, own in groupby(told, key=lambda row: (row[0].issue, row[1], row[0].issue_tagline, row[2]))
        ]
    return render_page(request, "timeline/item_list.html", head, section=shown, page=told, groups=groups)


@require_safe
def item(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    shown = section(kind)
    found = published_item(shown.model, slug)
    return render_item(request, shown, found[0]) if found else find(shown.published(), slug)


@prepared(None, models.SlugField())
def published_item(model: type[Item], slug: str) -> QuerySet[Item]:
    found: QuerySet[Item] = model._default_manager.published().filter(slug=slug)
    return found.select_related("issue", "lead_image")


def render_item(request: HttpRequest, shown: Section, item: Item) -> HttpResponse:
    """The page of an item, for readers and, while they may not see it, for the preview in the admin."""
    find_related({shown: [item]})
    told = told_corrections(item.issue, item) if item.issue else []
    head = item_head(shown, item, told)
    headings = markdown.headings(item.body, level=2, prefix=item.anchor)
    topics, authors = ([row.slug for row in rows] for rows in (item.topic_list, item.byline))
    close = related(item.issue, topics=topics, authors=authors) if item.issue else []
    previous, following, earlier = beside(item, close)
    return render_page(
        request,
        "timeline/item_page.html",
        head,
        section=shown,
        section_template=shown.template("html"),
        item=item,
        items=[item],
        level=1,
        headings=[heading for heading in headings if heading.level == 2],
        previous=previous,
        next=following,
        earlier=earlier,
        works=shown.works(item, head.publication),
        corrections=told,
        below=shown.below(item),
        forms=FORMS,
        **item_context([item], "html", head.publication),
    )


@require_safe
def citation(request: HttpRequest, kind: str, slug: str, work: str, ending: str) -> HttpResponse:
    """How what an item is about ("paper"), or our text on it ("summary"), is cited, as a file."""
    shown = section(kind)
    found = find(shown.published(), slug, address=lambda path: f"{path}{work}.{ending}")
    if isinstance(found, HttpResponse):
        return found
    form = next(form for form in FORMS if form.ending == ending)
    for cited in shown.works(found, Publication.objects.current()):
        if cited.name == work:
            answer = HttpResponse(form.write(cited), content_type=f"{form.media_type}; charset=utf-8")
            answer["Content-Disposition"] = f'attachment; filename="{cited.key}.{ending}"'
            return answer
    raise Http404


@require_safe
def topic(request: HttpRequest, slug: str, page: int = 1) -> HttpResponse:
    found = find(Topic.objects.all(), slug)
    if isinstance(found, HttpResponse):
        return found
    shown = having("topic", found.slug, page)
    if not shown.object_list:
        raise Http404
    head = list_head(
        found.get_absolute_url(),
        found.name,
        lambda name: f"Everything on {found.name} in {name}.",
        page=page,
        feed=True,
        has_twin=page == 1,
    )
    return render_page(request, "timeline/topic.html", head, topic=found, page=shown)


def published_parts(kinds: Iterable[Section], **where: Any) -> list[Filled]:
    """What readers may see of these kinds and that matches; kinds of which there is nothing are left out."""
    parts = [Filled(kind, list(kind.published().filter(**where)[:PAGE_SIZE])) for kind in kinds]
    return [part for part in parts if part.items]


@require_safe
def timeline(
    request: HttpRequest, year: str = "", kind: str = "", topic: str = "", organisation: str = "", page: str = "1"
) -> HttpResponse:
    place = chronology.Place(year, kind, topic, organisation)
    line = chronology.Line(place)
    shown = paged(range(line.number), int(page), size=chronology.PAGE_SIZE)
    if not line.number and place != chronology.Place():
        raise Http404
    head = list_head(
        place.path(),
        f"Timeline: {line.name}" if line.name else "Timeline",
        lambda name: f"Everything in {name} on the day it came out{line.name and ': '}{line.name}.",
        page=shown.number,
    )
    cards = line.cards(shown.start_index() - 1, shown.end_index()) if line.number else []
    years = chronology.by_month(cards)
    return render_page(request, "timeline/timeline.html", head, line=line, years=years, page=shown, first=place.path())


@require_safe
@limited(SEARCHES)
def search_page(request: HttpRequest) -> HttpResponse:
    """The one page that reads the query string: `q`, the names of search.FACETS, and `page`. No input is an error."""
    text = " ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_QUERY]
    filters = {name: value for name in FACETS if (value := request.GET.get(name, "").replace("\0", "")[:120])}
    results = search(text, filters)
    try:
        number = int(request.GET.get("page", "")[:9] or 1)
        page = results.page(number)
    except (ValueError, EmptyPage) as error:
        raise Http404 from error
    suggested = suggestion(text, filters) if text and not results.keys else ""
    titles = {"kind": "Section", "topic": "Topic", "author": "Author", "year": "Year", "issue": "Issue"}

    def path(text: str, filters: dict[str, str], page: int = 1) -> str:
        return f"{reverse('search')}?{urlencode({'q': text} | filters | ({'page': str(page)} if page > 1 else {}))}"

    labels = {(choice.name, choice.value): choice.label for found in results.choices.values() for choice in found}
    facets = [
        {
            "title": titles[name],
            "ways": [
                {"label": choice.label, "number": choice.count, "path": path(text, {**filters, name: choice.value})}
                for choice in choices
            ],
        }
        for name, choices in results.choices.items()
        if name not in filters and len(choices) > 1
    ]
    chosen = [
        {
            "title": titles[name],
            "label": labels.get((name, value), value),
            "path": path(text, {key: other for key, other in filters.items() if key != name}),
        }
        for name, value in filters.items()
    ]
    head = list_head(
        reverse("search"), f"“{text}”" if text else "Search", lambda name: f"Search everything in {name}.", page=number
    )
    return render_page(
        request,
        "timeline/search.html",
        head,
        text=text,
        results=results,
        page=page,
        facets=facets,
        chosen=chosen,
        suggested=suggested,
        suggested_path=path(suggested, filters),
        previous=path(text, filters, page.previous_page_number()) if page.has_previous() else "",
        next=path(text, filters, page.next_page_number()) if page.has_next() else "",
    )


@require_safe
def text_page(request: HttpRequest, name: str) -> HttpResponse:
    """About, Privacy, Imprint, Support: texts of the publication."""
    current = Publication.objects.current()
    text = getattr(current, name)
    if not text:
        raise Http404
    title = name.capitalize()
    head = Head(
        reverse("page", args=[name]),
        title,
        f"{title}: {current.name}.",
        json_ld={"@type": "AboutPage" if name == "about" else "WebPage"},
        has_twin=True,
        publication=current,
    )
    return render_page(
        request,
        "timeline/text_page.html",
        head,
        name=name,
        text=text,
        **item_context([], "html", current, texts=[text]),
    )


def share_image(head: Head, digest: str) -> HttpResponse:
    """The picture of the page of `head`; an address that had another one leads to it."""
    if not head.card or digest != head.card.digest:
        return redirect(head.share_image["url"])
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return HttpResponse(draw(head.card), content_type="image/png", headers=headers)


@require_safe
def home_share_image(request: HttpRequest, digest: str) -> HttpResponse:
    return share_image(home_head(), digest)


@require_safe
def issue_share_image(request: HttpRequest, number: int, digest: str) -> HttpResponse:
    return share_image(issue_head(get_object_or_404(Issue.objects.published(), number=number)), digest)


@require_safe
def item_share_image(request: HttpRequest, kind: str, slug: str, digest: str) -> HttpResponse:
    shown = section(kind)
    found = find(shown.published(), slug, address=lambda path: f"{path}share-{digest}.png")
    return found if isinstance(found, HttpResponse) else share_image(item_head(shown, found), digest)


# No cookie stands behind this form and it changes nothing: a token would only make the page personal.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@limited(CONTACTS, methods=["POST"])
def contact(request: HttpRequest, purpose: str) -> HttpResponse:
    """The reply or sponsor address, shown after a press on a button: people press it, harvesters do not."""
    current = Publication.objects.current()
    address = {"reply": current.reply_address, "sponsor": current.sponsor_contact}.get(purpose)
    if not address:
        raise Http404
    shown = address if request.method == "POST" else ""
    head = Head(
        reverse("contact", args=[purpose]),
        "Promote your work" if purpose == "sponsor" else "Reply",
        f"Write to {current.name}.",
        json_ld={"@type": "ContactPage"},
        publication=current,
    )
    return render_page(request, "timeline/contact.html", head, purpose=purpose, address=shown)
