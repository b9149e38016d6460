"""Readers: threads that ask for public pages as fast as they are answered, and note what they saw."""

import gzip
import random
import threading
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from drills.truth import Answer, Page, Seen

STAY = 10  # requests over one connection at most: so all processes of a site come to answer
SECONDS = 30  # of patience


class Readers:
    """`crowd` threads for each of the sites, which are given as (address, promise in seconds)."""

    def __init__(self, sites: Iterable[tuple[str, float]], pages: dict[str, Page], crowd: int) -> None:
        self.pages = pages
        self.answers: list[Answer] = []
        self.troubles: list[str] = []  # what came in the place of an answer
        self.is_over = threading.Event()
        self.threads = [
            threading.Thread(target=self.read, args=(urlsplit(url).netloc, promise), daemon=True)
            for url, promise in sites
            for _ in range(crowd)
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def stop(self) -> list[Answer]:
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        return self.answers

    def read(self, host: str, promise: float) -> None:
        paths = list(self.pages)
        weights = [1 / place for place in range(1, len(paths) + 1)]  # some are asked for often, as everywhere
        known: dict[tuple[str, str], tuple[str, Seen]] = {}  # tag and content of what a browser would have
        while not self.is_over.is_set():
            connection = HTTPConnection(host, timeout=SECONDS)
            try:
                connection.connect()
                for _ in range(random.randint(1, STAY)):
                    if self.is_over.is_set():
                        break
                    (path,), encoding = random.choices(paths, weights), random.choice(["gzip", "identity"])
                    self.answers.append(self.ask(connection, path, encoding, known, promise))
            except (OSError, HTTPException) as error:
                self.troubles.append(f"{type(error).__name__}: {error}")
                now = time.monotonic()
                self.answers.append(Answer("(connection)", now, now, 0, None, promise))
            finally:
                connection.close()

    def ask(
        self,
        connection: HTTPConnection,
        path: str,
        encoding: str,
        known: dict[tuple[str, str], tuple[str, Seen]],
        promise: float,
    ) -> Answer:
        headers = {"Accept-Encoding": encoding}
        tag, kept = known.get((path, encoding), ("", None))
        if tag and random.random() < 0.5:
            headers["If-None-Match"] = tag
        asked = time.monotonic()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        got = time.monotonic()
        if answer.status == 304:
            return Answer(path, asked, got, 304, kept, promise)
        if answer.status != 200:
            known.pop((path, encoding), None)
            return Answer(path, asked, got, answer.status, None, promise)
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        seen = frozenset(self.pages[path].marks.findall(body.decode()))
        known[path, encoding] = answer.headers.get("ETag", ""), seen
        return Answer(path, asked, got, 200, seen, promise)
