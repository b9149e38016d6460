"""The file of a backup: a ZIP with a list of what is in it, which is there whole or not at all.

    manifest.json                    what it is of, and of each part its bytes and SHA-256
    database/timeline.issue.jsonl    a row a line
    media/images/0f3a….png           an upload

The comment at its end is the SHA-256 of all before it, so a damage is found wherever it is. Without us:

    head --bytes=-64 FILE | sha256sum; tail --bytes=64 FILE
"""

import fcntl
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

FORMAT = 1
MANIFEST = "manifest.json"
PARTIAL = ".backup.partial"  # one name, so that the next one to any file clears up after one that was killed
CHUNK = 1024 * 1024  # bytes
SEAL = 64  # bytes: a SHA-256 in hexadecimal digits


class Unusable(Exception):
    """No backup can be written to this file, or read from it; the sentence says why."""


@dataclass(frozen=True)
class Part:
    path: str
    bytes: int
    sha256: str


@dataclass
class Contents:
    """What a backup tells of itself, and its parts in the order in which they were written."""

    about: dict[str, Any] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


class Writer:
    def __init__(self, packed: ZipFile) -> None:
        self.packed, self.contents = packed, Contents()

    def add(self, path: str, chunks: Iterable[bytes], *, compress: bool) -> Part:
        """Whatever the first chunk raises leaves the file as it was."""
        pieces = iter(chunks)
        piece = next(pieces, b"")
        digest, size = hashlib.sha256(), 0
        info = ZipInfo(path)
        info.compress_type = ZIP_DEFLATED if compress else ZIP_STORED
        info.external_attr = 0o600 << 16
        with self.packed.open(info, "w", force_zip64=True) as stream:
            while piece:
                stream.write(piece)
                digest.update(piece)
                size += len(piece)
                piece = next(pieces, b"")
        part = Part(path, size, digest.hexdigest())
        self.contents.parts.append(part)
        return part


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """What was added until the end is read back and verified, and then is `file`, in one step.

    Until then, and after any error, there is what was there before. What a killed process has left behind is taken over
    by the next one into that folder, of which there is one at a time. Raises Unusable.
    """
    if file.is_dir():
        raise Unusable(f"{file} is a folder: name a file in it.")
    partial = file.with_name(PARTIAL)
    with claimed(partial) as stream:
        try:
            with ZipFile(stream, "w") as packed:
                writer = Writer(packed)
                yield writer
                parts = [asdict(part) for part in writer.contents.parts]
                manifest = {"format": FORMAT, **writer.contents.about, "parts": parts}
                packed.writestr(MANIFEST, json.dumps(manifest, indent=1), ZIP_DEFLATED)
                packed.comment = bytes(SEAL)
            stream.seek(-SEAL, os.SEEK_END)
            stream.write(digest_of(stream))
            stream.flush()
            os.fsync(stream.fileno())
            verify(partial)
            os.replace(partial, file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def claimed(partial: Path) -> Iterator[IO[bytes]]:
    """`partial`, empty, for us alone: the lock goes with the process, however that ends."""
    try:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unusable(f"{partial.parent} cannot be written to: {error.strerror}.") from error
    with os.fdopen(descriptor, "r+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Not the file that another process has just finished and renamed.
            is_ours = os.path.samestat(os.fstat(stream.fileno()), os.stat(partial))
        except OSError:
            is_ours = False
        if not is_ours:
            raise Unusable("Another backup is being written into this folder: wait until it is done.")
        os.fchmod(stream.fileno(), 0o600)  # it is full of personal data
        stream.truncate(0)
        yield stream


def digest_of(stream: IO[bytes]) -> bytes:
    """Of all but the seal, in the form of one; leaves the stream at the seal."""
    left = stream.seek(-SEAL, os.SEEK_END)
    stream.seek(0)
    digest = hashlib.sha256()
    while left:
        piece = stream.read(min(CHUNK, left))
        if not piece:
            break
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest().encode()


def verify(file: Path) -> Contents:
    """What is in it, every byte of which was read; raises Unusable."""
    try:
        with open(file, "rb") as stream:
            if stream.seek(0, os.SEEK_END) < SEAL or digest_of(stream) != stream.read():
                raise Unusable(f"{file} is damaged, or no backup: its checksum is another one. Take another backup.")
            with ZipFile(stream) as packed:
                contents = read_manifest(packed)
                for part in contents.parts:
                    check(packed, part)
                return contents
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {error.strerror}.") from error
    except (BadZipFile, zlib.error, EOFError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise Unusable(f"{file} is no backup that we can read: {error}") from error


def read_manifest(packed: ZipFile) -> Contents:
    manifest = json.loads(packed.read(MANIFEST))
    if manifest.pop("format") != FORMAT:
        raise ValueError("it was written by another version of the site, which is needed to restore it.")
    contents = Contents(manifest, [Part(**part) for part in manifest.pop("parts")])
    if sorted([MANIFEST, *(part.path for part in contents.parts)]) != sorted(packed.namelist()):
        raise ValueError("its list of parts is not what is in it.")
    return contents


def check(packed: ZipFile, part: Part) -> None:
    with packed.open(part.path) as stream:
        if not is_same(iter(lambda: stream.read(CHUNK), b""), part):
            raise ValueError(f"{part.path} is not what was written.")


def is_same(chunks: Iterable[bytes], part: Part) -> bool:
    digest, size = hashlib.sha256(), 0
    for piece in chunks:
        digest.update(piece)
        size += len(piece)
    return (size, digest.hexdigest()) == (part.bytes, part.sha256)
