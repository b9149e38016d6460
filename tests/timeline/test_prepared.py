"""Questions whose SQL is written once give what their querysets give, whenever they are asked and with whatever."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import models
from django.test import Client
from django.utils import timezone

from tests.factories import make_image, make_issue, make_news, make_paper, make_term, tag
from timeline.models import Issue, Topic
from timeline.models.content import IssueQuerySet
from timeline.models.pending import CorrectedRow, Correction
from timeline.models.prepared import KEPT, Prepared, moment, prepared

pytestmark = pytest.mark.django_db
OURS = {"timeline", "papers", "news", "boards"}


def told(row: Any) -> Any:
    """All that is known of a row that was read."""
    if not isinstance(row, models.Model):
        return row
    relations = {name: told(other) for name, other in row._state.fields_cache.items()}
    return {**{name: value for name, value in vars(row).items() if name != "_state"}, **relations}


def test_every_question_gives_what_its_queryset_gives(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    issues = [make_issue(number=number, cover=make_image(f"cover-{number}")) for number in (1, 2, 3)]
    make_issue(number=4, at=timezone.now() + timedelta(days=1))
    for issue in issues:
        lead = make_image(f"lead-{issue.number}")
        # Claimed in the first issue and measured in the others: with one score a page each is sought on other pages.
        score = "*Orca = 57%" if issue.number == 1 else "measured by: Ann\nOrca = 55%"
        paper = make_paper(
            issue,
            title=f"Orca {issue.number}",
            arxiv_id=f"2311.0000{issue.number}",
            lineage="builds on 2311.00001 Orca 1",
            authors=["Ada Lovelace", "Alan Turing"],
            lead_image=lead,
            body=f"![](media:cover-1)\n\n```scores Sums\n{score}\n```",
            date=timezone.localdate() - timedelta(days=issue.number),
        )
        news = make_news(issue, organisation="Analytical Engines")
        for item in (paper, news):
            tag(item, "Reasoning")
    monkeypatch.setattr("boards.views.SCORES", 1)
    make_term("Engine", explanation="It reckons.")
    correction = Correction.objects.create(issue=issues[1], note="A number.")
    CorrectedRow.objects.create(
        correction=correction, object_uuid=issues[1].papersummary_set.get().uuid, title="Orca", differences=[]
    )
    asked: set[Any] = set()
    differing = []
    answer = Prepared._answer

    def compared(self: Any, arguments: Sequence[Any], *part: int, is_reversed: bool = False) -> list[Any]:
        found = answer(self, arguments, *part, is_reversed=is_reversed)
        rows = self.ask(*arguments)
        expected = list(rows.reverse() if is_reversed else rows)[slice(*(part or [None]))]
        asked.add(self)
        if list(map(told, found)) != list(map(told, expected)):
            differing.append((self.ask.__name__, arguments, found, expected))
        return found

    monkeypatch.setattr(Prepared, "_answer", compared)
    for path in (
        "/",
        *("/issues/1/", "/issues/2/", "/issues/3/", "/issues/4/"),
        *("/papers/", "/papers/orca-2/", "/papers/orca-1/", "/papers/orca/", "/news/"),
        *(
            "/timeline/",
            "/timeline/papers/topics/reasoning/",
            "/topics/reasoning/",
            "/authors/ada-lovelace/",
            "/authors/",
        ),
        *("/glossary/engine/", "/search/?q=orca"),
        *("/benchmarks/sums/", "/benchmarks/sums/page/2/", "/benchmarks/sums/page/3/"),
    ):
        client.get(path)
    assert differing == []
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in OURS]
    known = {each for module in modules for each in vars(module).values() if isinstance(each, Prepared)}
    assert {each.ask.__name__ for each in known - asked} == set()


@prepared(models.PositiveIntegerField())
def numbered(number: int) -> IssueQuerySet:
    return Issue.objects.published().filter(number=number)


@prepared(None, models.SlugField(), models.PositiveIntegerField())
def topics(order: str, slugs: list[str], number: int) -> models.QuerySet[Topic]:
    return Topic.objects.filter(slug__in=slugs, pk__gte=number).order_by(order)


@prepared([models.SlugField()], models.PositiveIntegerField())
def topics_among(slugs: list[str], number: int) -> models.QuerySet[Topic]:
    return Topic.objects.filter(slug__among=slugs, pk__gte=number).order_by("slug")


def test_a_list_of_any_length_is_one_parameter(django_assert_num_queries: Any) -> None:
    slugs = ["it's", '"\\', "%s", *(f"topic-{number:04}" for number in range(2_000))]
    Topic.objects.bulk_create(Topic(slug=slug, name=f"Name of {slug}") for slug in slugs)
    for wanted in (slugs, slugs[:1], slugs[1:3] * 2, ["no", "none"], []):
        expected = sorted(set(wanted) & set(slugs))
        with django_assert_num_queries(1):
            found = topics_among(wanted, 0)
        assert sorted(topic.slug for topic in found) == expected
        assert sorted(topics_among.ask(wanted, 0).values_list("slug", flat=True)) == expected
    assert topics_among(slugs, 2**31 - 1) == []
    assert topics_among.written.cache_info().currsize == 1


def test_the_present_is_when_somebody_asks() -> None:
    tomorrow = timezone.now() + timedelta(days=1)
    issue = make_issue(number=7, at=tomorrow)
    assert numbered(7) == []
    with time_machine.travel(tomorrow + timedelta(minutes=1)):
        assert numbered(7) == [issue]
    now = moment.set(tomorrow + timedelta(minutes=1))  # as while something is made for all readers
    try:
        assert numbered(7) == [issue]
    finally:
        moment.reset(now)
    assert numbered(7) == []


def test_what_an_editor_did_is_seen_at_once() -> None:
    issue = make_issue(number=7, title="Before")
    assert [found.title for found in numbered(7)] == ["Before"]
    Issue.objects.filter(pk=issue.pk).update(title="After")
    assert [found.title for found in numbered(7)] == ["After"]
    Issue.objects.filter(pk=issue.pk).update(withdrawn_at=timezone.now())
    assert numbered(7) == []


@pytest.mark.parametrize("number", [-1, 2**31, 2**63, 10**30, -(10**30)])
def test_a_number_that_no_column_can_hold_finds_nothing(number: int) -> None:
    make_issue(number=7)
    assert numbered(number) == []


def test_lists_may_have_any_length_and_few_forms_are_kept() -> None:
    names = [f"topic-{number:02}" for number in range(40)]
    for name in names:
        Topic.objects.create(name=name)
    for length in range(40):
        assert [topic.slug for topic in topics("slug", names[:length], 0)] == names[:length]
        assert [topic.slug for topic in topics("-slug", names[:length], 0)] == names[:length][::-1]
    assert [topic.slug for topic in topics("slug", ["nothing", "topic-03", "topic-03"], 0)] == ["topic-03"]
    for start in range(0, 40, 5):  # from the first, and from the last ones on
        assert [topic.slug for topic in topics.between(start, start + 5, 40, "slug", names, 0)] == names[start:][:5]
    assert topics.written.cache_info().currsize <= KEPT


def test_values_are_no_sql() -> None:
    hostile = ["'; DROP TABLE timeline_topic; --", "%s", "100%", '"', "\\", "{}"]
    topic = Topic.objects.create(name="x", slug="x")
    Topic.objects.filter(pk=topic.pk).update(slug=hostile[0])
    assert [found.slug for found in topics("slug", hostile, 0)] == [hostile[0]]


def test_without_anything_to_find_no_question_is_asked(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert topics("slug", [], 0) == []
