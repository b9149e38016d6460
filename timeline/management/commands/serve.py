import os
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

APPLICATION = "timeline.wsgi:application"


class Command(BaseCommand):
    help = "Serve the site in production, by granian. TERM ends it, HUP restarts it; requests in flight are finished."
    requires_system_checks = []  # they would load the whole site in a process that only starts the server

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEBUG:
            raise CommandError("serve is for production: set DEBUG=0 and what it asks for, or run `manage.py develop`.")
        # Granian reads its options from the environment, so each of these can be set there.
        os.environ["GRANIAN_INTERFACE"] = "wsgi"
        os.environ.setdefault("GRANIAN_WORKERS", str(len(os.sched_getaffinity(0))))
        # One thread: the work is Python's, more threads would only wait for each other. More load: more workers.
        os.environ.setdefault("GRANIAN_BLOCKING_THREADS", "1")
        os.environ.setdefault("GRANIAN_WEBSOCKETS", "false")
        os.environ.setdefault("GRANIAN_HTTP", "1")  # as proxies ask; or it would look at each connection first
        os.environ.setdefault("GRANIAN_RESPAWN_FAILED_WORKERS", "true")
        os.environ.setdefault("GRANIAN_WORKERS_KILL_TIMEOUT", "30")
        os.environ.setdefault("GRANIAN_HTTP1_HEADER_READ_TIMEOUT", "10000")  # milliseconds
        # Seconds that a new process has to load the site before the old one stops to listen.
        os.environ.setdefault("GRANIAN_RESPAWN_INTERVAL", "15")
        # Pieces of memory that are larger go back to the system when they are free. Else glibc raises these limits by
        # itself, and a process keeps 10 MB of which it uses nothing; with 128 KB each page would cost twice as much
        # processor, for every copy of its text would be fetched from the system anew.
        os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "4194304")  # bytes
        os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "4194304")
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")
        # Figures of processes that are gone (timeline.metrics).
        rmtree(settings.VAR_DIR / "metrics", ignore_errors=True)
        # In the place of this process, so that signals reach it.
        os.chdir(settings.BASE_DIR)
        os.execv(Path(sys.executable).with_name("granian"), ["granian", APPLICATION])
