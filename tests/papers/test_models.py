import pytest
from django.core.exceptions import ValidationError

from papers.arxiv import parse_identifier
from papers.models import Author, PaperSummary
from tests.factories import make_author, make_paper
from timeline.models import name_key


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("2311.11045", ("2311.11045", None)),
        ("2311.11045v2", ("2311.11045", 2)),
        (" arXiv:1405.0312v10 ", ("1405.0312", 10)),
        ("https://arxiv.org/abs/2311.11045v2", ("2311.11045", 2)),
        ("http://www.arxiv.org/pdf/2311.11045.pdf", ("2311.11045", None)),
        ("https://arxiv.org/html/2311.11045v1#S3", ("2311.11045", 1)),
        ("hep-th/9901001", ("hep-th/9901001", None)),
        ("https://export.arxiv.org/abs/math.GT/0309136v1", ("math.GT/0309136", 1)),
        ("astro-ph/0601001", ("astro-ph/0601001", None)),
    ],
)
def test_parse_identifier_reads_every_form(text: str, parsed: tuple[str, int | None]) -> None:
    assert parse_identifier(text) == parsed


@pytest.mark.parametrize(
    "text", ["", "abc", "2313.11045", "2311.110", "2311.11045v0", "https://example.org/abs/2311.11045"]
)
def test_parse_identifier_refuses_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="is no arXiv identifier: write one such as"):
        parse_identifier(text)


@pytest.mark.django_db
def test_clean_splits_what_the_editor_pasted() -> None:
    paper = PaperSummary(title="Orca", arxiv_id="https://arxiv.org/abs/2311.11045v2", doi="https://doi.org/10.1000/xyz")
    paper.full_clean()
    assert (paper.arxiv_id, paper.arxiv_version, paper.doi, paper.arxiv) == (
        "2311.11045",
        2,
        "10.1000/xyz",
        "2311.11045v2",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [("arxiv_id", "abc"), ("doi", "11.1/x"), ("code_url", "javascript:alert(1)"), ("body", "$\\frac{1}$")],
)
def test_clean_names_the_faulty_field(field: str, value: str) -> None:
    with pytest.raises(ValidationError) as error:
        PaperSummary(title="Orca", **{field: value}).full_clean()
    assert list(error.value.message_dict) == [field]


def test_links_leave_out_what_a_browser_would_run() -> None:
    paper = PaperSummary(
        arxiv_id="2311.11045", doi="10.1000/x", code_url="javascript:alert(1)", pdf_url="https://a.example/p"
    )
    assert paper.links == [
        ("arXiv 2311.11045", "https://arxiv.org/abs/2311.11045"),
        ("PDF", "https://a.example/p"),
        ("DOI", "https://doi.org/10.1000/x"),
    ]


@pytest.mark.parametrize(
    ("identifier", "labels"),
    [
        ("2312.00752", ["arXiv 2312.00752v2", "PDF", "HTML"]),
        ("2311.11045", ["arXiv 2311.11045v2", "PDF"]),
        ("hep-th/9901001", ["arXiv hep-th/9901001v2", "PDF"]),
    ],
)
def test_links_hold_what_arxiv_has(identifier: str, labels: list[str]) -> None:
    links = PaperSummary(arxiv_id=identifier, arxiv_version=2).links
    assert [label for label, _ in links] == labels
    assert [url for _, url in links] == [
        f"https://arxiv.org/{form}/{identifier}v2" for form in ("abs", "pdf", "html")[: len(links)]
    ]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Apolinário Passos", "apolinario  passos", True),
        ("J.-P. Serre", "J P Serre", True),
        ("Nguyễn Văn Ă", "Nguyen Van A", True),
        ("Ada King", "Ada Lovelace", False),
    ],
)
def test_name_key_folds_case_diacritics_and_dots(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


@pytest.mark.django_db
def test_byline_keeps_the_order_on_every_paper() -> None:
    first = make_paper(authors=["Zoe", "Ada", "Mia"])
    second = make_paper(authors=["Mia", "Zoe"])
    assert [[author.name for author in paper.byline] for paper in (first, second)] == [
        ["Zoe", "Ada", "Mia"],
        ["Mia", "Zoe"],
    ]


@pytest.mark.django_db
def test_named_finds_authors_by_other_spellings() -> None:
    author = make_author("Robin Rombach")
    author.spellings.create(name="R. Rombach")
    assert [list(Author.objects.named(name)) for name in ("robin rombach", "R Rombach", "Rombach")] == [
        [author],
        [author],
        [],
    ]
