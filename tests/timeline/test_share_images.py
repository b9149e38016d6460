from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture

from tests.factories import make_issue, make_news, make_paper
from tests.timeline.test_metadata import HeadOf
from timeline import share_images
from timeline.models import Issue, Publication
from timeline.publishing import withdraw
from timeline.share_images import FOOT, LEFT, LINE, RIGHT, STOP, TEXT, Card, draw, names_that_fit
from timeline.typesetting import EMOJI, FONTS, Part, file_of, fit, width_of, wrap

PAPER = Card("The AI Timeline", "Orca 2:", "Teaching", "Research Papers", 2, 2023, is_item=True, authors=("Ada",))
ISSUE = Card("The AI Timeline", "AI Can Think & Reason", "Explained simply", "Issue 2", 2, 2023)
SITE = Card("The AI Timeline", "The AI Timeline", "Explained simply")


def drawn(card: Card) -> Picture.Image:
    return Picture.open(BytesIO(draw(card)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "word " * 60,
        "W" * 300,
        "ẤỄỘÅ ÇĄŻŞ " * 30,
        "Nguyễn, Łukasz, Дмитрий, Γιάννης, 李飞飞",
        "∇ℓ₀ → ℝⁿ ≤ O(n²)",
        "🤗👩🏽‍🔬🏳️‍🌈🇩🇪1️⃣",
        "\x00\x1f\u202e \u200d\ufe0f\u0301 \n\t",
        "- , : …",
    ],
)
@pytest.mark.parametrize("card", [PAPER, ISSUE, SITE], ids=["item", "issue", "publication"])
def test_no_text_leaves_its_room(card: Card, text: str) -> None:
    texts = {"title": text, "name": text, "detail": text, "emoji": text[:16]}
    picture = drawn(replace(card, **texts, number=card.number and 98765, authors=(text, *["Ada Lovelace"] * 90)))
    assert (picture.format, picture.size, picture.mode) == ("PNG", (1200, 630), "RGB")
    margins = [(RIGHT + 12, 0, 1200, 630), (LEFT, FOOT + 30, 1200, 630), (LEFT, 0, 1200, 20), (0, 0, 60, 140)]
    assert [len(picture.crop(margin).getcolors()) for margin in margins] == [1] * 4


def test_digest_is_that_of_all_that_is_drawn() -> None:
    others = [
        replace(PAPER, **{name: value})
        for name, value in {
            "name": "Other",
            "title": "Other",
            "detail": "Other",
            "label": "Other",
            "number": 3,
            "year": 2024,
            "is_square": True,
            "authors": ("Ada", "Bob"),
        }.items()
    ]
    assert len({card.digest for card in [PAPER, *others]}) == len({draw(card) for card in [PAPER, *others]}) == 9
    assert (replace(PAPER).digest, draw(replace(PAPER))) == (PAPER.digest, draw(PAPER))


def test_another_version_of_the_drawing_is_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    before = PAPER.digest
    monkeypatch.setattr(share_images, "VERSION", 999)
    assert PAPER.digest != before


def test_year_gives_the_colour() -> None:
    colours = {year: drawn(replace(ISSUE, year=year)).getpixel((5, 5)) for year in (None, 2023, 2024, 2033)}
    yellow, green = (249, 220, 87), (157, 242, 201)
    assert colours == {None: yellow, 2023: yellow, 2024: green, 2033: yellow}


def test_type_is_as_large_as_its_room_allows() -> None:
    sizes = [
        fit([Part(text, TEXT)], 900, 300, largest=144, smallest=44)[0].size
        for text in ("LoRA", "Extending Context Windows with 100 Samples", "word " * 60)
    ]
    assert sizes[0] == 144 > sizes[1] > sizes[2] == 44


def test_what_has_no_room_ends_with_an_ellipsis() -> None:
    lines = fit([Part("word " * 60, TEXT)], 900, 100, largest=60, smallest=50)
    assert [line.text.endswith("word…") for line in lines][-1:] == [True]
    assert fit([Part("word", TEXT)], 900, 5, largest=60, smallest=50) == []


def test_lines_are_of_about_the_same_length() -> None:
    assert wrap("one two three four", TEXT, width_of("one two three", TEXT)) == ["one two", "three four"]


def test_word_wider_than_a_line_is_cut() -> None:
    lines = wrap("W" * 10, TEXT, width_of("WWWW", TEXT))
    assert ("".join(lines), [width_of(line, TEXT) <= width_of("WWWW", TEXT) for line in lines]) == (
        "W" * 10,
        [True] * 3,
    )


def test_names_that_do_not_fit_are_counted() -> None:
    width = width_of("Ada\u00a0Lovelace, Bob\u00a0Stone and\u00a03\u00a0more", TEXT)
    names = ["Ada Lovelace", "Bob Stone", "Charles Babbage", "Di", "Ed"]
    assert names_that_fit(names, width, lines=1) == ["Ada\u00a0Lovelace, Bob\u00a0Stone and\u00a03\u00a0more"]
    assert names_that_fit(names[:2], width, lines=1) == ["Ada\u00a0Lovelace, Bob\u00a0Stone"]
    assert names_that_fit(names, 0.1, lines=1) == []


@pytest.mark.parametrize("letters", ["Orca", "éüñç", "ĄŁżşț", "ễộươ", "–“”…"])
def test_our_own_fonts_have_the_letters_of_names(letters: str) -> None:
    assert {file_of(letter, TEXT.files).parent for letter in letters} == {FONTS}
    assert file_of("\U0010fffe", TEXT.files) == FONTS / "newsreader.woff2"


def colours_of_the_node(card: Card) -> set[tuple[int, ...]]:
    """Those that are far from grey."""
    node = drawn(card).crop((LINE - 40, STOP - 40, LINE + 40, STOP + 40))
    return {pixel for _, pixel in node.getcolors(6400) if max(pixel) - min(pixel) > 60}


@pytest.mark.skipif(not EMOJI.exists(), reason="This system has no Noto Color Emoji (package fonts-noto-color-emoji).")
@pytest.mark.parametrize("emoji", ["🐳", "🏳️‍🌈", "🇩🇪", "1️⃣"])
def test_emoji_is_in_the_node_in_its_colours(emoji: str) -> None:
    assert colours_of_the_node(replace(PAPER, emoji=emoji))


def test_without_a_font_for_it_the_node_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_images, "EMOJI", Path("/nowhere"))
    assert colours_of_the_node(replace(PAPER, emoji="🐳")) == set()


@pytest.fixture
def issue(settings) -> Issue:
    settings.SITE_URL = "http://testserver"
    issue = make_issue(number=2, title="AI", at=datetime(2023, 12, 31, 23, tzinfo=UTC))
    make_paper(issue, slug="orca", title="Orca 2: Teaching", emoji="🐳", authors=["Ada"])
    make_news(issue, slug="claude", title="Claude")
    return issue


def share_image(client: Client, page: str) -> str:
    return str(HeadOf(client, page).og["og:image"]).removeprefix("http://testserver")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("page", "card"),
    [
        ("/", Card("The AI Timeline", "The AI Timeline", "Latest AI Research Explained Simply")),
        ("/issues/2/", Card("The AI Timeline", "AI", "Latest AI Research Explained Simply", "Issue 2", 2, 2024)),
        (
            "/papers/orca/",
            replace(PAPER, year=2024, emoji="🐳"),
        ),
        (
            "/news/claude/",
            Card("The AI Timeline", "Claude", "", "Industry News", 2, 2024, is_item=True, is_square=True),
        ),
    ],
)
def test_share_image_of_a_page_is_there_and_stays_for_ever(client: Client, issue: Issue, page: str, card: Card) -> None:
    Publication(time_zone="Asia/Tokyo").save()
    answer = client.get(share_image(client, page))
    assert (answer.status_code, answer.content == draw(card)) == (200, True)
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("image/png", "public, max-age=31536000, immutable")


@pytest.mark.django_db
def test_old_address_leads_to_the_picture_of_today(client: Client, issue: Issue) -> None:
    pages = ("/", "/issues/2/", "/papers/orca/")
    before = [share_image(client, page) for page in pages]
    Publication(name="Another").save()
    after = [share_image(client, page) for page in pages]
    assert set(before) & set(after) == set()
    answers = [client.get(address) for address in before]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, f"http://testserver{address}") for address in after
    ]


@pytest.mark.django_db
def test_share_image_follows_its_item_to_a_new_address(client: Client, issue: Issue) -> None:
    before = share_image(client, "/papers/orca/")
    paper = issue.papersummary_set.get()
    paper.slug = "whale"
    paper.save()
    assert client.get(before, follow=True).redirect_chain == [(before.replace("orca", "whale"), 301)]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["draft", "scheduled", "withdrawn"])
def test_what_is_not_published_has_no_share_image(client: Client, issue: Issue, state: str) -> None:
    pages = ("/issues/2/", "/papers/orca/")
    addresses = [share_image(client, page) for page in pages]
    if state == "withdrawn":
        withdraw(issue)
    else:
        Issue.objects.update(published_at=timezone.now() + timedelta(1) if state == "scheduled" else None)
    assert {client.get(address).status_code for address in addresses} == {404}


@pytest.mark.django_db
def test_share_images_need_a_fixed_number_of_queries(client: Client, issue: Issue, django_assert_num_queries) -> None:
    addresses = [share_image(client, page) for page in ("/", "/issues/2/", "/papers/orca/")]
    for address, queries in zip(addresses, (1, 2, 4), strict=True):
        with django_assert_num_queries(queries):
            client.get(address)
