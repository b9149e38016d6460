"""Bytes become text, and broken text is mended without touching the names of people."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeline.importing import CannotImport, Report
from timeline.importing.encoding import MAX_BYTES, decode, mend, read_file, read_lines

TEXT = "Issue 7 | Łukasz’ Fuß\n\n🐳 “Orca”\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
    ],
)
def test_unicode_is_read_in_each_of_its_forms(data: bytes) -> None:
    report = Report()
    assert (decode(data, "a.txt", report), str(report)) == (TEXT, "")


def test_windows_text_is_read_and_reported() -> None:
    report = Report()
    assert decode("“Fuß” – 5 €".encode("cp1252"), "a.txt", report) == "“Fuß” – 5 €"
    assert [entry.reason for entry in report.guesses] == ["a.txt is not in UTF-8, it was read as Windows-1252"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01",
        b"PK\x03\x04\x14\0\0\0\x08\0" * 20,
        b"%PDF-1.7\n" + bytes(range(256)),
        bytes(range(1, 32)) * 3,
        b"\xff\xfe\0",
    ],
)
def test_binary_file_is_refused(data: bytes) -> None:
    with pytest.raises(CannotImport, match="is a binary file: save the document as plain text or Markdown"):
        decode(data, "a.bin", Report())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    lines = read_lines(end.join(["one", "", "three"]), Report())
    assert [(line.number, line.text) for line in lines] == [(1, "one"), (2, ""), (3, "three")]


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("ApolinĂĄrio Passos", "Apolinário Passos"),
        ("“ApolinĂĄrio”, Paris", "“Apolinário”, Paris"),
        ("BjĂśrn and MĂźller", "Björn and Müller"),
        ("JiĹ™Ă\xad", "Jiří"),
        ("donâ€™t", "don’t"),
        ("donâ\x80\x99t", "don’t"),
        ("a â\x80\x94 b", "a — b"),
        ("â€śquotedâ€ť", "“quoted”"),
        ("cafÃ© MÃ¼ller", "café Müller"),
        ("Å\x81ukasz", "Łukasz"),
        ("with â¤ď¸", "with ❤️"),
        ("with â¤ï¸", "with ❤️"),
        ("ðŸ\x90³ Orca", "🐳 Orca"),
        ("Ã‰cole", "École"),
    ],
)
def test_broken_text_is_mended_and_reported(broken: str, mended: str) -> None:
    report = Report()
    assert [line.text for line in read_lines(f"fine\n{broken}", report)] == ["fine", mended]
    assert [entry.line for entry in report.repairs] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "Łukasz Kaiser, Răzvan Pașcanu, Nguyễn Văn Ă",
        "Łucja Wiśniewska, Jiří Dvořák, Žygimantas Šešelgis",
        "Ömer ŞAHİN, İbrahim Çelik, Åse Ångström, Ñandú",
        "Đặng Hữu, Ngô Thị Hương, Siobhán Ní Bhriain",
        "ĂŞ, PĂŞUNE, Ăştia, zvlášť, část",
        "“curly quotes”, ‘too’, – — … 2 ~ 4 × 5 ≈ 20 → 3 €",
        "ﬁne ligatures, ＦＵＬＬ width, &amp; entities",
        "🐳 🖼️ 👩‍🔬 🇬🇧 1️⃣ ❤️",
        "Σωκράτης, Пушкин, 王小明, محمد",
    ],
)
def test_real_text_stays_as_it_is(text: str) -> None:
    assert mend(text) == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=60))
def test_mending_never_fails_and_leaves_plain_ascii_alone(text: str) -> None:
    mend(text)
    ascii_text = text.encode("ascii", "ignore").decode()
    assert mend(ascii_text) == ascii_text


def test_unreadable_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "blank.txt").write_bytes(b" \n\n")
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (tmp_path / "folder").mkdir()
    sentences = {}
    for name in ["missing.txt", "folder", "empty.txt", "blank.txt", "large.txt"]:
        with pytest.raises(CannotImport) as caught:
            read_file(tmp_path / name, name, Report())
        sentences[name] = str(caught.value)
    assert sentences == {
        "missing.txt": "There is no file “missing.txt”.",
        "folder": "There is no file “folder”.",
        "empty.txt": "empty.txt is empty.",
        "blank.txt": "blank.txt is empty.",
        "large.txt": "large.txt is larger than 20 MB: is it the right file?",
    }
