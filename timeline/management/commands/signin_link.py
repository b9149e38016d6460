from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from timeline.admin_site import signin_link
from timeline.groups import EDITOR, PUBLISHER
from timeline.models import User


class Command(BaseCommand):
    help = "Print a one-time link that signs a person in to the admin: also the way back in when mail is down."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--create", action="store_true", help="make the person, an Editor and Publisher, if there is none"
        )

    @transaction.atomic
    def handle(self, *args: Any, email: str, create: bool, **options: Any) -> None:
        email = email.strip().lower()
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"“{email}” is no e-mail address.") from error
        user = User.objects.filter(email=email).first()
        if user is None:
            if not create:
                raise CommandError(f"Nobody has the address {email}: add --create to make an Editor and Publisher.")
            user = User.objects.create_user(email)
            user.groups.set(Group.objects.filter(name__in=[EDITOR, PUBLISHER]))
        if not user.is_active:
            raise CommandError(f"{email} is not active: somebody has to tick “active” in the admin first.")
        self.stdout.write(signin_link(user))
