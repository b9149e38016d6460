"""What the catalogue knows entries by: each facet once, and a row of numbers for each entry that has it."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from news.models import NewsItem
from papers.models import PaperSummary
from tests.factories import make_draft, make_issue, make_news, make_paper, make_term, tag
from timeline import derived, models
from timeline.models import Entry, Facet, Filing, Issue, Topic
from timeline.models.catalogue import number_under, related, years
from timeline.publishing import publish

pytestmark = pytest.mark.django_db


def filed(**where: Any) -> list[tuple[str, str, str]]:
    """(title of the entry, value, label of the facet)."""
    return sorted(Filing.objects.filter(**where).values_list("entry__title", "facet__value", "facet__label"))


def misplaced() -> list[Filing]:
    """Those that do not lie where their entry is."""
    rows = Filing.objects.select_related("entry")
    return [row for row in rows if (row.date, row.rank) != (row.entry.date, row.entry.rank)]


def test_what_is_hidden_is_all_that_is_not_published() -> None:
    now = timezone.now()
    times = (None, now - timedelta(hours=1), now + timedelta(hours=1))
    for published_at in times:
        for withdrawn_at in times:
            make_paper(make_issue(published=False, published_at=published_at, withdrawn_at=withdrawn_at))
    for rows, public in ((Issue.objects.all(), 1), (Entry.objects.all(), 2)):
        published, hidden = set(rows.published()), set(rows.hidden())
        assert (len(published), hidden) == (public, set(rows) - published)
    make_paper(None)  # on the shelf
    public = PaperSummary.objects.filter(issue__in=set(Issue.objects.published()))
    assert list(PaperSummary.objects.published()) == list(public) and len(public) == 1
    entries = set(Entry.objects.published().values_list("pk", flat=True))
    assert set(Filing.objects.published().values_list("entry", flat=True)) == entries


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", ""),
        ("kind", "papers"),
        ("kind", "issues"),
        ("topic", "agents"),
        ("organisation", "meta"),
        ("topic", "no-such"),
    ],
)
def test_sums_are_those_of_what_readers_may_see(name: str, value: str) -> None:
    now = timezone.now()
    times = (None, now - timedelta(hours=1), now + timedelta(hours=1))
    for published_at, withdrawn_at in [*product(times, times), (times[1], None)]:
        issue = make_issue(published=False, published_at=published_at, withdrawn_at=withdrawn_at)
        for day in (date(2021, 1, 1), date(2021, 12, 31), date(2022, 1, 1)):
            tag(make_paper(issue, date=day), "Agents")
        make_news(issue, date=date(2022, 5, 1), organisation="Meta")
        make_news(issue, date=date(2023, 5, 1), organisation="META")  # another label of one address
    public = list(Entry.objects.published().having({name: value} if name else {}).values_list("date__year", flat=True))
    assert years(name, value) == Counter(map(str, public))
    assert number_under(name, value) == (len(public) if name else 0)


def test_a_facet_is_there_once_and_one_that_was_renamed_is_seen_by_nobody(client: Client) -> None:
    issue = make_issue()
    one, other = make_paper(issue, title="One"), make_paper(issue, title="Other")
    topic = tag(one, "Agents")
    tag(other, "Agents")
    before = set(Facet.objects.values_list("pk", flat=True))
    derived.update(one)
    assert set(Facet.objects.values_list("pk", flat=True)) == before
    assert filed(name="topic") == [("One", "agents", "Agents"), ("Other", "agents", "Agents")]

    topic.name = "Tools"
    topic.save()
    derived.update(topic)

    assert filed(name="topic") == [("One", "agents", "Tools"), ("Other", "agents", "Tools")]
    assert set(Facet.objects.filter(name="topic").values_list("label", flat=True)) == {"Agents", "Tools"}
    shown = [client.get(url).content.decode() for url in ("/", "/timeline/", one.get_absolute_url())]
    assert [("Tools" in page, "Agents" in page) for page in shown] == [(True, False)] * 3


def test_names_of_one_address_are_counted_apart() -> None:
    issue = make_issue()
    for name in ("Open AI", "Open AI", "Open-AI"):
        make_news(issue, organisation=name)
    assert sorted(Filing.objects.filter(name="organisation").counted()) == [
        ("organisation", "open-ai", "Open AI", 2),
        ("organisation", "open-ai", "Open-AI", 1),
    ]


def test_what_has_several_facets_has_each_of_them() -> None:
    issue = make_issue()
    for number in range(8):
        make = make_paper if number & 4 else make_news
        item = make(issue, title=str(number), authors=["Ada"] if number & 1 else [])
        tag(item, "Agents" if number & 2 else "Tools")
    facets = {"kind": "papers", "author": "ada", "topic": "agents"}
    of = {"kind": 4, "author": 1, "topic": 2}
    wanted = [names for count in range(1, 4) for names in combinations(facets, count)]
    expected = {
        names: sorted(str(number) for number in range(8) if all(number & of[name] for name in names))
        for names in wanted
    }
    having = {names: Entry.objects.having({name: facets[name] for name in names}) for names in wanted}
    beside = {
        names: Filing.objects.named("kind", beside={name: facets[name] for name in names}).order_by("entry__title")
        for names in wanted
    }
    titles = {
        names: list(entries.order_by("title").values_list("title", flat=True)) for names, entries in having.items()
    }
    assert titles == expected
    assert {names: [filing.entry.title for filing in filings] for names, filings in beside.items()} == expected


def test_what_is_named_twice_is_filed_once() -> None:
    make_paper(make_issue(), title="One", lineage="builds on 2311.11045 Orca 2\nbuilds on 2311.11045 Orca")
    assert filed(name="cites") == [("One", "2311.11045", "builds on")]


def test_what_is_filed_lies_where_its_entry_is_whatever_happens_to_it() -> None:
    issue, other = make_draft(number=1), make_issue(number=2)
    news = [make_news(issue, title=str(number), authors=["Ada"]) for number in range(3)]
    dated = tag(make_paper(issue, title="Dated", date=date(2020, 5, 1)), "Agents").papersummary_set.get()
    moves: list[Callable[[], Any]] = [
        lambda: publish(issue, override="A test."),
        lambda: (NewsItem.objects.filter(pk=news[0].pk).update(position=9), derived.update(news[1])),
        lambda: save(dated, date=date(2021, 6, 1)),
        lambda: save(dated, issue=other),
        lambda: save(issue, number=7),
        lambda: save(issue, published_at=timezone.now() - timedelta(days=900)),
        lambda: make_term("Dated"),
    ]
    for move in moves:
        before = set(Entry.objects.values_list("pk", "date", "rank")), Filing.objects.count()
        move()
        assert (set(Entry.objects.values_list("pk", "date", "rank")), Filing.objects.count()) != before
        assert misplaced() == []


def save(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    derived.update(row)


def test_what_did_not_change_is_not_filed_anew() -> None:
    paper = make_paper(make_issue(), authors=["Ada"], date=date(2020, 5, 1))
    topic = tag(paper, "Agents")
    before = set(Filing.objects.values_list("pk", "facet__value"))
    paper.topics.remove(topic)
    paper.topics.add(Topic.objects.create(name="Tools"))
    save(paper, body="Other words.", date=date(2020, 6, 1))
    after = set(Filing.objects.values_list("pk", "facet__value"))
    assert [{value for _, value in rows} for rows in (before - after, after - before)] == [{"agents"}, {"tools"}]


@pytest.fixture
def forgotten() -> Iterator[Callable[[], None]]:
    """Lets the question for what is related be written anew; at the end it is as it was."""
    yield models.catalogue._related.written.cache_clear
    models.catalogue._related.written.cache_clear()


def test_related_is_sought_among_the_last_ones_under_each_author(
    monkeypatch: pytest.MonkeyPatch, forgotten: Callable[[], None]
) -> None:
    issues = [make_issue(number=number, at=datetime(2024, number, 1, tzinfo=UTC)) for number in range(1, 8)]
    written = ["Ada Bob Eva", "Ada Eva", "Bob", "Ada Bob", "Ada", "Bob", "Ada Bob"]
    for issue, authors in zip(issues, written, strict=True):
        make_paper(issue, title=str(issue.number), authors=authors.split())

    def found(near: int, number: int = 7) -> str:
        monkeypatch.setattr(models.catalogue, "NEAR", near)
        forgotten()
        keys = related(issues[number - 1], topics=[], authors=["ada", "bob", "eva"])
        entries = Entry.objects.in_bulk(keys)
        return "".join(entries[key].title for key in keys)

    # Those with most in common first, then the newest. Of the last three, 1 is seen with Eva only, 3 with Bob.
    assert [found(near) for near in (100, 3, 2, 1)] == ["142", "426", "465", "652"]
    assert [found(100, number) for number in (6, 3, 1)] == ["142", "12", ""]


@pytest.mark.django_db(transaction=True)
def test_migrate_moves_what_the_catalogue_knows_there_and_back() -> None:
    paper = make_paper(make_issue(), authors=["Ada", "Bob"], arxiv_id="2311.11045")
    tag(paper, "Agents")
    before, entries = filed(), list(Entry.objects.values_list("pk", flat=True))
    try:
        call_command("migrate", "timeline", "0011", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    assert (filed(), list(Entry.objects.values_list("pk", flat=True))) == (before, entries)
    assert misplaced() == []
    assert len(before) > 8
