"""The edition: a number that is another one after every commit of anything that readers can see.

Triggers of the database write it, in the transaction of the change, so it does not matter who changes what by which
way. They are made after every migrate, because Django remakes a table of SQLite to alter it, and its triggers vanish.

SQLite has one writer at a time and one row. On PostgreSQL a single row would be a lock that every writer takes in the
midst of its work: writers would wait for each other, and two that also need a row of the other one would be in a
deadlock. So each takes a row that no other transaction has, and the sum of all rows is the edition. The steps are
random: a number does not come back with an older copy of the database.
"""

import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model
from django.utils import timezone

from timeline.models import Backup, CheckedLink, Count, Draft, Edition, Override, PendingChange, Presence, User, Version
from timeline.models.prepared import moment

TABLE = Edition._meta.db_table
SUM = f"SELECT SUM(number) FROM {TABLE}"

# What no reader can see. Whatever is not named here counts, also a model that nobody has thought of.
UNSEEN_APPS = {"admin", "auth", "contenttypes", "django_tasks_database", "sessions"}
UNSEEN: set[type[Model]] = {
    Backup,
    CheckedLink,
    Count,
    Draft,
    Edition,
    Override,
    PendingChange,
    Presence,
    User,
    Version,
}


def number(using: str = DEFAULT_DB_ALIAS) -> int | None:
    """The edition that this connection sees; None in a table that was emptied."""
    with connections[using].cursor() as cursor:
        cursor.execute(SUM)
        return cursor.fetchone()[0]


@contextmanager
def snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Within it every query sees the database as the first one did, and the same time of day, or a page would be half
    of one edition and half of the next: by itself each query sees what is committed, and has come out, by then."""
    connection: Any = connections[using]
    connection.ensure_connection()
    mode = getattr(connection, "transaction_mode", None)
    now = moment.set(timezone.now())
    try:
        if connection.vendor == "sqlite":
            connection.transaction_mode = "DEFERRED"  # who only reads waits for no writer
        with transaction.atomic(using):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield
    finally:
        connection.transaction_mode = mode
        moment.reset(now)


def tables() -> set[str]:
    """Of all that counts."""
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
        and not model._meta.proxy
        and model._meta.app_label not in UNSEEN_APPS
        and not {model, model._meta.auto_created} & UNSEEN
    }


def missing(using: str = DEFAULT_DB_ALIAS) -> set[str]:
    """The tables whose changes nobody counts: they have no trigger, or not all of them."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(COUNTED[connection.vendor])
        counted = {table for (table,) in cursor.fetchall()}
    return tables() & set(connection.introspection.table_names()) - counted


def is_migrated(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether the table is there: not after `migrate timeline zero`."""
    return TABLE in connections[using].introspection.table_names()


def create(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Make the triggers that are missing, and the first row."""
    connection = connections[using]
    if not is_migrated(using):
        return
    with transaction.atomic(using), connection.cursor() as cursor:
        if uncounted := missing(using):
            for statement in FUNCTION[connection.vendor]:
                cursor.execute(statement)
            for table in sorted(uncounted):
                for statement in TRIGGERS[connection.vendor]:
                    cursor.execute(statement.format(table=table))
        if uncounted or number(using) is None:
            # Always another row: what changed while nobody counted is in no number yet.
            cursor.execute(f"INSERT INTO {TABLE} (number) VALUES ({STEP[connection.vendor]})")


STEP = {
    "sqlite": "1 + ABS(RANDOM() % 4294967296)",
    "postgresql": "1 + (RANDOM() * 4294967295)::bigint",
}
COUNTED = {
    "sqlite": r"SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'edition\_%' ESCAPE '\' "
    "GROUP BY tbl_name HAVING COUNT(*) = 3",
    "postgresql": "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE tgname = 'edition' AND tgenabled <> 'D' AND pg_table_is_visible(tgrelid)",
}
FUNCTION = {
    "sqlite": [],
    # A row that this transaction itself has written is not locked for it, and is written once only.
    "postgresql": [
        f"""
        CREATE OR REPLACE FUNCTION timeline_next_edition() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE free bigint;
        BEGIN
            SELECT id INTO free FROM {TABLE} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
            IF free IS NULL THEN
                INSERT INTO {TABLE} (number) VALUES ({STEP["postgresql"]});
            ELSE
                UPDATE {TABLE} SET number = number + {STEP["postgresql"]}
                WHERE id = free AND xmin <> pg_current_xact_id()::xid;
            END IF;
            RETURN NULL;
        END $$
        """
    ],
}
TRIGGERS = {
    "sqlite": [
        statement
        for event in ("insert", "update", "delete")
        for statement in (
            f'DROP TRIGGER IF EXISTS "edition_{{table}}_{event}"',
            f'CREATE TRIGGER "edition_{{table}}_{event}" AFTER {event} ON "{{table}}" '
            f"BEGIN UPDATE {TABLE} SET number = number + {STEP['sqlite']} "
            f"WHERE id = (SELECT MIN(id) FROM {TABLE}); END",
        )
    ],
    "postgresql": [
        'CREATE OR REPLACE TRIGGER edition AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{table}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION timeline_next_edition()"
    ],
}


NOTICE = 8  # bytes, random: all they say is that they are others


@cache
def notices() -> mmap.mmap:
    """The memory that all processes of the machine share through a file.

    While its bytes stay, no process of this machine has written anything. Not so: what other machines write, what comes
    by another program, and what a process wrote that was killed between its commit and its notice. Ask for that.
    """
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.VAR_DIR / "notices", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size < NOTICE:
            os.ftruncate(descriptor, NOTICE)
        return mmap.mmap(descriptor, NOTICE)
    finally:
        os.close(descriptor)


def give_notice() -> None:
    notices()[:] = os.urandom(NOTICE)


def notice_writes(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """For a new connection: after the commit of whatever it writes, the processes of this machine hear of it."""
    if notice_write not in connection.execute_wrappers:
        connection.execute_wrappers.append(notice_write)


def notice_write(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    result = execute(sql, params, many, context)
    connection = context["connection"]
    is_reading = str(sql).lstrip(" \n(").startswith(("SELECT", "BEGIN", "PRAGMA", "SET TRANSACTION"))
    if not is_reading and (connection.in_atomic_block or connection.get_autocommit()):
        connection.on_commit(give_notice, robust=True)
    return result
