"""Pictures and films in a text: on the site, in mail, as text."""

import pytest

from tests.timeline.test_markdown import CHART, CONTEXT, html
from timeline import markdown
from timeline.hypertext import SIZES
from timeline.markdown import Context, Figure, Variant

IMG = (
    '<img src="https://ai.example/media/chart.png" alt="{}" width="1200" height="800" loading="lazy" decoding="async">'
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "![](media:chart)",
            f"<figure>{IMG.format('Four bars')}<figcaption>Scores on BigBench "
            '<span class="credit">Teknium</span></figcaption></figure>',
        ),
        (
            '![Typed](media:chart "Typed *caption* <b>")',
            f"<figure>{IMG.format('Typed')}<figcaption>Typed *caption* &lt;b&gt; "
            '<span class="credit">Teknium</span></figcaption></figure>',
        ),
        (
            "![](media:sketch)",
            '<figure class="awaited"><p>Figure to come</p><figcaption>A sketch '
            '<span class="credit">Ann Lee</span></figcaption></figure>',
        ),
        (
            "![An arm](media:unknown)",
            '<figure class="awaited"><p>Figure to come</p><figcaption>An arm</figcaption></figure>',
        ),
        (
            '![An arm](media:unknown "Moving")',
            '<figure class="awaited"><p>Figure to come: An arm</p><figcaption>Moving</figcaption></figure>',
        ),
        (
            "![](media:unknown)\n![](media:unknown)",
            '<figure class="awaited"><p>Figure to come</p></figure>' * 2,
        ),
        ("a ![](media:unknown)", '<p>a <span class="awaited">Figure to come</span></p>'),
        (
            "a ![b](media:chart)",
            "<p>a " + IMG.format("b").replace(" width", ' title="Scores on BigBench — Teknium" width') + "</p>",
        ),
        (
            '![a](https://b.c/d.png "e")',
            '<p><img src="https://b.c/d.png" alt="a" title="e" loading="lazy" decoding="async"></p>',
        ),
        ("![a](/b.png)", "<p>![a](/b.png)</p>"),
        ("![a](data:image/png;base64,b)", "<p>![a](data:image/png;base64,b)</p>"),
    ],
)
def test_pictures(text: str, expected: str) -> None:
    assert html(text, context=CONTEXT) == expected


def test_picture_with_an_unsafe_address_is_awaited() -> None:
    context = Context({"a": Figure("javascript:alert(1)", 4, 3, "b", "c", "")})
    awaited = '<figure class="awaited"><p>Figure to come: b</p><figcaption>c</figcaption></figure>'
    assert html("![](media:a)", context=context) == awaited


SIZE = 'width="1200" height="800"'
LAZY = 'loading="lazy" decoding="async"'
COPIES = [(kind, width) for kind in ("avif", "webp") for width in (480, 1200)]
LIGHT = Figure(
    *("/media/chart.png", 1200, 800, "Four bars", "", ""),
    variants=tuple(Variant(f"image/{kind}", width, f"/media/chart-{width}.{kind}") for kind, width in COPIES),
)
FILM = Figure(
    *("/media/film.mp4", 1200, 800, "A ring", "It turns", "Me"),
    poster="/media/film.jpg",
    captions="/media/film.vtt",
)
SILENT = Figure("/media/film.webm", 1200, 800, "A ring", "", "", poster="/media/film.jpg")
MOVING = Figure("/media/ring.gif", 1200, 800, "A ring", "", "", poster="/media/ring.jpg")
SHOWN = Context({"light": LIGHT, "film": FILM, "silent": SILENT, "moving": MOVING, "chart": CHART})


def test_picture_with_copies_offers_them_by_format_and_width() -> None:
    def source(kind: str) -> str:
        widths = f"/media/chart-480.{kind} 480w, /media/chart-1200.{kind} 1200w"
        return f'<source type="image/{kind}" srcset="{widths}" sizes="{SIZES}">'

    img = f'<img src="/media/chart.png" alt="Four bars" {SIZE} {LAZY}>'
    picture = f"<picture>{source('avif')}{source('webp')}{img}</picture>"
    assert html("![](media:light)", context=SHOWN) == f"<figure>{picture}</figure>"


def test_first_picture_that_is_seen_at_once_is_not_waited_with() -> None:
    shown = html("![](media:chart)\n\n![](media:chart)", context=SHOWN, first_is_seen=True)
    assert [shown.count(each) for each in ('fetchpriority="high"', 'loading="lazy"')] == [1, 1]
    assert shown.index("fetchpriority") < shown.index("lazy")


def test_film_waits_for_somebody_to_start_it() -> None:
    video = (
        f'<video controls="" playsinline="" preload="none" poster="/media/film.jpg" aria-label="A ring" {SIZE}>'
        '<source src="/media/film.{0}" type="video/{0}">{1}<a href="/media/film.{0}">Load the film</a></video>'
    )
    track = '<track kind="captions" src="/media/film.vtt" srclang="en" label="English" default="">'
    caption = '<figcaption>It turns <span class="credit">Me</span></figcaption>'
    assert html("![](media:film)", context=SHOWN) == f"<figure>{video.format('mp4', track)}{caption}</figure>"
    assert html("![](media:silent)", context=SHOWN) == f"<figure>{video.format('webm', '')}</figure>"


def test_animation_can_be_held_still() -> None:
    img = f'<img src="/media/ring.{{}}" alt="A ring" {SIZE} {LAZY}>'
    assert html("![](media:moving)", context=SHOWN) == (
        f'<figure><span class="moving"><span class="motion">{img.format("gif")}</span>'
        f'<span class="still">{img.format("jpg")}</span><label><input type="checkbox"> '
        '<span class="hold">Hold it still</span><span class="move">Let it move</span></label></span></figure>'
    )


@pytest.mark.parametrize("name", ["film", "moving"])
def test_what_moves_is_a_still_in_a_link(name: str) -> None:
    poster = SHOWN.figures[name].poster
    title = ' title="It turns — Me"' if name == "film" else ""
    img = f'<img src="{poster}" alt="A ring"{title} {SIZE} {LAZY}>'
    shown = html(f"[![](media:{name})](/issues/2/) ![](media:{name})", context=SHOWN)
    assert shown.startswith(f'<p><a href="/issues/2/">{img}</a> <')
    assert shown.count(poster) == 2


def test_mail_shows_the_poster_of_a_film_and_leads_to_it() -> None:
    context = Context(SHOWN.figures, "https://ai.example")
    base = "https://ai.example/media"
    assert html("![](media:silent)", medium="email", context=context) == (
        f'<p><a href="{base}/film.webm"><img src="{base}/film.jpg" alt="A ring" width="600"></a></p>'
        f'<p class="caption"><a href="{base}/film.webm">Play the film</a>.</p>'
    )
    for name, file in (("moving", "ring.gif"), ("light", "chart.png")):
        alt = SHOWN.figures[name].alt
        shown = html(f"![](media:{name})", medium="email", context=context)
        assert shown == f'<p><img src="{base}/{file}" alt="{alt}" width="600"></p>'
    assert markdown.to_text("![](media:film)", context=context) == f"[Film: It turns. Me] (A ring) ({base}/film.mp4)"


def test_picture_from_elsewhere_is_never_a_film() -> None:
    assert html("![a](https://b.c/d.mp4)") == f'<p><img src="https://b.c/d.mp4" alt="a" {LAZY}></p>'
