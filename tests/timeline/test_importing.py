"""Documents become rows: all of them, or none and a sentence."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command

from news.models import NewsItem
from papers.models import Author, PaperSummary, Spelling
from tests.factories import edith, make_author, make_issue, make_news, make_paper, picture
from tests.timeline.test_film import make_film
from timeline import history, images
from timeline.importing import import_issue
from timeline.models import Image, Publication, Version
from timeline.publishing import withdraw

pytestmark = pytest.mark.django_db

FISH = """Issue 3: Fish

Papers

🐟 Goldfish: A Memory of Three Seconds

Ann Lee, Bo Chen

a goldfish in its bowl

Overview

It forgets.

News

🦀 Crabs walk sideways

Still.
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return write(tmp_path, FISH)


def write(folder: Path, text: str) -> Path:
    path = folder / "document.txt"
    path.write_text(text, encoding="utf-8")
    return path


def everything() -> dict[str, int]:
    """How many rows each model has, and how many files are stored."""
    rows = {model._meta.label: model._base_manager.count() for model in apps.get_models()}
    return rows | {"files": sum(path.is_file() for path in Path(settings.MEDIA_ROOT).rglob("*"))}


def import_fails(path: Path, **options: Any) -> str:
    """The sentence with which the command refuses, once it is sure that nothing has changed."""
    before = everything()
    with pytest.raises(CommandError) as caught:
        call_command("import_issue", path, stdout=StringIO(), **options)
    assert (caught.value.returncode, everything()) == (1, before)
    return str(caught.value)


def actions(row: Any) -> list[str]:
    return [version.action for version in history.versions(row)]


def test_command_prints_issue_and_report(document: Path) -> None:
    output = StringIO()
    call_command("import_issue", document, stdout=output)
    head, _, report = output.getvalue().partition("\n\n")
    assert head == "#3 – Fish (draft): Research Papers × 1, Industry News × 1"
    assert report == (
        """Guessed, please check (3):
  line 7: 2 authors: “Ann Lee, Bo Chen”
  line 9: the caption of a picture that is missing here (short, starts with a small letter, first of its item, """
        """above a heading there): “a goldfish in its bowl”
  line 11: a heading (short, a few words, one word, a usual word of headings): “Overview”

Left out (3):
  line 1: the site supplies the word before the number: “Issue”
  line 3: the section is called “Research Papers” here: “Papers”
  line 15: the section is called “Industry News” here: “News”
"""
    )


def test_every_new_row_has_a_version_by_its_editor(document: Path) -> None:
    editor = edith()
    issue, _ = import_issue(document, editor=editor)
    rows = [issue, *PaperSummary.objects.all(), *NewsItem.objects.all(), *Author.objects.all(), *Image.objects.all()]
    assert len(rows) == 6
    assert [actions(row) for row in rows] == [["imported"]] * 6
    assert set(Version.objects.values_list("editor", flat=True)) == {editor.pk}
    assert history.versions(issue)[0].data["items"]["papers"] == [str(PaperSummary.objects.get().uuid)]


def test_number_of_the_command_goes_before_the_document(document: Path) -> None:
    issue, report = import_issue(document, number=902)
    assert issue.number == 902
    assert "the number of the document, the issue is number 902: “3”" in str(report)


def test_publish_makes_the_issue_public(document: Path) -> None:
    issue, _ = import_issue(document, publish=True)
    assert issue.is_public
    assert actions(issue) == ["published", "imported"]


def test_slugs_that_exist_get_a_number(document: Path) -> None:
    import_issue(document)
    import_issue(document, number=4)
    assert sorted(PaperSummary.objects.values_list("slug", flat=True)) == [
        "goldfish-a-memory-of-three-seconds",
        "goldfish-a-memory-of-three-seconds-2",
    ]
    assert sorted(Image.objects.values_list("name", flat=True)) == [
        "goldfish-a-memory-of-three-seconds-a-goldfish-in-its-bowl",
        "goldfish-a-memory-of-three-seconds-a-goldfish-in-its-bowl-2",
    ]
    body = PaperSummary.objects.get(issue__number=4).body
    assert body.startswith("![](media:goldfish-a-memory-of-three-seconds-a-goldfish-in-its-bowl-2 ")


# Authors


def test_known_authors_are_matched_by_every_spelling(tmp_path: Path) -> None:
    ann = make_author("Ann Lee")
    bo = make_author("Bo Chén")
    cy = make_author("Cynthia Duc")
    Spelling.objects.create(author=cy, name="Cy Duc")
    issue, report = import_issue(write(tmp_path, FISH.replace("Ann Lee, Bo Chen", "Cy Duc, Bo Chen, Ann Lee, Di Em")))
    authors = PaperSummary.objects.get(issue=issue).byline
    assert authors[:3] == [cy, bo, ann]
    assert (authors[3].name, Author.objects.count()) == ("Di Em", 4)
    assert [(entry.line, entry.text, entry.reason) for entry in report.guesses if "taken for" in entry.reason] == [
        (5, "Cy Duc", "taken for the author Cynthia Duc"),
        (5, "Bo Chen", "taken for the author Bo Chén"),
    ]


def test_ambiguous_author_is_reported(document: Path) -> None:
    first, second = make_author("Ann Lee"), Author.objects.create(name="ANN LEE")
    issue, report = import_issue(document)
    assert PaperSummary.objects.get(issue=issue).byline[0] == first
    assert [entry.reason for entry in report.guesses if entry.text == "Ann Lee"] == [
        f"taken for Ann Lee ({first.slug}), but it may be any of Ann Lee ({first.slug}), ANN LEE ({second.slug})"
    ]


def test_author_who_is_named_twice_is_reported(tmp_path: Path) -> None:
    issue, report = import_issue(write(tmp_path, FISH.replace("Bo Chen", "Bo Chen, ANN LEE")))
    assert [author.name for author in PaperSummary.objects.get(issue=issue).byline] == ["Ann Lee", "Bo Chen"]
    assert "line 5: an author who is named twice: “ANN LEE”" in str(report)


# Replacing


def test_existing_number_is_refused_with_a_way_out(document: Path) -> None:
    make_issue(number=3)
    assert import_fails(document).startswith("Issue 3 exists already. With --replace ")


def test_replace_keeps_addresses_and_shelves_the_rest(document: Path) -> None:
    issue = make_issue(number=3, title="Before", tagline="Old", closing="Old closing", published=False)
    paper = make_paper(
        issue, title="Goldfish: a memory of three seconds!", slug="kept", body="Old", arxiv_id="2311.11045"
    )
    crab = make_news(issue, title="Another title", short_title="Crabs Walk Sideways", slug="crabs", body="Old")
    gone = make_news(issue, title="Octopus")
    contents = "In this issue\n\n🐟 Goldfish\n\n🦀 Crabs walk sideways\n\nPapers"
    crabs = "🦀 Crabs and How They Walk: Sideways"
    document.write_text(FISH.replace("🦀 Crabs walk sideways", crabs).replace("Papers", contents), encoding="utf-8")

    replaced, _ = import_issue(document, replace=True)
    for row in (issue, paper, crab, gone):
        row.refresh_from_db()

    assert (replaced.pk, issue.title, issue.closing) == (issue.pk, "Fish", "Old closing")
    assert (paper.issue, paper.slug, paper.arxiv_id) == (issue, "kept", "2311.11045")
    assert paper.body.endswith("## Overview\n\nIt forgets.")
    assert (crab.issue, crab.slug, crab.body) == (issue, "crabs", "Still.")
    assert (gone.issue, gone.title) == (None, "Octopus")
    assert [actions(row) for row in (issue, paper, crab, gone)] == [["imported", "before import"]] * 4
    assert history.versions(issue)[1].data["title"] == "Before"
    assert history.versions(paper)[1].data["body"] == "Old"
    assert (PaperSummary.objects.count(), NewsItem.objects.count()) == (1, 2)


def test_replace_finds_a_paper_by_its_arxiv_id(tmp_path: Path) -> None:
    issue = make_issue(number=3)
    paper = make_paper(issue, title="Preprint", slug="preprint", arxiv_id="2311.11045")
    folder = make_folder(tmp_path, papers={"orca": "title: Published\narxiv_id: 2311.11045v2"})
    import_issue(folder, replace=True)
    paper.refresh_from_db()
    assert (paper.title, paper.slug, paper.arxiv) == ("Published", "preprint", "2311.11045v2")


def test_replace_keeps_a_picture_that_came_in_the_meantime(document: Path) -> None:
    import_issue(document)
    image = Image.objects.get()
    images.prepare(picture()).put(image)
    image.alt = "A goldfish"
    image.save()

    import_issue(document, replace=True)

    same = Image.objects.get()
    assert (same.pk, same.alt, same.file.name) == (image.pk, "A goldfish", image.file.name)


def test_replace_and_publish_leave_a_public_issue_public(document: Path) -> None:
    first, _ = import_issue(document, publish=True)
    again, _ = import_issue(document, publish=True, replace=True)
    assert (again.is_public, again.published_at) == (True, first.published_at)
    withdraw(again)
    assert import_issue(document, publish=True, replace=True)[0].is_public


# Refusals


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "document.txt is empty."),
        (b"\0\1\2\3" * 10, "document.txt is a binary file"),
        (b"x" * (20 * 1024 * 1024 + 1), "document.txt is larger than 20 MB"),
        (FISH.replace("Issue 3: ", "").encode(), "The document has no number: give it one with --number."),
        (b"Issue 3: Fish\n\nNothing else.", "The document names no section"),
        (b"Papers\n\nFish", "The document has no title"),
        (FISH.replace("Fish\n", f"{'Fish' * 60}\n", 1).encode(), "The issue: title: Ensure this value has at most 200"),
        (
            FISH.replace("It forgets.", "It forgets. " * 20_000).encode(),
            "“Goldfish: A Memory of Three Seconds” (line 5): body: Line 5: The text has",
        ),
    ],
)
def test_document_that_cannot_be_read_changes_nothing(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "document.txt"
    path.write_bytes(data)
    assert import_fails(path).startswith(sentence)


def test_missing_file_changes_nothing(tmp_path: Path) -> None:
    assert import_fails(tmp_path / "none.txt") == "There is no file “none.txt”."


def test_failure_at_the_very_end_removes_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path, images="- {name: one, file: one.png}")
    (folder / "one.png").write_bytes(picture().read())

    def fail(*args: Any, **kwargs: Any) -> None:
        assert everything()["files"] == 1
        raise RuntimeError("the database is gone")

    before = everything()
    with monkeypatch.context() as patch:
        patch.setattr("timeline.publishing.publish", fail)
        with pytest.raises(RuntimeError):
            import_issue(folder, publish=True)
    assert everything() == before


# Folders


def make_folder(root: Path, *, issue: str = "", images: str = "", body: str = "", **items: dict[str, str]) -> Path:
    """A folder in the project's own format; `items` by kind and slug, as their front matter."""
    folder = root / "folder"
    folder.mkdir()
    order = "".join(f"  {kind}: [{', '.join(named)}]\n" for kind, named in items.items()) or "  {}\n"
    (folder / "issue.md").write_text(
        issue or f"---\nnumber: 3\ntitle: Fish\nsections:\n{order}---\n\n{body}", encoding="utf-8"
    )
    for kind, named in items.items():
        (folder / kind).mkdir()
        for slug, front in named.items():
            (folder / kind / f"{slug}.md").write_text(f"---\n{front}\n---\n\nText.\n", encoding="utf-8")
    if images:
        (folder / "images.yaml").write_text(images, encoding="utf-8")
    return folder


def test_folder_brings_a_film_with_its_captions(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path, body="![](media:ring)", images="- name: ring\n  file: ring.mp4\n  captions: ring.vtt\n"
    )
    (folder / "ring.mp4").write_bytes(make_film().getvalue())
    (folder / "ring.vtt").write_text("WEBVTT\n")
    import_issue(folder)
    image = Image.objects.get()
    assert [file.name[-4:] for file in (image.file, image.poster, image.captions)] == [".mp4", ".jpg", ".vtt"]
    before = (image.files, everything()["files"])
    import_issue(folder, replace=True)  # the same files are not stored twice
    assert (Image.objects.get().files, everything()["files"]) == before


def test_folder_fills_the_fields_that_it_names(tmp_path: Path) -> None:
    folder = make_folder(
        tmp_path,
        issue=(
            "---\nnumber: 3\ntitle: Fish\ntagline: And crabs\nclosing: Bye!\ncover: bowl\n"
            "published_at: 2023-11-27T15:00:00Z\nsections:\n  papers: [goldfish]\n---\n\nHello ![](media:bowl)\n"
        ),
        images=(
            "- name: bowl\n  file: images/bowl.png\n  alt: A bowl\n  caption: Round\n  credit: Us\n  rights: ours\n"
            "- name: sea\n"
        ),
    )
    (folder / "images").mkdir()
    (folder / "images" / "bowl.png").write_bytes(picture().read())
    (folder / "papers").mkdir()
    (folder / "papers" / "goldfish.md").write_text(
        """---
emoji: 🐟
title: "Goldfish: A Memory"
short_title: Goldfish
authors: [Bo Chen, Ann Lee]
arxiv_id: 2311.11040v2
date: 2023-11-18
topics: [Memory, Fish]
lead_image: sea
---

## Overview

![](media:sea "Salt")
""",
        encoding="utf-8",
    )
    with time_machine.travel("2024-01-01T00:00:00Z"):
        issue, report = import_issue(folder, publish=True)
    paper = PaperSummary.objects.get()
    bowl, sea = Image.objects.get(name="bowl"), Image.objects.get(name="sea")
    assert (issue.title, issue.tagline, issue.closing, issue.introduction, issue.cover) == (
        "Fish",
        "And crabs",
        "Bye!",
        "Hello ![](media:bowl)",
        bowl,
    )
    assert str(issue.published_at) == "2023-11-27 15:00:00+00:00"
    assert (
        paper.slug,
        paper.emoji,
        paper.title,
        paper.short_title,
        paper.arxiv,
        str(paper.date),
        paper.lead_image,
    ) == (
        "goldfish",
        "🐟",
        "Goldfish: A Memory",
        "Goldfish",
        "2311.11040v2",
        "2023-11-18",
        sea,
    )
    assert [author.name for author in paper.byline] == ["Bo Chen", "Ann Lee"]
    assert [topic.name for topic in paper.topics.all()] == ["Fish", "Memory"]
    assert paper.body == '## Overview\n\n![](media:sea "Salt")'
    assert (bowl.alt, bowl.caption, bowl.credit, bowl.rights, bowl.width) == ("A bowl", "Round", "Us", "ours", 40)
    assert (sea.file.name, str(report)) == ("", "")


def test_folder_may_come_in_twice_under_another_number(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, papers={"orca": "title: Orca\nlead_image: whale"}, images="- name: whale")
    import_issue(folder)
    import_issue(folder, number=902)
    papers = PaperSummary.objects.order_by("pk")
    assert list(papers.values_list("issue__number", "slug", "lead_image__name")) == [
        (3, "orca", "whale"),
        (902, "orca-2", "whale-2"),
    ]


def test_folder_that_names_a_later_time_is_scheduled(tmp_path: Path) -> None:
    Publication(time_zone="Europe/Berlin").save()
    folder = make_folder(tmp_path, issue="---\nnumber: 3\ntitle: Fish\npublished_at: 2999-01-01 10:00\n---\n")
    issue, _ = import_issue(folder, publish=True)
    assert (issue.status, issue.published_at) == ("scheduled", datetime(2999, 1, 1, 9, tzinfo=UTC))


def test_folder_without_publish_is_a_draft(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, issue="---\nnumber: 3\ntitle: Fish\npublished_at: 2023-11-27\n---\n")
    issue, report = import_issue(folder)
    assert (issue.status, issue.published_at) == ("draft", None)
    assert "published_at, without --publish the issue is a draft" in str(report)


def test_folder_reports_files_that_nothing_names(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, papers={"one": "title: One"})
    (folder / "papers" / "two.md").write_text("---\ntitle: Two\n---\n", encoding="utf-8")
    (folder / "notes.txt").write_text("Notes", encoding="utf-8")
    (folder / ".hidden").write_text("", encoding="utf-8")
    _, report = import_issue(folder)
    assert [entry.text for entry in report.left_out] == ["notes.txt", "papers/two.md"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"issue": "number: 3\n"}, "issue.md: it has to begin with its keys between two lines “---”."),
        ({"issue": "---\nnumber: 3\n---\n"}, "issue.md: it has no title"),
        ({"issue": "---\ntitle: A\n---\n"}, "The document has no number: give it one with --number."),
        ({"issue": "---\nnumber: two\ntitle: A\n---\n"}, "issue.md: number: “two” is no whole number."),
        ({"issue": "---\ntitle: A\ncolour: red\n---\n"}, "issue.md: there is no key “colour”; the keys are closing,"),
        ({"issue": "---\ntitle: A\ntitle: B\n---\n"}, "issue.md: its YAML is wrong in line 1: a key stands twice."),
        ({"issue": "---\ntitle: [A\n---\n"}, "issue.md: its YAML is wrong in line 2"),
        (
            {"issue": "---\ntitle: !!python/object/apply:os.getcwd []\n---\n"},
            "issue.md: title: write one value as text.",
        ),
        ({"issue": "---\n- a\n---\n"}, "issue.md: between the lines “---”: write keys and values."),
        ({"issue": "---\ntitle: A\npublished_at: soon\n---\n"}, "issue.md: published_at: “soon” is no time"),
        ({"issue": "---\ntitle: A\nsections: [papers]\n---\n"}, "issue.md: sections: write keys and values."),
        ({"recipes": {"a": "title: A"}}, "issue.md: sections: no kind is called “recipes”, there are papers, news"),
        ({"papers": {"a": "short_title: A"}}, "papers/a.md: title: every item needs one."),
        ({"papers": {"a": "title: A\nslug: b"}}, "papers/a.md: there is no key “slug”; the keys are abstract,"),
        ({"papers": {"a": "title: A\nuuid: b"}}, "papers/a.md: there is no key “uuid”"),
        ({"papers": {"a": "title: A\nauthors: Ann"}}, "papers/a.md: authors: write a list of names"),
        ({"papers": {"a": "title: A\ndate: soon"}}, "“A”: date: “soon” value has an invalid date format."),
        ({"papers": {"a": "title: A\npdf_url: javascript:alert(1)"}}, "“A”: pdf_url: Enter a valid URL."),
        ({"papers": {"a": "title: A\nlead_image: none"}}, "“A”: lead_image: no image is called “none”"),
        ({"news": {"../../a": "title: A"}}, "issue.md: sections: news: “../../a” is no slug."),
        ({"images": "name: a"}, "images.yaml: write a list of images"),
        ({"images": "- name: a b"}, "images.yaml: name: “a b” is no name, or stands there twice."),
        ({"images": "- name: a\n- name: a"}, "images.yaml: name: “a” is no name, or stands there twice."),
        ({"images": "- name: a\n  licence: b"}, "images.yaml: there is no key “licence”"),
        ({"images": "- name: a\n  file: b.png"}, "images.yaml: a: file: there is no file “b.png”."),
        (
            {"images": "- name: a\n  file: ../secret.png"},
            "images.yaml: a: file: “../secret.png” leads out of the folder.",
        ),
        ({"images": "- name: a\n  file: link.png"}, "images.yaml: a: file: “link.png” leads out of the folder."),
        (
            {"images": "- name: a\n  file: issue.md"},
            "The image “a”, file issue.md: This is no picture and no film that we can read",
        ),
        ({"images": "- name: a\n  captions: issue.md"}, "The image “a”, file issue.md: This is no WebVTT"),
        ({"body": "![](media:nowhere)"}, "The document refers to media:nowhere, but there is no such image"),
    ],
)
def test_folder_with_a_mistake_changes_nothing(tmp_path: Path, options: dict[str, Any], sentence: str) -> None:
    (tmp_path / "secret.png").write_bytes(picture().read())
    folder = make_folder(tmp_path, **options)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert import_fails(folder).startswith(sentence)


def test_folder_without_issue_file_is_refused(tmp_path: Path) -> None:
    assert import_fails(tmp_path) == "the folder: there is no file “issue.md”."
