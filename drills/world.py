"""The writer of the drills under load: an archive of marked issues, and changes that follow each other at random.

    python -m drills.world fill                    an empty database
    python -m drills.world write SECONDS SEED LOG  a line for each change: drills.truth.read_log

Both in the environment of the site. What it changes, it changes by the functions that the admin calls.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

NUMBERS = (1, 2, 3, 4)  # of the issues; 1 is never withdrawn, so no list is ever empty
PAUSE = 1.2  # seconds at most between two changes
AHEAD = 0.8  # seconds for which an issue is scheduled
CLOCK = 0.001  # seconds by which our reading of the clock may be wrong
GRACE = 1.0  # seconds in which a change is seen whose writer was killed before it could tell


def fill() -> None:
    from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
    from django.core.management import call_command
    from django.test import override_settings

    from drills.truth import DRAFT
    from tests.factories import make_issue, make_paper, tag

    call_command("migrate", verbosity=0)
    for number in (*NUMBERS, DRAFT):
        issue = make_issue(number=number, published=number in (1, 2), **texts(number, 1)["issue"])
        tag(make_paper(issue, slug=f"paper-{number}", authors=["Ada"], **texts(number, 1)["paper"]), "Marked")
    # Packed as well it would take 14 seconds.
    ManifestStaticFilesStorage.support_js_module_import_aggregation = True
    manifest = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
    from django.conf import settings

    with override_settings(STORAGES=settings.STORAGES | manifest):
        call_command("collectstatic", verbosity=0, interactive=False)


def texts(number: int, version: int) -> dict[str, dict[str, Any]]:
    mark, body = f"q{number}v{version}z", f"b{number}v{version}z"
    return {
        "issue": {"title": f"Issue {mark}", "introduction": f"It begins with {mark}."},
        "paper": {"title": f"Paper {mark}", "body": f"It says {body} and explains it."},
    }


@dataclass
class Writer:
    log: Any  # a text file
    chance: random.Random

    is_over: bool = False

    def __post_init__(self) -> None:
        self.versions = dict.fromkeys(NUMBERS, 1)
        self.public = {1, 2}
        self.tell(float("-inf"), float("-inf"), "the beginning")

    def tell(self, begun: float, returned: float, what: str, grace: float = 0) -> None:
        state = {number: self.versions[number] for number in sorted(self.public)}
        line = {"begun": begun, "returned": returned, "state": state, "what": what, "grace": grace}
        self.log.write(json.dumps(line) + "\n")
        self.log.flush()

    def write(self, seconds: float) -> None:
        """At least each sort of change once, however long it takes; until TERM."""
        ways = [self.publish, self.edit, self.withdraw, self.schedule, self.edit, self.die]
        deadline = time.monotonic() + seconds
        self.chance.shuffle(ways)
        done = 0
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "is_over", True))
        while done < len(ways) or (time.monotonic() < deadline and not self.is_over):
            time.sleep(self.chance.uniform(0.05, PAUSE))
            ways[done % len(ways)]()
            done += 1

    def timed(self, change: Callable[[], Any]) -> tuple[float, float]:
        begun = time.monotonic()
        change()
        return begun, time.monotonic()

    def hidden(self) -> int | None:
        return self.chance.choice([number for number in NUMBERS if number not in self.public] or [None])

    def issue(self, number: int) -> Any:
        from timeline.models import Issue

        return Issue.objects.get(number=number)

    def publish(self) -> None:
        from timeline.publishing import publish

        number = self.hidden() or self.withdraw()
        issue = self.issue(number)
        times = self.timed(lambda: publish(issue, override="A drill."))
        self.public.add(number)
        self.tell(*times, f"publish {number}")

    def withdraw(self) -> int:
        from timeline.publishing import withdraw

        if self.public == {1}:
            self.publish()
        number = self.chance.choice(sorted(self.public - {1}))
        issue = self.issue(number)
        times = self.timed(lambda: withdraw(issue))
        self.public.remove(number)
        self.tell(*times, f"withdraw {number}")
        return number

    def edit(self) -> None:
        """What readers see waits for an update, which lets them see both texts at once."""
        from timeline import pending
        from timeline.publishing import update

        number = self.chance.choice(sorted(self.public))
        issue, version = self.issue(number), self.versions[number] + 1
        told = texts(number, version)
        for row, fields in ((issue, told["issue"]), (issue.papersummary_set.get(), told["paper"])):
            pending.hold(row, pending.working(row) | fields)
        time.sleep(self.chance.uniform(0, 0.1))  # nobody may see it yet
        times = self.timed(lambda: update(issue, note="A drill.", override="A drill."))
        self.versions[number] = version
        self.tell(*times, f"edit {number}")

    def schedule(self) -> None:
        """An issue that comes out by the clock alone."""
        from django.utils import timezone

        from timeline.publishing import publish

        number = self.hidden() or self.withdraw()
        at = timezone.now() + timedelta(seconds=AHEAD)
        comes_out = time.monotonic() + at.timestamp() - time.time()
        _, returned = self.timed(lambda: publish(self.issue(number), at=at, override="A drill."))
        self.public.add(number)
        self.tell(comes_out - CLOCK, max(comes_out + CLOCK, returned), f"schedule {number}")
        time.sleep(max(0, comes_out + 0.1 - time.monotonic()))

    def die(self) -> None:
        """A process that is killed when it has committed, and before it can give notice."""
        from django.db import connections

        from timeline import edition
        from timeline.publishing import publish

        number = self.hidden() or self.withdraw()
        connections.close_all()
        if hasattr(connections["default"], "close_pool"):
            connections["default"].close_pool()  # the other process must not use its connections
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            edition.give_notice = lambda: os.kill(os.getpid(), signal.SIGKILL)
            with suppress(BaseException):
                publish(self.issue(number), override="A drill.")
            os._exit(1)  # it should not have come so far
        _, status = os.waitpid(child, 0)
        returned = time.monotonic()
        if not os.WIFSIGNALED(status):
            raise RuntimeError("The process that was to be killed at its notice gave none.")
        self.public.add(number)
        self.tell(begun, returned, f"publish {number} and be killed", GRACE)
        time.sleep(GRACE + 0.2)  # or the notice of the next change would tell of this one too


def main(command: str, *arguments: str) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "timeline.settings"
    django.setup()
    if command == "fill":
        fill()
    else:
        seconds, seed, log = arguments
        with Path(log).open("w") as file:
            Writer(file, random.Random(int(seed))).write(float(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
