"""Pages as Markdown for programs that read: a twin of each content page at its address with .md, and /llms.txt."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from timeline.markdown import Figure
from timeline.metadata import absolute, twin
from timeline.models import Correction, Entry, Image, Issue, Item, Publication, Term, Topic
from timeline.models.catalogue import LONG
from timeline.models.pending import told_corrections
from timeline.sections import Filled, Section, filled, published_topics, section, sections
from timeline.views import PAGE_SIZE, Part, by_kind, find, published_parts

# In llms.txt, which should have about 50 KB: issues and topics, and items of each kind.
NEWEST = 50
NEWEST_ITEMS = 120
# ![alternative text](media:name "caption")
PICTURE = re.compile(r'!\[((?:\\.|[^\]\\])*)\]\(media:([\w-]+)(?:\s+"((?:\\.|[^"\\])*)")?\s*\)')


def markdown_response(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


def line(text: Any) -> str:
    """What is no Markdown (a title, a name, an address), on one line and with nothing that Markdown would read."""
    return re.sub(r"([\\`*_\[\]<>#|~$])", r"\\\1", " ".join(str(text).split()))


def link(label: Any, address: str) -> str:
    return f"[{line(label)}](<{absolute(address)}>)"


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {each}" for each in lines)


def document(*blocks: str) -> str:
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip()) + "\n"


def with_pictures(text: str, figures: Mapping[str, Figure]) -> str:
    """`text` as it was typed, with pictures of the media at whole addresses; “[Figure: …]” for one that is awaited."""

    def picture(match: re.Match[str]) -> str:
        alt, name, caption = match[1], match[2], match[3] or ""
        figure = figures.get(name)
        if figure and figure.src:
            title = caption or line(figure.caption).replace('"', "&quot;")
            return f"![{alt or line(figure.alt)}](<{absolute(figure.src)}>" + (f' "{title}")' if title else ")")
        return f"[Figure: {caption or alt or line(figure.caption or figure.alt if figure else '') or name}]"

    return PICTURE.sub(picture, text)


def figures(items: Sequence[Item], *texts: str, known: Iterable[Image] = ()) -> Mapping[str, Figure]:
    images = [*known, *(item.lead_image for item in items if item.lead_image)]
    return Image.objects.markdown_context([*texts, *(item.body for item in items)], known=images).figures


def item_document(section: Section, item: Item, known: Mapping[str, Figure], level: int = 1) -> str:
    issue = item.issue
    facts = [
        ("Kind", line(section.title)),
        (
            "Issue",
            link(f"{issue.number}: {issue.title}", twin(issue.get_absolute_url())) if issue and level == 1 else "",
        ),
        ("Authors", ", ".join(link(author.name, twin(author.get_absolute_url())) for author in item.byline)),
        *((label, line(value)) for label, value in section.facts(item) if value),
        ("Topics", ", ".join(link(topic.name, twin(topic.get_absolute_url())) for topic in item.topic_list)),
        ("Links", ", ".join(link(label, url) for label, url in getattr(item, "links", []))),
        ("Page", f"<{absolute(item.get_absolute_url())}>"),
    ]
    return document(
        f"{'#' * level} {line(item.title)}",
        bullets(f"{label}: {value}" for label, value in facts if value),
        with_pictures(f"![](media:{item.lead_image.name})", known) if item.lead_image else "",
        with_pictures(item.body, known),
    )


def corrected(corrections: Iterable[Correction]) -> str:
    """When what was corrected after publication, and where it stands what the text said before."""
    told = ((f"Corrected on {each.created_at:%Y-%m-%d}", each) for each in corrections)
    return bullets(f"{link(label, each.get_absolute_url())}: {line(each.note)}" for label, each in told)


def list_document(
    title: str, path: str, parts: Iterable[Filled | Part], links: Iterable[tuple[str, str]] = (), text: str = ""
) -> str:
    """The twin of a page that lists items: of a topic, of an author, of a term. `text` is Markdown."""
    return document(
        f"# {line(title)}",
        text,
        bullets([*(link(label, url) for label, url in links), f"Page: <{absolute(path)}>"]),
        *(
            f"## {line(part.title)}\n\n"
            + bullets(link(item.title, twin(item.get_absolute_url())) for item in part.items)
            for part in parts
        ),
    )


@require_safe
def issue_twin(request: HttpRequest, number: int) -> HttpResponse:
    issue = get_object_or_404(Issue.objects.published().select_related("cover"), number=number)
    publication = Publication.objects.current()
    closing = issue.closing or publication.closing
    parts = filled([issue], "txt")[issue]
    items = [item for part in parts for item in part.items]
    known = figures(items, issue.introduction, closing, known=[issue.cover] if issue.cover else [])
    published = timezone.localtime(issue.published_at, publication.zone)
    return markdown_response(
        document(
            f"# {line(publication.name)} \\#{issue.number}: {line(issue.title)}",
            line(issue.tagline),
            bullets([f"Published: {published:%Y-%m-%d}", f"Page: <{absolute(issue.get_absolute_url())}>"]),
            with_pictures(f"![](media:{issue.cover.name})", known) if issue.cover else "",
            with_pictures(issue.introduction, known),
            *(
                document(
                    f"## {line(part.title)}", *(item_document(part.section, item, known, 3) for item in part.items)
                )
                for part in parts
            ),
            corrected(told_corrections(issue)),
            "---",
            with_pictures(closing, known),
        )
    )


@require_safe
def item_twin(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    shown = section(kind)
    found = find(shown.published(), slug, address=twin)
    if isinstance(found, HttpResponse):
        return found
    told = told_corrections(found.issue, found)
    return markdown_response(document(item_document(shown, found, figures([found])), corrected(told)))


@require_safe
def topic_twin(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Topic.objects.all(), slug, address=twin)
    if isinstance(found, HttpResponse):
        return found
    parts = published_parts(sections(), topics=found)
    if not parts:
        raise Http404
    return markdown_response(list_document(found.name, found.get_absolute_url(), parts))


@require_safe
def glossary_twin(request: HttpRequest) -> HttpResponse:
    """All terms: nobody pages through a file."""
    terms = (f"{link(term.name, twin(term.get_absolute_url()))}: {meaning(term)}" for term in Term.objects.all())
    path = reverse("glossary")
    return markdown_response(document("# Glossary", bullets([f"Page: <{absolute(path)}>"]), bullets(terms)))


@require_safe
def term_twin(request: HttpRequest, slug: str) -> HttpResponse:
    found = find(Term.objects.all(), slug, address=twin)
    if isinstance(found, HttpResponse):
        return found
    entries = Entry.objects.published().having({"term": str(found.uuid)}).defer(*LONG)[:PAGE_SIZE]
    return markdown_response(
        list_document(found.name, found.get_absolute_url(), by_kind(list(entries)), text=meaning(found))
    )


def meaning(term: Term) -> str:
    return line(f"{term.expansion}. {term.explanation}" if term.expansion else term.explanation)


@require_safe
def page_twin(request: HttpRequest, name: str) -> HttpResponse:
    publication = Publication.objects.current()
    text = getattr(publication, name)
    if not text:
        raise Http404
    path = reverse("page", args=[name])
    return markdown_response(
        document(
            f"# {name.capitalize()}", bullets([f"Page: <{absolute(path)}>"]), with_pictures(text, figures([], text))
        )
    )


def newest_items(kind: Section) -> str:
    entries = Entry.objects.published().filter(kind=kind.kind).by_issue().cards()
    lines = [f"{link(each.title, twin(each.path))}: issue {each.issue}" for each in entries[:NEWEST_ITEMS]]
    return f"## {line(kind.title)}\n\n{bullets(lines)}" if lines else ""


@require_safe
def llms(request: HttpRequest) -> HttpResponse:
    """https://llmstxt.org: what this site is, and where to read on."""
    publication = Publication.objects.current()
    newest = Issue.objects.published()[:NEWEST]
    lists = [("All issues", reverse("issues"))] + [
        (kind.title, reverse("items", args=[kind.kind])) for kind in sections()
    ]
    return HttpResponse(
        document(
            f"# {line(publication.name)}",
            f"> {line(publication.tagline)}",
            "A newsletter in numbered issues that explains AI research and news in plain words. Each page with a text, "
            "of an author, a topic, a term or a benchmark has a twin in Markdown: put .md in the place of its last "
            "slash.",
            "## Newest issues\n\n"
            + bullets(
                f"{link(f'{issue.number}: {issue.title}', twin(issue.get_absolute_url()))}"
                + (f": {line(issue.tagline)}" if issue.tagline else "")
                for issue in newest
            ),
            *(newest_items(kind) for kind in sections()),
            "## Topics\n\n"
            + bullets(link(topic.name, twin(topic.get_absolute_url())) for topic in published_topics()[:NEWEST]),
            "## Optional\n\n"
            + bullets(
                [
                    *(link(title, path) for title, path in lists),
                    link("Glossary", twin(reverse("glossary"))),
                    *(link(title, twin(path)) for title, path in publication.pages),
                    link("Feed of the issues", reverse("feed", args=["json"])),
                    link("Sitemap", reverse("sitemaps")),
                ]
            ),
        ),
        content_type="text/plain; charset=utf-8",
    )
