"""What the page cache is measured against: the same bytes from granian alone, and from Django with nothing to do.

Factories for granian; the file that ANSWER names has the headers, the one that BODY names has the bytes.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def answer() -> tuple[list[tuple[str, str]], bytes]:
    headers = json.loads(Path(os.environ["ANSWER"]).read_text())
    return [(name, value) for name, value in headers], Path(os.environ["BODY"]).read_bytes()


def bare() -> Any:
    headers, body = answer()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", headers)
        return [body]

    return application


def hello() -> Any:
    """With the middleware that `django-admin startproject` writes."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import re_path

    told, body = answer()
    headers = dict(told)

    def view(request: "HttpRequest") -> "HttpResponse":
        return HttpResponse(body, headers=headers)

    class URLs:
        urlpatterns = [re_path("", view)]

    settings.configure(
        SECRET_KEY="of a benchmark",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=URLs,
        INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions", "messages")],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
    )
    return get_wsgi_application()
