from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.factories import edith, paula, rita
from timeline.models import User

pytestmark = pytest.mark.django_db


def link(email: str, *options: str) -> str:
    """The path of a fresh link."""
    out = StringIO()
    call_command("signin_link", email, *options, stdout=out)
    return out.getvalue().strip().removeprefix("http://127.0.0.1:8000")


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_link_shows_a_button_signs_in_once_and_asks_for_a_password(client: Client) -> None:
    url = link(edith().email)
    page = client.get(url)
    assert (page.status_code, signed_in(client), b'type="submit"' in page.content) == (200, False, True)
    answer = client.post(url)
    assert (answer.status_code, answer["Location"], signed_in(client)) == (302, "/admin/set-password/", True)
    new = "a much better phrase"
    answer = client.post("/admin/set-password/", {"new_password1": new, "new_password2": new})
    assert (answer["Location"], signed_in(client)) == ("/admin/", True)
    assert Client().login(email="edith@example.org", password=new)
    assert client.get("/admin/set-password/").status_code == 403


def test_link_is_spent_after_its_use(client: Client) -> None:
    url, other = link(edith().email), link("edith@example.org")
    client.post(url)
    thief = Client()
    for spent in (url, other):
        assert (thief.post(spent).status_code, signed_in(thief)) == (403, False)


def test_link_grows_old_and_wrong_ones_are_refused(client: Client) -> None:
    url = link(edith().email)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert client.post(url).status_code == 403
    for wrong in ["/admin/sign-in/MQ/x/", "/admin/sign-in/%20/x-y/", "/admin/sign-in/" + "OTk5" * 40 + "/x/"]:
        assert client.post(wrong).status_code == 403


def test_link_of_an_inactive_person_lets_nobody_in(client: Client) -> None:
    user = edith()
    url = link(user.email)
    User.objects.update(is_active=False)
    assert (client.post(url).status_code, signed_in(client)) == (403, False)
    with pytest.raises(CommandError, match="is not active"):
        link(user.email)


def test_post_without_token_of_the_form_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    assert (client.post(link(edith().email)).status_code, signed_in(client)) == (403, False)


def test_set_password_needs_a_sign_in_by_link(client: Client) -> None:
    client.force_login(edith())
    assert client.get("/admin/set-password/").status_code == 403


def test_command_makes_an_editor_and_publisher_only_when_told() -> None:
    with pytest.raises(CommandError, match="add --create"):
        link("new@example.org")
    assert link("New@Example.org", "--create").startswith("/admin/sign-in/")
    user = User.objects.get(email="new@example.org")
    assert sorted(user.groups.values_list("name", flat=True)) == ["Editor", "Publisher"]
    assert (user.has_usable_password(), user.is_staff, user.is_superuser) == (False, True, False)
    with pytest.raises(CommandError, match="is no e-mail address"):
        link("nobody", "--create")


def test_admin_lets_in_editors_and_publishers_by_password(client: Client) -> None:
    for user, status in [(edith(), 302), (paula(), 302), (rita(), 200)]:
        answer = Client().post(
            "/admin/login/?next=/admin/", {"username": user.email.upper(), "password": "correct horse battery"}
        )
        assert answer.status_code == status
