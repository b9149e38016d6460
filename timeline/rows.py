"""The rows of the database as lines of JSON, on SQLite and PostgreSQL alike.

Models are those of the migrations that the rows are from, not those of the code: so what an older version has written
is read as it was, and newer migrations then change it.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models import Field, Model

BATCH = 200  # rows
Migration = tuple[str, str]  # of an app, and its name


class Unknown(Exception):
    """Migrations that this version of the site does not have."""


def newest_migrations() -> list[Migration]:
    """Those to which the database was migrated; raises Unknown."""
    loader = MigrationLoader(connection)
    applied = {key for key in loader.applied_migrations if key[0] in loader.migrated_apps}
    if unknown := applied - loader.disk_migrations.keys():
        raise Unknown(", ".join(".".join(key) for key in sorted(unknown)))
    applied &= loader.graph.nodes.keys()  # without those that others have replaced
    return sorted(
        key
        for key in applied
        if not any(child.key[0] == key[0] and child.key in applied for child in loader.graph.node_map[key].children)
    )


def models(migrations: Iterable[Migration]) -> dict[str, type[Model]]:
    """By label, as they are after `migrations`; raises Unknown."""
    loader = MigrationLoader(None)  # of the code
    wanted = list(migrations)
    if unknown := set(wanted) - loader.graph.nodes.keys():
        raise Unknown(", ".join(".".join(key) for key in sorted(unknown)))
    found = loader.project_state(wanted).apps.get_models(include_auto_created=True)
    return {
        model._meta.label_lower: model
        for model in sorted(found, key=lambda model: model._meta.label_lower)
        if model._meta.managed and not model._meta.proxy
    }


def fields(model: type[Model]) -> list[Field]:
    return [field for field in model._meta.local_concrete_fields if not field.generated]


def lines(model: type[Model]) -> Iterator[bytes]:
    """A row each, in the order of fields()."""
    names = [field.attname for field in fields(model)]
    rows = model._base_manager.order_by("pk").values_list(*names)
    for row in rows.iterator(chunk_size=BATCH):
        yield json.dumps(row, default=plain, ensure_ascii=False).encode() + b"\n"


def plain(value: Any) -> str:
    """What the field's to_python reads again."""
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else str(value)


def make_tables(migrations: list[Migration]) -> None:
    """As they are after `migrations`, without any row, in a database without tables."""
    MigrationExecutor(connection).migrate(migrations)
    connection.check_constraints()  # nothing may be pending where rows are to go
    tables = [model._meta.db_table for model in models(migrations).values()]
    flush = connection.ops.sql_flush(no_style(), tables)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in flush:
            cursor.execute(statement)


def load(model: type[Model], names: list[str], rows: Iterable[bytes]) -> None:
    """Fill an empty table with lines(); `names` are those of its fields. In a transaction: keys are checked last."""
    known = {field.attname: field for field in fields(model)}
    columns = [known[name] for name in names]
    quote = connection.ops.quote_name
    statement = "INSERT INTO {} ({}) VALUES ({})".format(
        quote(model._meta.db_table),
        ", ".join(quote(str(field.column)) for field in columns),
        ", ".join(["%s"] * len(columns)),
    )
    read = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(read, BATCH)):
            cursor.executemany(
                statement,
                [
                    [stored(field, value) for field, value in zip(columns, json.loads(row), strict=True)]
                    for row in batch
                ],
            )


def stored(field: Field, value: Any) -> Any:
    """None in a column that may not be NULL is the null of JSON."""
    if value is None and field.null:
        return None
    return field.get_db_prep_value(field.to_python(value), connection)


def finish(loaded: Iterable[type[Model]]) -> None:
    """Let new rows count on from the last ones, in the transaction in which they were loaded."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(loaded)):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            # Keys are checked now: migrations that follow have no transaction of their own, and alter no table on
            # which a check is pending.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
