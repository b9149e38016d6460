"""Settings of the tests: nothing is shared with a development site, nor between two runs at the same time.

The database is an SQLite file unless the run was started by `python -m tests.postgres`.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

scratch = TemporaryDirectory(prefix="timeline-tests-")
os.environ["VAR_DIR"] = scratch.name
TEST_DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
if TEST_DATABASE == "sqlite":
    os.environ.pop("DATABASE_URL", None)
os.environ["DATABASE_POOL"] = "0"  # threads of tests come and go, with a connection each

from timeline.settings import *  # noqa: E402, F403
from timeline.settings import DATABASES, INSTALLED_APPS, SECTIONS, VAR_DIR  # noqa: E402

if TEST_DATABASE == "sqlite":
    # A file, not Django's shared in-memory database: that one ignores the timeout and has no WAL.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

MEDIA_ROOT = VAR_DIR / "media"
STATIC_ROOT = Path(VAR_DIR, "static")
STATIC_ROOT.mkdir()  # WhiteNoise warns of a missing one
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
RATE_LIMITS = False  # tests come all from one address, and fast; tests/timeline/test_limits.py has them
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# A third kind, as somebody would add one: its folder and these two lines.
INSTALLED_APPS += ["tests.thirdkind.apps.PollsConfig"]
SECTIONS += ["tests.thirdkind.sections.Polls"]
