"""The catalogue of everything: an Entry for each issue, and for each item that is in one.

update() is called in the transaction of every change (timeline.derived), so the catalogue is as true as the
content. Time decides what readers see of it: an entry is there before its issue is public, and the question is asked
(Entry.objects.published()) when somebody reads.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from slugify import slugify

from timeline import markdown
from timeline.glossary import Glossary
from timeline.models import (
    Content,
    Entry,
    EntryQuerySet,
    Facet,
    Filing,
    Image,
    Issue,
    Item,
    ItemQuerySet,
    Publication,
    Term,
    Topic,
    Word,
    reading_minutes,
)
from timeline.models.catalogue import ISSUE_RANK, ISSUES, LONG, FilingQuerySet
from timeline.models.glossary import new_seal
from timeline.search_index import expression, is_migrated, matching
from timeline.sections import Section, across, find_related, section, sections
from timeline.terms import STEM, Clause, Query, Words, terms

SECTION_RANK = 10_000  # apart are the ranks of two sections in an issue

Label = tuple[str, str, str]  # name, value and label of a facet
Facets = list[Label]
Place = tuple[UUID, int | None]  # the uuid of an item, and the key of its issue
Filed = tuple[int, Label]  # the key of an entry, and a facet that it has


def update(*rows: Content) -> None:
    """Write anew what the catalogue says of `rows` and of what shows them. Call it in the transaction of a change."""
    issues = [row for row in rows if isinstance(row, Issue)]
    places: list[Place] = [(row.uuid, row.issue_id) for row in rows if isinstance(row, Item)]
    for row in rows:
        if isinstance(row, Term):
            write_uses(row)
        elif not isinstance(row, Issue | Item | Publication):  # no entry shows the last: its zone waits for a rebuild
            places += [place for kind in sections() for place in places_of(showing(kind, row))]
            if isinstance(row, Image):
                issues += Issue.objects.filter(introduction__contains=f"media:{row.name}")
    write_items(places, issues)


def places_of(items: ItemQuerySet) -> list[Place]:
    return list(items.order_by().values_list("uuid", "issue"))


def showing(kind: Section, row: Content) -> ItemQuerySet:
    """The items of that kind that show `row`: an image, a topic, an author."""
    items = kind.model._default_manager.all()
    if isinstance(row, Image):
        return items.filter(models.Q(lead_image=row) | models.Q(body__contains=f"media:{row.name}"))
    if isinstance(row, Topic):
        return items.filter(topics=row)
    if kind.has_authors and isinstance(row, kind.bylines.model._meta.get_field("author").related_model):
        return items.filter(pk__in=kind.bylines.filter(author=row).values("item"))
    return items.none()


def rebuild() -> Iterator[Issue]:
    """Write every entry anew, an issue at a time and each in a transaction of its own; gives the issues done.

    Readers find what is there all the while. It may be stopped and begun again.
    """
    Word.objects.all().delete()
    for issue in Issue.objects.order_by("-number").iterator(chunk_size=100):
        with transaction.atomic():
            inside = [uuid for *_, uuid in across(models.Q(issue=issue), "uuid")]
            write_items([(uuid, issue.pk) for uuid in inside], [issue])
            keep = [issue.uuid, *inside]
            Entry.objects.filter(issue=issue).exclude(object_uuid__in=keep).delete()
        yield issue


def indexes() -> dict[str, models.QuerySet[Any]]:
    """The terms; the lists of entries are those of their kinds and topics."""
    return {"glossary": Term.objects.all()}


def fill(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """After every migrate: a site that comes from a version without a catalogue gets one."""
    if using == DEFAULT_DB_ALIAS and is_migrated(using) and not Entry.objects.exists():
        for _ in rebuild():
            pass


def forgotten() -> list[type[models.Model]]:
    """The models whose rows forget() wants to hear of."""
    return [Topic, Term, *(kind.model for kind in sections())]


def forget(sender: type[models.Model], instance: models.Model, **kwargs: Any) -> None:
    """A row can go in many ways (admin, merge, cascade, shell): the entry of an item goes too, topic and term leave.

    The entries of an issue go by themselves, and an author who is named somewhere cannot be deleted.
    """
    if isinstance(instance, Item):
        Entry.objects.filter(object_uuid=instance.uuid).delete()
    elif isinstance(instance, Topic):
        named = Entry.objects.having({"topic": instance.slug})
        for kind in sections():
            uuids = list(named.filter(kind=kind.kind).values_list("object_uuid", flat=True))
            write_items(places_of(kind.model._default_manager.filter(uuid__in=uuids)))
    elif isinstance(instance, Term):
        write_terms(Entry.objects.having({"term": str(instance.uuid)}))


def write_items(places: Iterable[Place], issues: Iterable[Issue] = ()) -> None:
    """The entries of these items, and of their issues and of `issues`, which say how long they are.

    Those in no issue have none. Of other items in these issues only place and date are written, unless nothing is known
    of them: what they say did not change. A dozen queries, however many the items.
    """
    places = list(places)
    if shelved := [uuid for uuid, issue in places if issue is None]:
        Entry.objects.filter(object_uuid__in=shelved).delete()
    concerned = {issue.pk: issue for issue in issues}
    if others := {issue for _, issue in places if issue} - concerned.keys():
        concerned |= Issue.objects.in_bulk(others)
    if not concerned:
        return
    publication: Any = SimpleLazyObject(Publication.objects.current)  # whose zone no draft needs
    order = across(models.Q(issue__in=concerned), "uuid", "issue")
    known = {entry.object_uuid: entry for entry in Entry.objects.items().filter(issue__in=concerned).defer(*LONG)}
    for uuid, _ in places:
        known.pop(uuid, None)
    moved, unknown = [], defaultdict(list)
    for kind, position, _, uuid, key in order:
        issue, entry = concerned[key], known.get(uuid)
        if entry is None or entry.issue_number != issue.number:
            unknown[kind].append(uuid)
            continue
        rank, day = rank_of(issue, kind, position), entry.date if entry.is_dated else date_of(issue, publication)
        if entry.rank != rank or entry.date != day:
            moved.append(entry)
        entry.rank, entry.date = rank, day
    Entry.objects.bulk_update(moved, ["rank", "date"])
    described = [
        one
        for kind in map(section, unknown)
        for one in describe_items(kind, kind.model._default_manager.filter(uuid__in=unknown[kind.kind]), publication)
    ]
    known |= {one.entry.object_uuid: one.entry for one in described}
    inside = {key: [known[uuid] for *_, uuid, own in order if own == key] for key in concerned}
    write([*described, *(describe_issue(concerned[key], own, publication) for key, own in inside.items())], moved)


def date_of(issue: Issue, publication: Publication) -> date | None:
    return issue.published_at and timezone.localdate(issue.published_at, publication.zone)


def rank_of(issue: Issue, kind: str, position: int) -> int:
    order = sections().index(section(kind)) * SECTION_RANK + min(position, SECTION_RANK - 1)
    return issue.number * ISSUE_RANK + 1 + order


def write_uses(term: Term) -> None:
    """Seal a term that is new or was changed, and tell anew which terms stand in each item that it may concern."""
    Publication.objects.get_or_create(pk=1)  # the row that tells every page of the seals
    term.seal = new_seal()
    Term.objects.filter(pk=term.pk).update(seal=term.seal)
    concerned = models.Q(pk__in=Filing.objects.entries({"term": str(term.uuid)}))
    for name in term.explained.names:
        if words := tuple(Words(name).terms):
            concerned |= matching(expression(Query((Clause(words),))))
    write_terms(Entry.objects.items().filter(concerned))


def write_terms(entries: EntryQuerySet) -> None:
    """The facets that say which terms stand in these entries: only what changed is written."""
    glossary = Term.objects.glossary(Publication.objects.current().term_seals)
    rows = {entry.pk: entry for entry in entries.order_by().only("title", "text", "date", "rank")}
    wanted = {(pk, facet) for pk, row in rows.items() for facet in term_facets(glossary, row.title, row.text)}
    file(rows, wanted, filed(Filing.objects.filter(name="term", entry__in=entries)))


class Written(NamedTuple):
    pk: int
    facet: int
    date: date | None
    rank: int


def filed(filings: FilingQuerySet) -> dict[Filed, Written]:
    told = ("entry", "name", "facet__value", "facet__label", *Written._fields)
    rows = filings.values_list(*told)
    return {(entry, (name, value, label)): Written(*own) for entry, name, value, label, *own in rows}


def file(entries: Mapping[int, Entry], wanted: set[Filed], written: Mapping[Filed, Written]) -> None:
    """Make of the filings of `entries` that are `written` those that are `wanted`, in the place that their entries have
    now. Only what is another one is touched."""
    Filing.objects.filter(pk__in=[row.pk for key, row in written.items() if key not in wanted]).delete()
    keys = {facet: row.facet for (_, facet), row in written.items()}
    keys |= facet_keys({facet for _, facet in wanted} - keys.keys())
    rows = []
    for pk, facet in sorted(wanted):  # sorted for the same reason as facets
        entry, row = entries[pk], written.get((pk, facet))
        if row is None or (row.date, row.rank) != (entry.date, entry.rank):
            place = {"date": entry.date, "rank": entry.rank}
            rows.append(Filing(entry_id=pk, facet_id=keys[facet], name=facet[0], **place))
    Filing.objects.bulk_create(
        rows,
        batch_size=1_000,
        update_conflicts=True,
        unique_fields=["entry", "name", "facet"],
        update_fields=["date", "rank"],
    )


def facet_keys(facets: set[Label]) -> dict[Label, int]:
    """The primary keys of these facets, of which those that are missing are made."""
    known = Facet.objects.filter(name__in={name for name, _, _ in facets}, value__in={value for _, value, _ in facets})
    columns = ("name", "value", "label", "pk")
    keys = {(name, value, label): pk for name, value, label, pk in known.values_list(*columns)}
    if missing := facets - keys.keys():
        Facet.objects.bulk_create(
            # Sorted, so that two writers wait for each other instead of each holding what the other needs.
            [Facet(name=name, value=value, label=label) for name, value, label in sorted(missing)],
            ignore_conflicts=True,
        )
        keys = {(name, value, label): pk for name, value, label, pk in known.values_list(*columns)}
    return keys


def term_facets(glossary: Glossary, title: str, text: str) -> Facets:
    """A term stands for its uuid: its address may change."""
    return sorted(("term", term.key, term.name) for term in glossary.used([title, *text.splitlines()]))


@dataclass
class Described:
    """An entry that is to be written, its facets, and the three texts in which it is found."""

    entry: Entry
    facets: Facets
    title: str
    names: str
    text: str


def describe_issue(issue: Issue, inside: Iterable[Entry], publication: Publication) -> Described:
    known = Image.objects.markdown_context([issue.introduction])
    return Described(
        Entry(
            object_uuid=issue.uuid,
            kind=ISSUES,
            issue=issue,
            rank=issue.number * ISSUE_RANK,
            date=date_of(issue, publication),
            is_dated=True,
            minutes=max(1, sum(entry.minutes for entry in inside)),
            emoji="",
            label=issue.title,
            title=issue.title,
            path=issue.get_absolute_url(),
            image_id=issue.cover_id or next((entry.image_id for entry in inside if entry.image_id), None),
        ),
        [],
        title=f"{issue.number} {issue.title}",
        names="",
        text="\n".join(filter(None, [issue.tagline, *markdown.blocks(issue.introduction, context=known)])),
    )


def describe_items(kind: Section, items: ItemQuerySet, publication: Publication) -> list[Described]:
    placed = list(items.select_related("issue", "lead_image"))
    find_related({kind: placed})
    images = [item.lead_image for item in placed if item.lead_image]
    known = Image.objects.markdown_context([item.body for item in placed], known=images)
    names = {item.pk: next(iter(markdown.media_names(item.body)), "") for item in placed if not item.lead_image}
    shown = Image.objects.in_bulk([name for name in names.values() if name], field_name="name")
    glossary = Term.objects.glossary(publication.term_seals)
    return [
        describe_item(kind, item, item.lead_image or shown.get(names[item.pk]), known, publication, glossary)
        for item in placed
    ]


def describe_item(
    kind: Section, item: Any, image: Image | None, known: markdown.Context, publication: Publication, glossary: Glossary
) -> Described:
    issue: Issue = item.issue
    own_date: date | None = getattr(item, "date", None)
    organisation: str = getattr(item, "organisation", "")
    topics, authors = item.topic_list, item.byline
    lead = markdown.blocks(f"![](media:{item.lead_image.name})", context=known) if item.lead_image else []
    facts = [str(value) for _, value in kind.facts(item) if value]
    text = "\n".join([*lead, *markdown.blocks(item.body, context=known), *facts])
    return Described(
        Entry(
            object_uuid=item.uuid,
            kind=kind.kind,
            issue=issue,
            rank=rank_of(issue, kind.kind, item.position),
            date=own_date or date_of(issue, publication),
            is_dated=own_date is not None,
            minutes=reading_minutes(item.body),
            emoji=item.emoji,
            label=item.label,
            title=item.title,
            path=item.get_absolute_url(),
            byline=[author.name for author in authors],
            image=image,
        ),
        [
            *(("topic", topic.slug, topic.name) for topic in topics),
            *(("author", author.slug, author.name) for author in authors),
            *([("organisation", slugify(organisation, max_length=120), organisation)] if organisation else []),
            *kind.facets(item),
            *term_facets(glossary, item.title, text),
        ],
        title=item.title if item.short_title in item.title else f"{item.title} {item.short_title}",
        names="\n".join([*(author.name for author in authors), organisation, *(topic.name for topic in topics)]),
        text=text,
    )


def write(described: list[Described], moved: list[Entry]) -> None:
    """Insert or overwrite these entries with their facets, and note their words; file those that were `moved` anew."""
    words: set[str] = set()
    with transaction.atomic(savepoint=False):
        for one in described:
            entry = one.entry
            entry.text = one.text
            for name, text in (("title", one.title), ("name", one.names), ("text", one.text)):
                found = terms(text)
                words.update(term for term in found if not term.startswith(STEM) and not term.isdigit())
                setattr(entry, f"{name}_terms", " ".join(found))
        entries = [one.entry for one in described]
        fields = [field.name for field in Entry._meta.concrete_fields if field.name not in {"id", "object_uuid"}]
        Entry.objects.bulk_create(entries, update_conflicts=True, unique_fields=["object_uuid"], update_fields=fields)
        placed = {entry.pk: entry for entry in [*entries, *moved]}
        written = filed(Filing.objects.filter(entry__in=placed))
        wanted = {(one.entry.pk, facet) for one in described for facet in [*one.facets, *common_facets(one.entry)]}
        wanted |= {(entry.pk, facet) for entry in moved for facet in year_facets(entry)}
        staying = {entry.pk for entry in moved}
        wanted |= {(pk, facet) for pk, facet in written if pk in staying and facet[0] != "year"}
        file(placed, wanted, written)
        # Sorted for the same reason as facets.
        Word.objects.bulk_create([Word(word=word) for word in sorted(words)], ignore_conflicts=True)


def common_facets(entry: Entry) -> Facets:
    title = "Issues" if entry.kind == ISSUES else section(entry.kind).title
    number = str(entry.issue.number)
    return [("kind", entry.kind, title), ("issue", number, f"Issue {number}"), *year_facets(entry)]


def year_facets(entry: Entry) -> Facets:
    return [("year", str(entry.date.year), str(entry.date.year))] if entry.date else []
