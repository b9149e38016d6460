"""The cache that all processes of the site share where there is no Redis: a table of the database."""

import base64
import pickle
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections, router, transaction


class SharedCache(DatabaseCache):
    """Django's own, whose incr() reads and writes in two steps: what others add in between would be lost, and when it
    was to end."""

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        using = router.db_for_write(self.cache_model_class)
        table = self.cache_model_class._meta.db_table
        row = [self.make_and_validate_key(key, version=version)]
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(f'UPDATE "{table}" SET cache_key = cache_key WHERE cache_key = %s', row)  # locks it
            value = self.get(key, version=version)
            if value is None:
                raise ValueError(f"Key '{key}' not found")
            value += delta
            stored = base64.b64encode(pickle.dumps(value, self.pickle_protocol)).decode("ascii")
            cursor.execute(f'UPDATE "{table}" SET value = %s WHERE cache_key = %s', [stored, *row])
        return value


def create(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Make its table, where the settings name one: `migrate` alone is to do."""
    if any(isinstance(cache, DatabaseCache) for cache in caches.all(initialized_only=False)):
        call_command("createcachetable", database=using, verbosity=0)
