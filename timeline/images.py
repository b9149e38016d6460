"""Uploaded pictures: checked, cleaned, stored, and swept away when nothing refers to them."""

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import PurePath
from typing import IO, Any
from uuid import uuid4

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models, transaction
from django.utils import timezone
from django_tasks import task
from PIL import Image as Picture
from PIL import ImageOps, ImageSequence
from slugify import slugify

from timeline import history, markdown
from timeline.fields import MarkdownField
from timeline.models import Content, Image, User, Version

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}  # what may come in, and out
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000  # of a picture
MAX_FILM_PIXELS = 200_000_000  # of all frames of an animation: they are decoded one by one
UNUSED_FOR = timedelta(days=7)


def prepare(file: IO[bytes]) -> ContentFile:
    """A clean copy of an uploaded picture under a name of ours; ValidationError, with a sentence, if it is none.

    The file is opened by its content, whatever its name and declared type say, turned as its camera wanted, and
    written anew: metadata, location and anything hidden behind the picture do not survive. SVG is a program, not
    a picture, and refused.
    """
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValidationError(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB: make it smaller first.")
    try:
        with Picture.open(BytesIO(data), formats=list(EXTENSIONS)) as picture:
            pixels = picture.width * picture.height
            frames = getattr(picture, "n_frames", 1)
            if pixels > MAX_PIXELS or pixels * frames > MAX_FILM_PIXELS:
                raise ValidationError(
                    f"{picture.width} × {picture.height} × {frames} pixels are too many: scale it down."
                )
            written = BytesIO()
            kind = str(picture.format)
            if frames > 1:
                stills = [bare(frame.copy()) for frame in ImageSequence.Iterator(picture)]
                durations = [frame.info.get("duration", 100) for frame in ImageSequence.Iterator(picture)]
                stills[0].save(
                    written,
                    kind,
                    save_all=True,
                    append_images=stills[1:],
                    duration=durations,
                    loop=picture.info.get("loop", 0),
                )
            else:
                bare(ImageOps.exif_transpose(picture)).save(
                    written, kind, **({"quality": 90} if kind == "JPEG" else {})
                )
    except ValidationError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them stumble over
        raise ValidationError("This is no picture that we can read: upload a PNG, JPEG, WebP, GIF or AVIF.") from error
    return ContentFile(written.getvalue(), name=f"{uuid4().hex}.{EXTENSIONS[kind]}")


def bare(picture: Picture.Image) -> Picture.Image:
    """`picture` without metadata; the colour profile stays, without it the colours would be others."""
    picture.info = {key: picture.info[key] for key in ("icc_profile", "transparency") if key in picture.info}
    return picture


def free_name(text: str) -> str:
    """A name for an image, made from `text`, that no image has yet."""
    base = slugify(text, max_length=100, word_boundary=True) or "image"
    taken = set(Image.objects.filter(name__startswith=base).values_list("name", flat=True))
    name, count = base, 1
    while name in taken:
        count += 1
        name = f"{base}-{count}"
    return name


def store_image(file: IO[bytes], *, name: str = "", editor: User | None = None, **fields: Any) -> Image:
    """A row for an uploaded picture, at once and in a transaction of its own; ValidationError if it is none.

    `name` is made from the file's own if it is empty.
    """
    content = prepare(file)
    image = Image(name=name or free_name(PurePath(getattr(file, "name", "") or "").stem), **fields)
    image.full_clean(exclude=["file"])
    image.file.save(str(content.name), content, save=False)
    try:
        with transaction.atomic():
            image.save()
            history.record(image, "uploaded", editor)
            plan_sweep()
    except BaseException:
        image.file.storage.delete(str(image.file.name))
        raise
    return image


def unreferenced(older_than: timedelta = UNUSED_FOR) -> models.QuerySet[Image]:
    """Images made before `older_than` ago that no text, no field and no Version refers to."""
    names: set[str] = set()
    ids: set[int] = set()
    uuids: set[str] = set()
    for model in apps.get_models():
        if not issubclass(model, Content):
            continue
        rows = model._base_manager
        for field in model._meta.concrete_fields:
            if isinstance(field, MarkdownField):
                for text in rows.filter(**{f"{field.name}__contains": "media:"}).values_list(field.name, flat=True):
                    names.update(markdown.media_names(text))
            elif isinstance(field, models.ForeignKey) and field.related_model is Image:
                ids.update(rows.exclude(**{field.name: None}).values_list(field.attname, flat=True))
    for data in Version.objects.exclude(model=Image._meta.label_lower).values_list("data", flat=True).iterator():
        stored = json.dumps(data, ensure_ascii=False)
        names.update(re.findall(r"media:([-\w]+)", stored))
        uuids.update(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", stored))
    old = Image.objects.filter(created_at__lt=timezone.now() - older_than).exclude(pk__in=ids)
    unused = [image.pk for image in old if image.name not in names and str(image.uuid) not in uuids]
    return Image.objects.filter(pk__in=unused)


def sweep() -> list[str]:
    """Delete what unreferenced() finds and return the names.

    Rows go first: a file without its row is litter, a row without its file would be a hole in a page.
    """
    with transaction.atomic():
        images = list(unreferenced().select_for_update())
        Image.objects.filter(pk__in=[image.pk for image in images]).delete()
    for image in images:
        if image.file:
            image.file.storage.delete(str(image.file.name))
    return [image.name for image in images]


@task()
def sweep_images() -> list[str]:
    return sweep()


def plan_sweep() -> None:
    """Let the worker look when an image made now has been there long enough: so no cron is needed."""
    sweep_images.using(run_after=timezone.now() + UNUSED_FOR + timedelta(minutes=1)).enqueue()
