"""Uploaded pictures and films: checked, cleaned, stored, and swept away when nothing refers to them."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import PurePath
from secrets import token_hex
from typing import IO, Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models, transaction
from django.utils import timezone
from django_tasks import task
from PIL import Image as Picture
from PIL import ImageOps, ImageSequence
from slugify import slugify

from timeline import film, history, markdown, variants
from timeline.fields import MarkdownField
from timeline.models import Content, Image, User, Version

EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}  # what may come in, and out
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000  # of a picture
MAX_FILM_PIXELS = 200_000_000  # of all frames of an animation: they are decoded one by one
MAX_CAPTIONS = 1024 * 1024  # bytes
POSTER_WIDTH = 1_600  # pixels
UNUSED_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Clean:
    """What may be stored of an upload, under names of ours."""

    file: File
    width: int
    height: int
    poster: File | None = None  # a JPEG, which every mail program shows; None of what does not move

    def put(self, image: Image) -> list[str]:
        """Store the files, and let `image` name them in the place of those it had; gives their names.

        The row is not saved. A film that takes the place of another has to get its own captions.
        """
        image.file.save(str(self.file.name), self.file, save=False)
        image.width, image.height, image.variants, image.poster = self.width, self.height, {}, None
        if self.poster:
            image.poster.save(str(self.poster.name), self.poster, save=False)
        return [str(file.name) for file in (image.file, image.poster) if file]


def prepare(file: IO[bytes]) -> Clean:
    """A clean copy of an uploaded picture or film; ValidationError, with a sentence, if it is none.

    The file is opened by its content, whatever its name and declared type say, turned as its camera wanted, and
    written anew: metadata, location and anything hidden behind the picture do not survive. SVG is a program, not
    a picture, and refused.
    """
    if film.is_film(file):
        clean, still, (width, height) = film.prepare(file)
        return Clean(clean, width, height, as_poster(still))
    return prepare_picture(file)


def prepare_picture(file: IO[bytes]) -> Clean:
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
                first = stills[0]
                first.save(
                    written,
                    kind,
                    save_all=True,
                    append_images=stills[1:],
                    duration=durations,
                    loop=picture.info.get("loop", 0),
                )
            else:
                first = bare(ImageOps.exif_transpose(picture))
                first.save(written, kind, **({"quality": 90} if kind == "JPEG" else {}))
            poster = as_poster(stills[-1]) if frames > 1 else None  # most end with what they show
    except ValidationError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them stumble over
        raise ValidationError(
            "This is no picture and no film that we can read: upload a PNG, JPEG, WebP, GIF, AVIF, MP4 or WebM."
        ) from error
    clean = ContentFile(written.getvalue(), name=f"{token_hex(8)}.{EXTENSIONS[kind]}")
    return Clean(clean, first.width, first.height, poster)


def bare(picture: Picture.Image) -> Picture.Image:
    """`picture` without metadata; the colour profile stays, without it the colours would be others."""
    picture.info = {key: picture.info[key] for key in ("icc_profile", "transparency") if key in picture.info}
    return picture


def prepare_poster(file: IO[bytes]) -> ContentFile:
    """A still that somebody chose for a film; ValidationError, with a sentence, if it is no picture."""
    if film.is_film(file):
        raise ValidationError("A still does not move: choose a picture.")
    with Picture.open(prepare_picture(file).file) as picture:
        return as_poster(picture)


def as_poster(still: Picture.Image) -> ContentFile:
    """`still` as a JPEG; what is transparent becomes white, as the plate under figures is."""
    plate = Picture.new("RGB", still.size, "white")
    seen = still.convert("RGBA")
    plate.paste(seen, mask=seen)
    plate.thumbnail((POSTER_WIDTH, POSTER_WIDTH * 10))
    written = BytesIO()
    plate.save(written, "JPEG", quality=85, progressive=True)
    return ContentFile(written.getvalue(), name=f"{token_hex(8)}.jpg")


def prepare_captions(file: IO[bytes]) -> ContentFile:
    """WebVTT under a name of ours; ValidationError, with a sentence, if it is none."""
    data = file.read(MAX_CAPTIONS + 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if len(data) > MAX_CAPTIONS or not re.match(r"WEBVTT(?:[ \t\r\n]|\Z)", text):
        raise ValidationError(
            "This is no WebVTT: its first line has to be WEBVTT, its letters UTF-8, its size below 1 MB."
        )
    return ContentFile(text.encode(), name=f"{token_hex(8)}.vtt")


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
    """A row for an uploaded picture or film, at once and in a transaction of its own; ValidationError if it is none.

    `name` is made from the file's own if it is empty.
    """
    clean = prepare(file)
    image = Image(name=name or free_name(PurePath(getattr(file, "name", "") or "").stem), **fields)
    image.full_clean(exclude=["file"])
    try:
        clean.put(image)
        with transaction.atomic():
            image.save()
            history.record(image, "uploaded", editor)
            plan_sweep()
            variants.plan(image)
    except BaseException:
        delete_files(image)
        raise
    return image


def delete_files(image: Image) -> None:
    for name in image.files:
        image.file.storage.delete(name)


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
        delete_files(image)
    return [image.name for image in images]


@task()
def sweep_images() -> list[str]:
    return sweep()


def plan_sweep() -> None:
    """Let the worker look when an image made now has been there long enough: so no cron is needed."""
    sweep_images.using(run_after=timezone.now() + UNUSED_FOR + timedelta(minutes=1)).enqueue()
