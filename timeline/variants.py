"""Lighter copies of pictures: 480, 960 and 1600 pixels wide, as AVIF and WebP, drawn by the worker.

They are derived: while there are none the original serves, and `manage.py make_variants` draws them anew.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from django_tasks import task
from PIL import Image as Picture

from timeline.models import Image

WIDTHS = (480, 960, 1600)  # pixels
KINDS = ("avif", "webp")


def widths(width: int) -> list[int]:
    """The widths of the copies of a picture that is `width` wide: the steps below it and, up to the last, its own."""
    return [step for step in WIDTHS if step < width] + ([width] if width <= WIDTHS[-1] else [])


def draw(image: Image) -> None:
    """Draw and store the copies of `image`; not in a format in which the largest is no lighter than the original."""
    if not image.file or image.poster:  # what moves has one still, its poster
        return
    storage, name = image.file.storage, str(image.file.name)
    with image.file.open("rb") as file:
        data = file.read()
    drawn: dict[str, list[int]] = {}
    for kind in KINDS:
        copies = dict(copies_of(data, kind))
        if len(copies[max(copies)]) < len(data):
            drawn[kind] = list(copies)
            for width, copy in copies.items():
                storage.delete(image.variant_name(kind, width))  # of an earlier time: a storage never overwrites
                storage.save(image.variant_name(kind, width), ContentFile(copy))
    # Not save(): an editor may have changed other fields since. With another file, or no row, the copies are nobody's.
    if not Image.objects.filter(pk=image.pk, file=name).update(variants=drawn):
        for kind, of_kind in drawn.items():
            for width in of_kind:
                storage.delete(image.variant_name(kind, width))


def copies_of(data: bytes, kind: str) -> Iterator[tuple[int, bytes]]:
    """(width, copy) in each width."""
    with Picture.open(BytesIO(data)) as picture:
        is_drawing = picture.format in {"PNG", "GIF"}  # flat colours and sharp edges
        profile = picture.info.get("icc_profile")
        colours = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    for width in widths(colours.width):
        copy = colours.resize(
            (width, max(1, round(colours.height * width / colours.width))), Picture.Resampling.LANCZOS
        )
        yield width, min((written(copy, kind, profile, **how) for how in ways(kind, is_drawing)), key=len)


def ways(kind: str, is_drawing: bool) -> list[dict[str, Any]]:
    """How to write it: the lightest wins."""
    if kind == "avif":
        return [{"quality": 62, "speed": 8, "subsampling": "4:4:4" if is_drawing else "4:2:0"}]
    return [{"quality": 82, "method": 6}, *([{"lossless": True}] if is_drawing else [])]


def written(picture: Picture.Image, kind: str, profile: bytes | None, **how: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind.upper(), **how, **({"icc_profile": profile} if profile else {}))
    return file.getvalue()


@task()
def draw_variants(uuid: str) -> None:
    if image := Image.objects.filter(uuid=uuid).first():
        draw(image)


def plan(image: Image) -> None:
    """Let the worker draw those of a picture that has none. Call it in the transaction that gives `image` its file."""
    if image.file and not image.poster and not image.variants:
        draw_variants.enqueue(str(image.uuid))
