"""Uploaded films: MP4 and WebM that browsers play, written anew without metadata, and a still of each.

FFmpeg reads there what strangers made, so it runs in a process of its own, with bounds: timeline.remux.
"""

import json
import subprocess
import sys
import weakref
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from PIL import Image as Picture

MAX_MEGABYTES = 100
CHUNK = 1024 * 1024  # bytes
TIMEOUT = 120  # seconds; a busy machine gives the process less than a core
# Pictures in the container of MP4: AVIF and HEIF.
PICTURES = {b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix"}


def is_film(file: IO[bytes]) -> bool:
    """Whether it begins as MP4, MOV, WebM or Matroska do; the file stays where it is."""
    start = file.tell()
    head = file.read(12)
    file.seek(start)
    return head[:4] == b"\x1a\x45\xdf\xa3" or (head[4:8] == b"ftyp" and head[8:12] not in PICTURES)


def prepare(file: IO[bytes]) -> tuple[File, Picture.Image, tuple[int, int]]:
    """A clean copy under a name of ours, a still, and (width, height); ValidationError, with a sentence."""
    with TemporaryDirectory() as folder, NamedTemporaryFile(dir=folder) as source:
        size = 0
        while chunk := file.read(CHUNK):
            size += len(chunk)
            if size > MAX_MEGABYTES * 1024 * 1024:
                raise ValidationError(f"The film is larger than {MAX_MEGABYTES} MB: make it shorter or smaller first.")
            source.write(chunk)
        source.flush()
        kind = remux(source.name, folder)
        with Picture.open(Path(folder, "still.png")) as still:
            still.load()
        # An open file outlives its name. It may be as large as a film, and goes with the last one who knows it.
        content = Path(folder, f"clean.{kind}").open("rb")  # noqa: SIM115
        clean = File(content, name=f"{token_hex(8)}.{kind}")
        weakref.finalize(clean, content.close)
        return clean, still, still.size


def remux(source: str, folder: str) -> str:
    """Let timeline.remux write into `folder`: "mp4" or "webm"; ValidationError where it fails or takes too much."""
    command = [sys.executable, "-m", "timeline.remux", source, folder]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, cwd=settings.BASE_DIR)
        told: dict[str, str] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        told = {}
    if "kind" not in told:
        raise ValidationError(told.get("error", "This film cannot be read: export it again as MP4 (H.264) or WebM."))
    return told["kind"]
