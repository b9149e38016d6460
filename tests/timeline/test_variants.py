from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from PIL import Image as Picture
from PIL import ImageDraw
from pytest_django import Settings

from tests.factories import animation, make_image, make_issue, make_paper
from timeline import variants
from timeline.history import stored_forms
from timeline.images import store_image
from timeline.models import Image
from timeline.variants import draw


def photo(size: tuple[int, int] = (1200, 600), kind: str = "PNG", **options: Any) -> BytesIO:
    """With so many colours that every copy of it is lighter."""
    data = BytesIO()
    Picture.effect_noise(size, 90).convert("RGB").save(data, kind, **options)
    data.seek(0)
    return data


def stored(image: Image) -> dict[str, tuple[str, int, int]]:
    """Format, width and height of each copy, by the end of its name."""
    found = {}
    for kind, widths in image.variants.items():
        for width in widths:
            with default_storage.open(image.variant_name(kind, width)) as file, Picture.open(file) as copy:
                found[f"{width}.{kind}"] = (str(copy.format), *copy.size)
    return found


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (300, [300]),
        (480, [480]),
        (1200, [480, 960, 1200]),
        (1600, [480, 960, 1600]),
        (4000, [480, 960, 1600]),
    ],
)
def test_widths_are_steps_and_never_larger_than_the_picture(width: int, expected: list[int]) -> None:
    assert variants.widths(width) == expected


@pytest.mark.django_db(transaction=True)
def test_worker_draws_the_copies_and_the_original_serves_until_then(client: Client) -> None:
    image = store_image(photo(), name="photo", alt="Noise")
    paper = make_paper(make_issue(), body="![](media:photo)")
    before = client.get(paper.get_absolute_url()).content.decode()
    assert ("<picture>" in before, image.file.url in before) == (False, True)

    call_command("db_worker", "--batch", "--no-startup-delay")

    image.refresh_from_db()
    assert image.variants == {"avif": [480, 960, 1200], "webp": [480, 960, 1200]}
    assert stored(image) == {
        f"{width}.{kind}": (kind.upper(), width, width // 2) for kind in ("avif", "webp") for width in (480, 960, 1200)
    }
    after = client.get(paper.get_absolute_url()).content.decode()
    stem = image.file.url.removesuffix(".png")
    assert f'srcset="{stem}-480.avif 480w, {stem}-960.avif 960w, {stem}-1200.avif 1200w"' in after
    assert image.file.url in after


@pytest.mark.django_db
def test_transparent_picture_stays_transparent_and_keeps_its_colour_profile() -> None:
    data = BytesIO()
    drawing = Picture.effect_noise((600, 300), 90).convert("RGBA")
    ImageDraw.Draw(drawing).rectangle((0, 0, 99, 99), fill=(0, 0, 0, 0))
    drawing.save(data, "PNG", icc_profile=b"a profile")
    data.seek(0)
    image = store_image(data, name="drawing")
    draw(image)
    for kind in ("avif", "webp"):
        with default_storage.open(image.variant_name(kind, 480)) as file, Picture.open(file) as copy:
            assert (copy.mode, copy.getpixel((10, 10))[3], copy.info["icc_profile"]) == ("RGBA", 0, b"a profile")


@pytest.mark.django_db
def test_format_that_is_no_lighter_is_left_out(settings: Settings) -> None:
    stripes = BytesIO()
    Picture.frombytes("1", (304, 200), b"\xaa" * (38 * 200)).save(stripes, "PNG")
    stripes.seek(0)
    image = store_image(stripes, name="stripes")  # lossless, they are next to nothing
    draw(image)
    image.refresh_from_db()
    assert image.variants == {"webp": [304]}
    assert sorted(path.suffix for path in Path(settings.MEDIA_ROOT, "images").iterdir()) == [".png", ".webp"]


@pytest.mark.django_db
def test_animation_and_awaited_picture_have_no_copies() -> None:
    for image in (store_image(animation()), make_image()):
        draw(image)
        image.refresh_from_db()
        assert image.variants == {}


@pytest.mark.django_db
def test_copies_of_a_file_that_was_replaced_meanwhile_are_nobodys(settings: Settings) -> None:
    image = store_image(photo((600, 300)), name="photo")
    late = Image.objects.get(pk=image.pk)
    image.file.save("other.png", ContentFile(photo((300, 300)).read()))
    draw(late)
    image.refresh_from_db()
    names = {path.name for path in Path(settings.MEDIA_ROOT, "images").iterdir()}
    assert (image.variants, names) == ({}, {Path(late.file.name).name, "other.png"})


@pytest.mark.django_db
def test_command_draws_what_is_missing_or_everything_anew(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = store_image(photo((300, 300))), store_image(photo((300, 300)))
    draw(first)
    Path(default_storage.path(first.variant_name("avif", 300))).write_bytes(b"broken")
    call_command("make_variants")
    assert (capsys.readouterr().out, len(stored(Image.objects.get(pk=second.pk)))) == (
        "Drew the copies of 1 picture.\n",
        2,
    )
    call_command("make_variants", all=True)
    assert capsys.readouterr().out == "Drew the copies of 2 pictures.\n"
    assert stored(Image.objects.get(pk=first.pk))["300.avif"] == ("AVIF", 300, 300)


@pytest.mark.django_db
def test_no_version_keeps_what_is_derived() -> None:
    assert "variants" not in stored_forms([make_image()])[0]
