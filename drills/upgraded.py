"""Settings of the site after an upgrade with a migration: drills.nodes rolls it out under load."""

from timeline.settings import *  # noqa: F403
from timeline.settings import INSTALLED_APPS

INSTALLED_APPS += ["drills.upgrade"]
