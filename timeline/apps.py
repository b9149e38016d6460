from typing import Any

from django.apps import AppConfig, apps
from django.contrib.admin.apps import AdminConfig
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db.backends.signals import connection_created
from django.db.models.signals import post_delete, post_migrate


class TimelineConfig(AppConfig):
    name = "timeline"
    verbose_name = "The AI Timeline"

    def ready(self) -> None:
        from timeline import catalogue, checks, edition, search_index, watching  # noqa: F401  (checks registers itself)
        from timeline.groups import create_groups

        # Permissions exist only after migrate has made those of every app, so no migration can hand them out.
        *_, last = (config for config in apps.get_app_configs() if config.models_module)
        post_migrate.connect(create_groups, sender=last)
        post_migrate.connect(search_index.create, sender=last)
        post_migrate.connect(catalogue.fill, sender=last)
        for model in catalogue.forgotten():  # of no other: what nobody hears of is deleted without being read
            post_delete.connect(catalogue.forget, sender=model)
        post_migrate.connect(edition.create, sender=last)
        post_migrate.connect(create_cache_table, sender=last)
        connection_created.connect(edition.notice_writes)
        connection_created.connect(watching.time_queries)


def create_cache_table(using: str, **kwargs: Any) -> None:
    """Where the cache is a table of the database, `migrate` alone is to make it."""
    if any(isinstance(cache, DatabaseCache) for cache in caches.all(initialized_only=False)):
        call_command("createcachetable", database=using, verbosity=0)


class TimelineAdminConfig(AdminConfig):
    default_site = "timeline.admin_site.TimelineAdminSite"
