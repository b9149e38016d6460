import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from papers.merging import merge
from papers.models import Author
from tests.factories import edith, make_author, make_issue, make_news, make_paper
from timeline.history import versions

pytestmark = pytest.mark.django_db


def names(item) -> list[str]:
    return [place.author.name for place in item.bylines.select_related("author")]


def test_merge_moves_items_of_every_kind_and_keeps_the_earlier_place() -> None:
    issue = make_issue()
    paper = make_paper(issue, authors=["Eva", "A. Lovelace", "Ada Lovelace", "Zoe"])
    other = make_paper(issue, authors=["Ada Lovelace", "Zoe"])
    news = make_news(issue, authors=["Zoe", "A. Lovelace"])
    merge(make_author("Ada Lovelace"), make_author("A. Lovelace"))
    assert [names(item) for item in (paper, other, news)] == [
        ["Eva", "Ada Lovelace", "Zoe"],
        ["Ada Lovelace", "Zoe"],
        ["Zoe", "Ada Lovelace"],
    ]
    assert not Author.objects.filter(name="A. Lovelace").exists()


def test_merge_keeps_spellings_links_orcid_and_history() -> None:
    kept = make_author("Ada Lovelace", links="Site https://ada.example")
    double = make_author(
        "A. Lovelace", orcid="0000-0002-1825-0097", links="Site https://ada.example\nX https://x.example"
    )
    double.spellings.create(name="Ada King")
    editor = edith()
    merged = merge(kept, double, editor=editor)
    assert (merged.orcid, merged.links) == ("0000-0002-1825-0097", "Site https://ada.example\nX https://x.example")
    assert list(merged.spellings.values_list("name", flat=True)) == ["A. Lovelace", "Ada King"]
    assert [Author.objects.named(name).get() for name in ("ada KING", "A Lovelace", "Ada Lovelace")] == [merged] * 3
    assert [[(v.action, v.editor) for v in versions(author)] for author in (merged, double)] == [
        [("merged", editor)]
    ] * 2


def test_merge_leads_old_addresses_to_the_kept_author(client: Client) -> None:
    make_paper(make_issue(), authors=["A. Lovelace"])
    double = make_author("A. Lovelace")
    double.slug = "ada-king"
    double.save()
    merge(make_author("Ada Lovelace"), double)
    answers = [client.get(f"/authors/{slug}/") for slug in ("a-lovelace", "ada-king")]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(301, "/authors/ada-lovelace/")] * 2


def test_merge_refuses_two_persons() -> None:
    one = make_author("Wei Wang", orcid="0000-0002-1825-0097")
    other = make_author("Wei  Wang", orcid="0000-0001-5109-3700")
    for pair in [(one, other), (one, one)]:
        with pytest.raises(ValidationError):
            merge(*pair)
    assert Author.objects.count() == 2


def test_editor_merges_in_the_admin(client: Client) -> None:
    authors = [make_author(name) for name in ("Ada Lovelace", "A. Lovelace", "Ada King")]
    client.force_login(edith())
    form = {"action": "merge_chosen", "_selected_action": [author.pk for author in authors]}
    page = client.post("/admin/papers/author/", form)
    assert [author.name in page.content.decode() for author in authors] == [True] * 3
    assert Author.objects.count() == 3
    client.post("/admin/papers/author/", {**form, "kept": authors[0].pk})
    assert list(Author.objects.all()) == [authors[0]]
