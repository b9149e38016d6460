from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.factories import make_image, make_issue, make_news, make_paper
from timeline.fields import parse_links
from timeline.models import FormerSlug, Issue, Publication, Topic, User

pytestmark = pytest.mark.django_db


def test_issue_number_proposes_the_next() -> None:
    assert Issue().number == 1
    make_issue(number=7)
    assert Issue().number == 8


@pytest.mark.parametrize("number", [0, -1])
def test_issue_number_must_be_positive(number: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.create(number=number, title="No")
    with pytest.raises(ValidationError) as error:
        Issue(number=number, title="No").full_clean()
    assert list(error.value.message_dict) == ["number"]


def test_issue_number_is_unique() -> None:
    make_issue(number=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_issue(number=3)


def test_issue_status_follows_from_its_times() -> None:
    now = timezone.now()
    hour = timedelta(hours=1)
    assert [
        Issue().status,
        Issue(published_at=now + hour).status,
        Issue(published_at=now - hour).status,
        Issue(published_at=now - hour, withdrawn_at=now).status,
    ] == ["draft", "scheduled", "published", "withdrawn"]


def test_published_shows_a_scheduled_issue_when_its_time_has_come() -> None:
    now = timezone.now()
    make_issue(number=1, published=False)
    make_issue(number=2)
    make_issue(number=3, at=now + timedelta(hours=1))
    make_issue(number=4, withdrawn_at=now)
    assert [issue.number for issue in Issue.objects.published()] == [2]
    with time_machine.travel(now + timedelta(hours=2)):
        assert [issue.number for issue in Issue.objects.published()] == [3, 2]


def test_items_are_published_with_their_issue_and_never_on_the_shelf() -> None:
    public = make_paper(make_issue(number=1))
    make_paper(make_issue(number=2, published=False))
    make_paper(None)
    assert list(type(public).objects.published()) == [public]


def test_deleting_an_issue_puts_its_items_on_the_shelf() -> None:
    paper = make_paper(make_issue())
    paper.issue.delete()
    paper.refresh_from_db()
    assert paper.issue is None


def test_item_without_position_goes_to_the_end() -> None:
    issue = make_issue()
    assert [make_paper(issue).position for _ in range(3)] == [1, 2, 3]
    assert make_news(issue).position == 1


def test_slug_is_made_from_the_title_and_counted_up() -> None:
    slugs = [make_paper(title="Łukasz’s Größe: 深度学习").slug for _ in range(3)]
    assert slugs == [
        "lukaszs-grosse-shen-du-xue-xi",
        "lukaszs-grosse-shen-du-xue-xi-2",
        "lukaszs-grosse-shen-du-xue-xi-3",
    ]
    assert make_paper(title="🐳").slug == "papersummary"
    assert make_news(title="Łukasz’s Größe: 深度学习").slug == slugs[0]  # unique within its kind only


def test_changed_slug_leaves_a_redirect_and_is_not_given_away() -> None:
    paper = make_paper(title="Orca")
    paper.slug = "whale"
    paper.save()
    assert list(FormerSlug.objects.values_list("model", "slug", "target")) == [
        ("papers.papersummary", "orca", paper.uuid)
    ]
    assert make_paper(title="Orca").slug == "orca-2"
    paper.refresh_from_db()
    paper.slug = ""
    paper.title = "Orca"
    paper.save()
    assert paper.slug == "orca"  # its own former one


def test_image_name_never_changes() -> None:
    image = make_image("whale")
    image.name = "shark"
    with pytest.raises(ValueError, match="whale"):
        image.save()


def test_image_in_use_is_protected() -> None:
    image = make_image()
    make_issue(cover=image)
    with pytest.raises(IntegrityError):
        image.delete()


def test_publication_is_one_row_and_has_defaults_before_it_is_saved() -> None:
    assert Publication.objects.current().name == "The AI Timeline"
    assert Publication.objects.count() == 0
    Publication(name="First").save()
    Publication(name="Second").save()
    assert list(Publication.objects.values_list("pk", "name")) == [(1, "Second")]
    assert Publication.objects.current().editor_names == ("bycloud",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("support_link", "javascript:alert(1)"),
        ("support_link", "ftp://example.org"),
        ("social_links", "Website javascript:alert(1)"),
        ("social_links", "https://example.org"),
        ("closing", r"$\frac{1}$"),
    ],
)
def test_publication_refuses_what_readers_could_not_follow(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as error:
        Publication(**{field: value}).full_clean()
    assert list(error.value.message_dict) == [field]


def test_parse_links_leaves_out_unsafe_addresses() -> None:
    text = "My site https://example.org\n\nBad javascript:alert(1)\nhttps://no-name.example"
    assert parse_links(text) == [("My site", "https://example.org")]


def test_email_address_is_one_whatever_its_case() -> None:
    user = User.objects.create_user("Edith@Example.ORG")
    assert user.email == "edith@example.org"
    assert User.objects.get_by_natural_key("EDITH@example.org") == user
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email="Other@example.org")


def test_topics_and_papers_have_namespaces_of_slugs() -> None:
    assert Topic.objects.create(name="Small models").slug == "small-models"


def test_the_database_is_the_one_that_was_asked_for(settings) -> None:
    assert connection.vendor == settings.TEST_DATABASE
