"""Citations, read by programs that are not ours: bibtexparser, rispy and citeproc."""

import json
from datetime import date
from typing import Any

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts
from citeproc.source.json import CiteProcJSON
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_issue, make_news, make_paper
from timeline.citations import Name, Work, bibtex, csl_json, escaped, parse_name, ris
from timeline.models import Publication

NAMES = [
    "Arindam Mitra", "Luciano Del Corro", "Łukasz Kaiser", "Nguyễn Văn Ánh", "Apolinário Passos", "Diego de las Casas",
    "Ludwig van der Rohe", "J.-P. Serre", "Sammy Davis Jr.", "Guillermo de la Torre III", "O'Brien Ó Conaire", "李明",
    "OpenAI", "Gemini Team", "Procter and Gamble", "Ada {Lovelace} & 50% $x$ _y_ \\z",
]  # fmt: skip


def make_work(**fields: Any) -> Work:
    given = {
        "label": "The paper",
        "name": "paper",
        "title": "Orca 2: Teaching Small Language Models",
        "authors": ("Arindam Mitra", "Sahaj Agarwal"),
        "date": date(2023, 11, 18),
        "url": "https://arxiv.org/abs/2311.11045v2",
    }
    return Work(**(given | fields))


def plain(tex: str) -> str:
    """What TeX would print of text in which only signs are escaped."""
    for sign, typed in (
        (r"{\textbackslash}", "\0"),
        (r"{\textbraceleft}", "\1"),
        (r"{\textbraceright}", "\2"),
        (r"{\textasciitilde}", "~"),
        (r"{\textasciicircum}", "^"),
        *((f"\\{sign}", sign) for sign in "&%#_$"),
    ):
        tex = tex.replace(sign, typed)
    return tex.replace("\0", "\\").replace("\1", "{").replace("\2", "}")


def bibtex_entry(work: Work) -> Any:
    library = bibtexparser.parse_string(bibtex(work), append_middleware=[SeparateCoAuthors(), SplitNameParts()])
    assert library.failed_blocks == []
    (entry,) = library.entries
    return entry


def bibtex_names(work: Work) -> list[str]:
    found = []
    for name in bibtex_entry(work)["author"]:
        parts = [*name.first, *name.von, *name.last, *name.jr]
        found.append(
            plain(" ".join(parts).removeprefix("{").removesuffix("}") if parts[0][0] == "{" else " ".join(parts))
        )
    return found


def ris_entry(work: Work) -> dict[str, Any]:
    (entry,) = rispy.loads(ris(work))
    return entry


def joined(family: str, given: str = "", suffix: str = "") -> str:
    return " ".join(filter(None, [given, family, suffix]))


def ris_names(work: Work) -> list[str]:
    return [joined(*name.split(", ")) if ", " in name else name for name in ris_entry(work)["authors"]]


def csl_names(work: Work) -> list[str]:
    (item,) = json.loads(csl_json(work))
    return [
        name.get("literal") or joined(name["family"], name["given"], name.get("suffix", "")) for name in item["author"]
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Arindam Mitra", Name("Mitra", "Arindam")),
        ("Luciano Del Corro", Name("Del Corro", "Luciano")),
        ("Diego de las Casas", Name("de las Casas", "Diego")),
        ("Ludwig van der Rohe", Name("van der Rohe", "Ludwig")),
        ("Sammy Davis Jr.", Name("Davis", "Sammy", "Jr.")),
        ("Van Morrison", Name("Morrison", "Van")),
        ("李明", Name("李明")),
        ("OpenAI", Name("OpenAI")),
        ("Gemini Team", Name("Gemini Team")),
        ("Procter and Gamble", Name("Procter and Gamble")),
    ],
)
def test_names_are_split_where_one_can_tell(text: str, name: Name) -> None:
    assert parse_name(text) == name


@pytest.mark.parametrize("read", [bibtex_names, ris_names, csl_names])
def test_names_come_back_as_they_were(read: Any) -> None:
    many = tuple(f"{name} {number}" if " " in name else name for number in range(32) for name in NAMES)
    for authors in (tuple(NAMES), many[:500]):
        assert read(make_work(authors=authors)) == list(authors)


def test_paper_is_read_as_it_is() -> None:
    work = make_work(doi="10.48550/arXiv.2311.11045", arxiv_id="2311.11045", venue="ICLR 2024 (poster)")
    entry = bibtex_entry(work)
    fields = {field.key: field.value for field in entry.fields if field.key != "author"}
    assert (entry.entry_type, entry.key) == ("misc", "mitra2023orca")
    assert fields == {
        "title": "{Orca 2: Teaching Small Language Models}",
        "year": "2023",
        "month": "11",
        "eprint": "2311.11045",
        "archiveprefix": "arXiv",
        "doi": "10.48550/arXiv.2311.11045",
        "note": "ICLR 2024 (poster)",
        "url": "https://arxiv.org/abs/2311.11045v2",
    }
    assert ris_entry(work) == {
        "type_of_reference": "UNPB",
        "title": "Orca 2: Teaching Small Language Models",
        "authors": ["Mitra, Arindam", "Agarwal, Sahaj"],
        "year": "2023",
        "date": "2023/11/18",
        "doi": "10.48550/arXiv.2311.11045",
        "publisher": "arXiv",
        "note": "arXiv:2311.11045",
        "notes": ["ICLR 2024 (poster)"],
        "urls": ["https://arxiv.org/abs/2311.11045v2"],
    }
    (item,) = CiteProcJSON(json.loads(csl_json(work))).values()
    assert (item.key, item.type, str(item["title"])) == (
        "mitra2023orca",
        "article",
        "Orca 2: Teaching Small Language Models",
    )
    issued = item["issued"]
    assert (issued.year, issued.month, issued.day) == (2023, 11, 18)
    assert [(name.family, name.given) for name in item["author"]] == [("Mitra", "Arindam"), ("Agarwal", "Sahaj")]


@pytest.mark.parametrize(
    ("title", "tex"),
    [
        ("A $k$-step Method", "A $k$-step Method"),
        (r"$\mathcal{O}(n)$ & 50%", r"$\mathcal{O}(n)$ \& 50\%"),
        ("Costs $5 and $6", r"Costs \$5 and \$6"),
        ("$x{$ is broken", r"\$x{\textbraceleft}\$ is broken"),
        ("C# _and_ \\cite", r"C\# \_and\_ {\textbackslash}cite"),
        ("{braces} ~^", r"{\textbraceleft}braces{\textbraceright} {\textasciitilde}{\textasciicircum}"),
    ],
)  # fmt: skip
def test_titles_keep_their_formulas_and_lose_what_tex_would_run(title: str, tex: str) -> None:
    assert escaped(title) == tex


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="$"), min_size=1, max_size=12)


PHRASES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(PHRASES, st.lists(PHRASES, min_size=1, max_size=5))
def test_whatever_the_title_and_the_names_every_form_can_be_read(title: str, authors: list[str]) -> None:
    work = make_work(title=title, authors=tuple(authors))
    assert plain(bibtex_entry(work)["title"].removeprefix("{").removesuffix("}")) == title
    assert ris_entry(work)["title"] == title
    assert csl_names(work) == [" ".join(author.split()) for author in authors]
    assert len(bibtex_entry(work)["author"]) == len(ris_entry(work)["authors"]) == len(authors)


@pytest.mark.django_db
def test_reader_gets_the_citations_of_a_paper_and_of_our_summary(client: Client) -> None:
    Publication(name="The AI Timeline", editors="bycloud").save()
    issue = make_issue(number=2)
    paper = make_paper(
        issue, title="Orca 2: Teaching", authors=["Arindam Mitra"], arxiv_id="2311.11045", date=date(2023, 11, 18)
    )
    page = client.get(paper.get_absolute_url()).content.decode()
    found = {}
    for work in ("paper", "summary"):
        for ending in ("bib", "ris", "json"):
            url = f"{paper.get_absolute_url()}{work}.{ending}"
            answer = client.get(url)
            found[f"{work}.{ending}"] = (url in page, answer.status_code, answer["Content-Disposition"])
    year = issue.published_at.year
    assert found == {
        f"{name}.{ending}": (True, 200, f'attachment; filename="{key}.{ending}"')
        for name, key in (("paper", "mitra2023orca"), ("summary", f"bycloud{year}orca-summary"))
        for ending in ("bib", "ris", "json")
    }
    summary = client.get(f"{paper.get_absolute_url()}summary.json").json()[0]
    assert (summary["type"], summary["container-title"], summary["issue"], summary["author"]) == (
        "article-magazine",
        "The AI Timeline",
        "2",
        [{"literal": "bycloud"}],
    )


@pytest.mark.django_db
def test_only_what_is_public_can_be_cited_and_old_addresses_lead_on(client: Client) -> None:
    draft = make_paper(make_issue(published=False))
    news = make_news(make_issue(), slug="first")
    news.slug = "second"
    news.save()
    assert client.get(f"{draft.get_absolute_url()}paper.bib").status_code == 404
    assert client.get("/news/second/paper.bib").status_code == 404
    assert client.get("/news/second/summary.bib").status_code == 200
    assert client.get("/news/first/summary.ris")["Location"] == "/news/second/summary.ris"
