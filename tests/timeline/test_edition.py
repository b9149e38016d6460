"""The edition: another one after every commit of what readers can see, by whichever way it came."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from tests import ways
from tests.factories import edith
from tests.ways import WAYS, elsewhere, paper, raw
from timeline import edition, images
from timeline.checks import check_edition
from timeline.models import Draft, Edition, Issue, Presence, Topic, User

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows() -> None:
    ways.fill()


def test_every_way_leads_to_another_edition(rows: None) -> None:
    numbers = [edition.number()]
    for change in WAYS.values():
        change()
        numbers.append(edition.number())
    unchanged = [way for way, before, after in zip(WAYS, numbers, numbers[1:], strict=False) if before == after]
    assert (unchanged, numbers) == ([], sorted(numbers))


def test_what_no_reader_can_see_leaves_the_edition(rows: None) -> None:
    before = edition.number()
    editor = edith()
    Client().force_login(editor)
    User.objects.update(name="Edith")
    told = {"model": "papers.papersummary", "object_uuid": paper().uuid, "editor": editor}
    Draft.objects.create(**told, sheet=uuid4(), base=0, data={}, typed={})
    Presence.objects.create(**told, seen_at=timezone.now())
    images.sweep_images.enqueue()
    assert edition.number() == before


def test_all_tables_count_but_these() -> None:
    models = apps.get_models(include_auto_created=True)
    assert {model._meta.db_table for model in models} - edition.tables() == {
        "auth_group",
        "auth_group_permissions",
        "auth_permission",
        "django_admin_log",
        "django_content_type",
        "django_session",
        "django_tasks_database_dbtaskresult",
        "timeline_backup",
        "timeline_checkedlink",
        "timeline_count",
        "timeline_draft",
        "timeline_edition",
        "timeline_override",
        "timeline_pendingchange",
        "timeline_presence",
        "timeline_user",
        "timeline_user_groups",
        "timeline_user_user_permissions",
        "timeline_version",
    }


def test_rollback_leaves_the_edition_as_it_was(rows: None) -> None:
    before = edition.number()
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert edition.number() != before
        transaction.set_rollback(True)
    assert edition.number() == before


def test_what_a_savepoint_took_back_and_what_came_after_it(rows: None) -> None:
    before = edition.number()
    with transaction.atomic():
        with transaction.atomic():
            Issue.objects.update(title="Other")
            transaction.set_rollback(True)
        assert edition.number() == before
        Issue.objects.update(title="Other")
    assert edition.number() != before


def test_others_see_the_edition_with_the_change_and_not_before(rows: None) -> None:
    before = edition.number()
    with transaction.atomic():
        Issue.objects.update(title="Other")
        assert elsewhere(edition.number) == before
    assert elsewhere(edition.number) == edition.number() != before


def test_an_emptied_table_begins_with_another_number(rows: None) -> None:
    known = {edition.number()}
    for _ in range(3):
        Edition.objects.all().delete()
        edition.create()
        known.add(edition.number())
    assert (len(known), None in known) == (4, False)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_writers_do_not_wait_for_each_other(rows: None) -> None:
    """Each has changed something, and then wants the row that the other one has changed: no deadlock by the edition."""

    def change_the_issue() -> None:
        Issue.objects.filter(number=2).update(title="From elsewhere")

    before = edition.number()
    with transaction.atomic():
        Topic.objects.update(name="Other")
        elsewhere(change_the_issue)  # would wait for us for ever
        between = elsewhere(edition.number)
        Issue.objects.filter(number=2).update(tagline="From here")
    assert len({before, between, edition.number()}) == 3
    assert Edition.objects.count() == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite counts each row")
def test_a_transaction_counts_once(rows: None) -> None:
    with transaction.atomic():
        Issue.objects.update(title="Other")
        once = edition.number()
        for name in ("a", "b", "c"):
            Issue.objects.update(title=name)
            Topic.objects.update(name=name)
        assert edition.number() == once


def test_migrate_mends_what_nobody_counts(rows: None) -> None:
    assert (edition.missing(), check_edition(["default"])) == (set(), [])
    before = edition.number()
    raw(
        "DROP TRIGGER "
        + ("edition_timeline_issue_update" if connection.vendor == "sqlite" else "edition ON timeline_issue")
    )
    Issue.objects.update(title="Other")
    assert edition.number() == before
    assert edition.missing() == {"timeline_issue"}
    [problem] = check_edition(["default"])
    assert (problem.id, "changes of timeline_issue:" in problem.msg) == ("timeline.W002", True)

    edition.create()

    mended = edition.number()
    assert (edition.missing(), mended != before) == (set(), True)
    Issue.objects.update(title="Another")
    assert edition.number() != mended


def test_a_table_that_is_made_anew_is_counted_again(rows: None) -> None:
    """Django remakes a table of SQLite to alter it, and its triggers vanish."""
    field = Topic._meta.get_field("name").clone()
    field.set_attributes_from_name("name")
    field.model = Topic
    field.max_length, field._unique = 90, False
    with connection.schema_editor() as editor:
        editor.alter_field(Topic, Topic._meta.get_field("name"), field)
    try:
        edition.create()
        before = edition.number()
        Topic.objects.update(slug="other")
        assert (edition.missing(), edition.number() != before) == (set(), True)
    finally:
        with connection.schema_editor() as editor:
            editor.alter_field(Topic, field, Topic._meta.get_field("name"))
        edition.create()
