"""Authors who may be one person: what is proposed and why, and what an editor says of it."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from papers.doubles import LEAST, likeness, proposals, words_of
from papers.merging import merge
from papers.models import Author, NotSame, validate_orcid
from tests.factories import edith, make_author, make_issue, make_news, make_paper, rita

pytestmark = pytest.mark.django_db

ADA, BOB = "0000-0002-1825-0097", "0000-0001-5109-3700"


def told() -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.first.name, one.second.name, one.reasons) for one in proposals()]


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("Łukasz Kaiser", "Lukasz Kaiser", (95, "the same but for accents, dots or capitals")),
        ("J. SMITH", "J Smith", (95, "the same but for accents, dots or capitals")),
        ("Wei Wang", "Wang Wei", (90, "the same words in another order")),
        ("Xiao Ming Li", "Xiaoming Li", (85, "the same but for spaces")),
        ("Jean-Luc Ponty", "Jeanluc Ponty", (85, "the same but for spaces")),
        ("John Smith", "J. Smith", (65, "initials for given names")),
        ("John Adam Smith", "John A. Smith", (65, "initials for given names")),
        ("John Adam Smith", "J. Smith", (60, "initials for given names")),
        ("John Adam Smith", "John Smith", (75, "given names left out")),
        ("J. A. Smith", "J. Smith", (60, "given names left out")),
        ("Smith J.", "John Smith", (65, "initials for given names")),
        ("John Smith", "Smith, J.", (65, "initials for given names")),
        ("Sahaj Agrawal", "Sahaj Agarwal", (70, "1 letter of difference")),
        ("Kristina Toutanova", "Kristyna Toutanova", (70, "1 letter of difference")),
        ("Aleksandr Petrov", "Alexandr Petrov", (65, "2 letters of difference")),
        ("Jon Smith", "Joan Smith", (50, "1 letter of difference")),
        ("Jian Li", "Jia Li", (50, "1 letter of difference")),
        ("Jane Smith", "John Smith", None),
        ("K. Smith", "John Smith", None),
        ("Ada Lovelace", "Bob Lovelace", None),
        ("Smith", "John Smith", None),
        ("Ada", "Ada", (95, "the same but for accents, dots or capitals")),
        ("Ada", "Eda", None),
    ],
)
def test_names_are_alike_for_a_reason(one: str, other: str, found: tuple[int, str] | None) -> None:
    assert likeness(words_of(one), words_of(other)) == likeness(words_of(other), words_of(one)) == found


@pytest.mark.parametrize(
    "pair",
    [("Sahaj Agrawal", "Sahaj Agarwal"), ("Smith J.", "John Smith"), ("John Smith", "Smith, J."), ("J Li", "Jo Li")],
)
def test_pairs_are_compared_wherever_the_family_name_stands(pair: tuple[str, str]) -> None:
    for name in (*pair, "Ada Lovelace"):
        make_author(name)
    assert [set(one[:2]) for one in told()] == [set(pair)]


def test_likely_pairs_come_first() -> None:
    for name in ("Ada Lovelace", "A. Lovelace", "Lovelace Ada", "Łukasz Kaiser", "Lukasz Kaiser", "Bob Dylan", "研究"):
        Author.objects.create(name=name)
    assert told() == [
        ("Łukasz Kaiser", "Lukasz Kaiser", ("the same but for accents, dots or capitals",)),
        ("Ada Lovelace", "Lovelace Ada", ("the same words in another order",)),
        ("A. Lovelace", "Lovelace Ada", ("initials for given names",)),
        ("Ada Lovelace", "A. Lovelace", ("initials for given names",)),
    ]


def test_shared_coauthors_raise_what_is_too_weak_alone() -> None:
    issue = make_issue()
    make_paper(issue, authors=["Jon Smith", "Eva", "Zoe"])
    assert told() == []
    make_news(issue, authors=["Joan Smith", "Zoe", "Bob"])
    assert told() == [("Jon Smith", "Joan Smith", ("1 letter of difference", "1 co-author in common"))]
    make_paper(issue, authors=["Joan Smith", "Eva"])
    (one,) = proposals()
    assert (one.points, one.reasons[1]) == (LEAST + 10, "2 co-authors in common")


def test_two_on_one_paper_are_two() -> None:
    make_paper(make_issue(), authors=["Wei Wang", "Wang Wei"])
    assert told() == []


def test_orcid_decides() -> None:
    one = make_author("Ada Lovelace", orcid=ADA)
    make_author("A. Lovelace", orcid=BOB)
    assert told() == []
    other = make_author("Countess of King", orcid=ADA)
    assert told() == [(one.name, other.name, ("the same ORCID",))]


def test_other_spellings_count() -> None:
    make_author("Ada Lovelace").spellings.create(name="Ada King")
    make_author("A. King")
    assert told() == [("Ada Lovelace", "A. King", ("initials for given names",))]


def test_editor_decides_in_the_admin(client: Client) -> None:
    one, other = make_author("Ada Lovelace"), make_author("A. Lovelace")
    client.force_login(edith())
    page = client.get("/admin/papers/author/doubles/").content.decode()
    assert [word in page for word in ("Ada Lovelace", "A. Lovelace", "initials for given names")] == [True] * 3
    assert "/admin/papers/author/doubles/" in client.get("/admin/papers/author/").content.decode()
    form = {"action": "merge_chosen", "_selected_action": [one.pk, other.pk]}
    merging = client.post("/admin/papers/author/", form).content.decode()
    assert [f'value="{author.pk}"' in merging for author in (one, other)] == [True, True]
    answer = client.post("/admin/papers/author/doubles/", {"first": other.pk, "second": one.pk}, follow=True)
    assert "A. Lovelace and Ada Lovelace are two" in answer.content.decode()
    assert (told(), NotSame.objects.count()) == ([], 1)


@pytest.mark.parametrize("pair", [{}, {"first": "1"}, {"first": "x", "second": "y"}, {"first": "999", "second": "998"}])
def test_without_a_pair_nothing_is_said(client: Client, pair: dict[str, str]) -> None:
    client.force_login(edith())
    answer = client.post("/admin/papers/author/doubles/", pair, follow=True).content.decode()
    assert ("One of them is not there any more." in answer, NotSame.objects.count()) == (True, 0)


def test_only_who_merges_may_decide(client: Client) -> None:
    one, other = make_author("Ada Lovelace"), make_author("A. Lovelace")
    client.force_login(rita())
    client.post("/admin/papers/author/doubles/", {"first": one.pk, "second": other.pk})
    assert not NotSame.objects.exists()


def test_what_was_said_stays_true_after_a_merge() -> None:
    one, other, third = (make_author(name) for name in ("Ada Lovelace", "A. Lovelace", "Ada B. Lovelace"))
    NotSame.say(other.pk, one.pk)
    NotSame.say(one.pk, third.pk)
    kept = merge(third, one)
    assert list(NotSame.objects.values_list("first", "second")) == [tuple(sorted((other.pk, kept.pk)))]
    assert told() == []


@pytest.mark.parametrize("right", [ADA, BOB, "0000-0002-1694-233X"])
def test_orcid_with_its_check_digit_is_taken(right: str) -> None:
    validate_orcid(right)


@pytest.mark.parametrize(
    "wrong", ["0000-0002-1825-0098", "0000-0002-1825-009X", "0000000218250097", "x", f"{ADA}\n", ""]
)
def test_orcid_with_a_wrong_digit_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        validate_orcid(wrong)


def test_proposals_need_a_fixed_number_of_queries(django_assert_num_queries) -> None:
    issue = make_issue()
    for number in range(5):
        make_paper(issue, authors=[f"Ada Lovelace{number}", f"A. Lovelace{number}", "Bob"])
    with django_assert_num_queries(5):
        proposals()
