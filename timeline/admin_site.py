"""The admin's frame: who may enter, and the one-time link that lets in without a password."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.decorators import method_decorator
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from timeline.limits import SIGN_INS, SIGN_INS_OF_ONE, client, limited, too_many
from timeline.models import User
from timeline.start_page import start_page

CAME_BY_LINK = "came_by_link"  # key in the session: this person may set a password without the old one


def signin_link(user: User) -> str:
    """An address that signs `user` in once, within PASSWORD_RESET_TIMEOUT seconds.

    Its token hangs on the time of the last sign-in, so any sign-in ends it.
    """
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return settings.SITE_URL + reverse("admin:signin_link", args=[uid, default_token_generator.make_token(user)])


def user_of_link(uid: str, token: str) -> User | None:
    """The user whom the link lets in, locked until the transaction ends; None where it is spent or wrong."""
    try:
        pk = int(urlsafe_base64_decode(uid))
    except (ValueError, OverflowError):
        return None
    if pk.bit_length() > 63:
        return None
    user = User.objects.select_for_update().filter(pk=pk, is_active=True).first()
    return user if user and default_token_generator.check_token(user, token) else None


class TimelineAdminSite(admin.AdminSite):
    site_header = site_title = "The AI Timeline"
    index_title = "Desk"
    index_template = "admin/start.html"  # Django's own is what the page of an app extends

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().index(request, {**start_page(request.user), **(extra_context or {})})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("sign-in/<uid>/<token>/", self.signin_link, name="signin_link"),
            path("set-password/", self.admin_view(self.set_password), name="set_password"),
            *super().get_urls(),
        ]

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST":
            name = request.POST.get("username", "").strip().lower()
            if seconds := SIGN_INS.wait(client(request)) or SIGN_INS_OF_ONE.wait(name):
                return too_many(request, seconds)
        return super().login(request, extra_context)

    @method_decorator([never_cache, require_http_methods(["GET", "HEAD", "POST"]), limited(SIGN_INS)])
    def signin_link(self, request: HttpRequest, uid: str, token: str) -> HttpResponse:
        """Scanners of mail open every link: a GET shows a button, only its POST signs in."""
        with transaction.atomic():
            person = user_of_link(uid, token)
            if person and request.method == "POST":
                login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
                request.session[CAME_BY_LINK] = True
                return redirect("admin:set_password")
        context = {**self.each_context(request), "title": "Sign in", "person": person}
        return render(request, "admin/signin_link.html", context, status=200 if person else 403)

    def set_password(self, request: HttpRequest) -> HttpResponse:
        """A new password without the old one, once after a sign-in by link."""
        if not request.session.get(CAME_BY_LINK):
            raise PermissionDenied
        form = SetPasswordForm(request.user, request.POST or None)
        if form.is_valid():
            form.save()
            update_session_auth_hash(request, form.user)
            del request.session[CAME_BY_LINK]
            return redirect("admin:index")
        return render(
            request, "admin/set_password.html", {**self.each_context(request), "title": "Set a password", "form": form}
        )
