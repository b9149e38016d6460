"""Settings, driven by the environment: docs/operations.md lists every variable.

With no environment at all this is a development site on SQLite. A wrong value stops the start with a sentence.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
VERSION = "0.1.0"  # pyproject.toml, which is not in the container, has it as well

DEVELOPMENT_SECRET = "development-only: readable by everybody, never used when DEBUG=0"


def setting(read: Callable[..., Any], name: str, default: Any, hint: str) -> Any:
    """The variable `name` as `read` (a method of Env) understands it; ImproperlyConfigured with `hint` otherwise."""
    try:
        return read(name, default=default)
    except (ValueError, KeyError, TypeError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is wrong: {hint}") from error


def boolean(name: str, default: bool) -> bool:
    value = env.str(name, default=str(default)).strip().lower()
    if value not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} is wrong: set it to 1 or 0.")
    return value in {"1", "true", "yes", "on"}


def bucket(address: str) -> dict[str, Any]:
    """The storage at s3://bucket?endpoint=https://host&region=name; its key is in the environment, as boto3 has it."""
    parts = urlsplit(address)
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme != "s3" or not parts.netloc or parts.path or told.keys() - {"endpoint", "region"}:
        raise ImproperlyConfigured(
            "MEDIA_STORAGE is wrong: set it to s3://bucket, s3://bucket?region=name or "
            "s3://bucket?endpoint=https://host, or leave it empty."
        )
    if not find_spec("storages"):
        raise ImproperlyConfigured(
            "MEDIA_STORAGE is not possible without django-storages: install requirements-s3.txt, or leave it empty."
        )
    options = {
        "bucket_name": parts.netloc,
        "endpoint_url": told.get("endpoint"),
        "region_name": told.get("region"),
        "addressing_style": "path" if "endpoint" in told else "auto",
        "file_overwrite": False,
    }
    return {"BACKEND": "timeline.object_storage.Bucket", "OPTIONS": options}


DEBUG = boolean("DEBUG", True)

# Not through env, which reads a value that starts with "$" as the name of another variable.
SECRET_KEY = os.environ.get("SECRET_KEY", DEVELOPMENT_SECRET if DEBUG else "")
if not DEBUG and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or SECRET_KEY == DEVELOPMENT_SECRET):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing or weak: with DEBUG=0 set it to at least 50 random characters, "
        "for example the output of `openssl rand -hex 32`, and keep it secret."
    )

SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
site = urlsplit(SITE_URL)
if site.scheme not in {"http", "https"} or not site.hostname or site.path:
    raise ImproperlyConfigured("SITE_URL is wrong: set it to scheme and host alone, such as https://example.org.")
HTTPS = site.scheme == "https"

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[site.hostname, "localhost", "127.0.0.1"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is missing: with DEBUG=0 set it to the host names of the site, separated by commas."
    )
CSRF_TRUSTED_ORIGINS = [SITE_URL]

# Everything that the site writes on disk without being told otherwise.
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))

DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
DATABASE_HINT = "set it to an address such as postgres://user:password@host:5432/name or sqlite:////absolute/path."
# Before it is parsed: django-environ prints an address that it does not know, with the password.
if urlsplit(DATABASE_URL).scheme not in {"postgres", "postgresql", "sqlite"}:
    raise ImproperlyConfigured(f"DATABASE_URL is wrong: {DATABASE_HINT}")
POOL_HINT = "set it to the number of connections that one process may have, or to 0 to keep one for each thread."
# A process of the site needs one for its thread and one for its look at the edition; the rest is for what may come.
DATABASE_POOL = setting(env.int, "DATABASE_POOL", 4, POOL_HINT)
if DATABASE_POOL < 0:
    raise ImproperlyConfigured(f"DATABASE_POOL is wrong: {POOL_HINT}")
DATABASES = {"default": setting(env.db_url, "DATABASE_URL", DATABASE_URL, DATABASE_HINT)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at the start: with DEFERRED two transactions that both read first and
    # write later fail with "database is locked" at once, whatever the timeout. The file is mapped into memory, up to
    # 256 MiB: lists and search read pages from all over it.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=268435456;",
    }
    # To open the file takes as long as a small page, and whoever closes it last writes all that is in the WAL back.
    DATABASES["default"] |= {"CONN_MAX_AGE": 60}
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    if DATABASE_POOL:
        # Of each process. The pool keeps what a request gives back, so a request must not keep it as well. While the
        # database does not answer, a request waits for a connection as long as the timeout says, in seconds.
        pool = {"min_size": min(2, DATABASE_POOL), "max_size": DATABASE_POOL, "timeout": 2}
        DATABASES["default"] |= {"CONN_MAX_AGE": 0}
        DATABASES["default"].setdefault("OPTIONS", {})["pool"] = pool

# What all processes share: counts of who asks how often, signs of life. Sessions are in the database, and in the cache
# as well where that spares the database something.
CACHE_HINT = "set it to an address such as redis://host:6379/0, or leave it empty."
if CACHE_URL := env.str("CACHE_URL", default=""):
    CACHES = {"default": setting(env.cache_url, "CACHE_URL", CACHE_URL, CACHE_HINT)}
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "shared_cache",
            "OPTIONS": {"MAX_ENTRIES": 20_000},
        }
    }
vars().update(
    setting(
        env.email_url,
        "EMAIL_URL",
        "consolemail://",
        "set it to an address such as smtp+tls://user:password@host:587.",
    )
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="The AI Timeline <noreply@localhost>")

HUB_HINT = "set it to the address of a WebSub hub, such as https://hub.example.org/, or leave it empty."
PAGES_HINT = "set it to a whole number of megabytes, or to 0 to keep no page ready."
PAGE_CACHE_MB = setting(env.int, "PAGE_CACHE_MB", 32, PAGES_HINT)
if PAGE_CACHE_MB < 0:
    raise ImproperlyConfigured(f"PAGE_CACHE_MB is wrong: {PAGES_HINT}")

hub = setting(env.url, "WEBSUB_HUB", "", HUB_HINT)
WEBSUB_HUB = hub.geturl()  # "": none
if WEBSUB_HUB and (hub.scheme not in {"http", "https"} or not hub.hostname):
    raise ImproperlyConfigured(f"WEBSUB_HUB is wrong: {HUB_HINT}")

INSTALLED_APPS = [
    "timeline.apps.TimelineAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # with FORM_RENDERER: our own template of the Markdown widget
    "markdownx",
    "csp",
    "timeline.apps.TimelineConfig",  # before django_tasks_db, whose worker it extends
    "django_tasks",
    "django_tasks_db",
    "papers",
    "news",
    "boards",
]

# The kinds of content, in reading order. Everything that shows more than one kind asks timeline.sections.
SECTIONS = [
    "papers.sections.Papers",
    "news.sections.News",
]

# What is made of all content and follows its changes, in this order: timeline.derived.
DERIVED = [
    "timeline.catalogue",
    "boards.standings",
]

# What is published as data, in the API and in the dumps: timeline.resources.
RESOURCES = [
    "timeline.documents",
    "papers.documents",
    "boards.documents",
]

MIDDLEWARE = [
    # First what every answer gets, also one of those below that fail or answer by themselves.
    "timeline.watching.watch",
    "timeline.limits.whole_bodies",
    "timeline.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "timeline.compression.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "timeline.pagecache.whole_pages",
]

ROOT_URLCONF = "timeline.urls"
WSGI_APPLICATION = "timeline.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["timeline.loaders.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "timeline.views.publication",
            ],
        },
    }
]

FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

AUTH_USER_MODEL = "timeline.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60  # seconds that a sign-in link lives

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"  # what readers see is in Publication.time_zone
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
MEDIA_STORAGE = env.str("MEDIA_STORAGE", default="")  # "": the folder MEDIA_ROOT
STORAGES = {
    "default": bucket(MEDIA_STORAGE) if MEDIA_STORAGE else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "timeline.storage.StaticFiles"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o644  # the proxy, another user, serves them

# timeline.limits has the rest.
RATE_LIMITS = boolean("RATE_LIMITS", True)
FILE_UPLOAD_HANDLERS = [
    "timeline.limits.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20  # bytes of a form without its files: a long issue on the desk has 1 MB
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a paper by 2,000 people has 8,000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

MARKDOWNX_MARKDOWNIFY_FUNCTION = "timeline.markdown.to_html"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "https:"],  # a text may show a picture of another site
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],  # previews
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Static files are for our pages alone.
WHITENOISE_ALLOW_ALL_ORIGINS = False
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from their form
if HTTPS:
    # A browser takes a cookie of such a name only from this very host, over HTTPS: no subdomain can plant one.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SECURE_SSL_REDIRECT = HTTPS and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # machines ask over plain HTTP, past the proxy
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
TRUST_PROXY = boolean("TRUST_PROXY", False)
if TRUST_PROXY:
    # Only behind a proxy that sets this header itself; otherwise a client could claim HTTPS.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
    raise ImproperlyConfigured("LOG_LEVEL is wrong: set it to DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
if LOG_FORMAT not in {"plain", "json"}:
    raise ImproperlyConfigured("LOG_FORMAT is wrong: set it to plain or json.")
SLOW_HINT = "set it to a whole number of milliseconds, or to 0 to log no query."
SLOW_QUERY_MS = setting(env.int, "SLOW_QUERY_MS", 0 if DEBUG else 200, SLOW_HINT)
if SLOW_QUERY_MS < 0:
    raise ImproperlyConfigured(f"SLOW_QUERY_MS is wrong: {SLOW_HINT}")
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # "": there are no metrics
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN is wrong: set it to at least 20 random characters, or leave it empty.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "timeline.watching.OfRequest"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"},
        **({"json": {"()": "timeline.watching.JsonLines"}} if LOG_FORMAT == "json" else {}),
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # Without JSON a line for each request is more noise than use.
    "loggers": {"timeline.requests": {"level": "INFO" if LOG_FORMAT == "json" else "WARNING"}},
}
