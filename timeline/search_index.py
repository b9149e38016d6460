"""What SQLite and PostgreSQL do differently: their index of the terms of each entry, and how one asks it.

The index is made after every migrate, because Django remakes a table of SQLite to alter it, and the triggers on it
vanish. Both kinds follow the table of entries by themselves.
"""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.models import BigAutoField, F, Func, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.lookups import In

from timeline.models import Entry
from timeline.terms import STEM, Clause, Query

TABLE = Entry._meta.db_table
COLUMNS = ("title_terms", "name_terms", "text_terms")
FTS = "timeline_search"
TRIGGERS = ("timeline_search_insert", "timeline_search_update", "timeline_search_delete")
GIN = "timeline_entry_terms"
GIN_TITLE = "timeline_entry_title"


def create(using: str = DEFAULT_DB_ALIAS, **kwargs: object) -> None:
    """Make the index if it is not there or not whole, and fill it from the entries."""
    if not is_migrated(using) or exists(using):
        return
    vendor = connections[using].vendor
    with transaction.atomic(using), connections[using].cursor() as cursor:
        for statement in SQLITE if vendor == "sqlite" else POSTGRESQL:
            cursor.execute(statement)


def is_migrated(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether the table of the entries is there: not after `migrate timeline zero`."""
    return TABLE in connections[using].introspection.table_names()


def exists(using: str = DEFAULT_DB_ALIAS) -> bool:
    vendor = connections[using].vendor
    with connections[using].cursor() as cursor:
        if vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE name IN (%s, %s, %s, %s)", (FTS, *TRIGGERS))
        else:
            cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname IN (%s, %s)", [GIN, GIN_TITLE])
        return len(cursor.fetchall()) == (1 + len(TRIGGERS) if vendor == "sqlite" else 2)


def expression(query: Query, *, in_title: bool = False) -> str:
    """What the index is asked for what matches; with `in_title` all of that stands in the title."""
    if connection.vendor == "sqlite":
        return f"{{title_terms}} : ({_sqlite_expression(query)})" if in_title else _sqlite_expression(query)
    return _postgresql_expression(query)


def matching(
    wanted: Any, among: QuerySet[Any, Any] | None = None, *, in_title: bool = False, has_phrase: bool = False
) -> Q:
    """The condition that an entry matches, and is `among` these (primary keys).

    `wanted` is an expression(), or stands for one; the others are what is known of it.
    """
    is_among = Q() if among is None else Q(pk__in=among)
    if connection.vendor == "sqlite":
        keys = RawSQL(f"SELECT rowid FROM {FTS} WHERE {FTS} MATCH %s", [wanted])
        # With “+” SQLite does not begin with these: it would look at each entry that has a common word to find the
        # newest of them, where it can walk the newest entries until it has enough that match.
        key = Func(F("pk"), template="+%(expressions)s", output_field=BigAutoField())
        return is_among & Q(In(key, keys))
    column = "terms_of_title" if in_title else "terms"
    found, parameters = f"SELECT id FROM {TABLE} WHERE {column} @@ %s::tsquery", (wanted,)
    # Of two conditions PostgreSQL takes the other one for rare, and reads the long vectors of some thousand entries
    # instead of this index. But of phrases the index does not know the order of words: there it is right.
    if among is not None and not has_phrase:
        own, more = among.query.sql_with_params()
        return Q(pk__in=RawSQL(f"{found} INTERSECT {own}", parameters + more))
    return is_among & Q(pk__in=RawSQL(found, parameters))


def ranks(query: Query, keys: Iterable[int]) -> dict[int, float]:
    """How well each of these entries matches: the higher, the better. One query."""
    keys = list(keys)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # bm25() is the lower, the better. Without "+" SQLite would ask the index anew for each key.
            cursor.execute(
                f"SELECT rowid, -bm25({FTS}, 10, 5, 1) FROM {FTS} "
                f"WHERE {FTS} MATCH %s AND +rowid IN (SELECT value FROM json_each(%s))",
                [expression(query), str(keys)],
            )
        else:
            cursor.execute(
                f"SELECT id, ts_rank('{{0.1, 0.1, 0.5, 1}}', terms, %s::tsquery, 1) FROM {TABLE} WHERE id = ANY(%s)",
                [expression(query), keys],
            )
        return dict(cursor.fetchall())


# Terms are ASCII letters and digits: nothing in them can end a string of either language.


def _sqlite_expression(query: Query) -> str:
    def one(clause: Clause) -> str:
        goes_on = " *" if clause.is_prefix else ""
        ways = [f'"{" ".join(clause.words)}"{goes_on}']
        if clause.joined:
            ways.append(f'"{clause.joined}"{goes_on}')
        if clause.stem:
            ways.append(f'"{STEM}{clause.stem}"')
        return f"({' OR '.join(ways)})"

    return _joined(query, one, " AND ", " NOT ")


def _postgresql_expression(query: Query) -> str:
    def one(clause: Clause) -> str:
        goes_on = ":*" if clause.is_prefix else ""
        ways = [" <-> ".join(f"'{word}'" for word in clause.words) + goes_on]
        if clause.joined:
            ways.append(f"'{clause.joined}'{goes_on}")
        if clause.stem:
            ways.append(f"'{STEM}{clause.stem}'")
        return f"({' | '.join(ways)})"

    return _joined(query, one, " & ", " & !")


def _joined(query: Query, one: Callable[[Clause], str], both: str, but_not: str) -> str:
    wanted = both.join(map(one, query.clauses))
    return f"({wanted})" + "".join(but_not + one(clause) for clause in query.excluded)


# Weights of ts_rank: A for the title, B for names, D for the text.
_VECTOR = " || ".join(
    f"setweight(to_tsvector('simple', {column}), '{label}')" for column, label in zip(COLUMNS, "ABD", strict=True)
)
POSTGRESQL = [
    f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS terms tsvector GENERATED ALWAYS AS ({_VECTOR}) STORED",
    f"CREATE INDEX IF NOT EXISTS {GIN} ON {TABLE} USING gin (terms)",
    # Short and apart: to ask `terms` for its label A would read all of the long ones.
    f"ALTER TABLE {TABLE} ADD COLUMN IF NOT EXISTS terms_of_title tsvector "
    "GENERATED ALWAYS AS (to_tsvector('simple', title_terms)) STORED",
    f"CREATE INDEX IF NOT EXISTS {GIN_TITLE} ON {TABLE} USING gin (terms_of_title)",
    # Without statistics the planner takes these indexes; with them it often reads the long vectors instead, and does
    # not know how dear that is.
    f"ALTER TABLE {TABLE} ALTER COLUMN terms SET STATISTICS 0, ALTER COLUMN terms_of_title SET STATISTICS 0",
]

_NAMES = ", ".join(COLUMNS)
_NEW = ", ".join(f"new.{name}" for name in COLUMNS)
_OLD = ", ".join(f"old.{name}" for name in COLUMNS)
_OPTIONS = f"content='{TABLE}', content_rowid='id', tokenize='ascii', prefix='2 3'"
_INSERT = f"INSERT INTO {FTS}(rowid, {_NAMES}) VALUES (new.id, {_NEW});"
_DELETE = f"INSERT INTO {FTS}({FTS}, rowid, {_NAMES}) VALUES ('delete', old.id, {_OLD});"
SQLITE = [
    *(f"DROP TRIGGER IF EXISTS {trigger}" for trigger in TRIGGERS),
    f"DROP TABLE IF EXISTS {FTS}",
    f"CREATE VIRTUAL TABLE {FTS} USING fts5({_NAMES}, {_OPTIONS})",
    f"CREATE TRIGGER {TRIGGERS[0]} AFTER INSERT ON {TABLE} BEGIN {_INSERT} END",
    f"CREATE TRIGGER {TRIGGERS[1]} AFTER UPDATE OF {_NAMES} ON {TABLE} BEGIN {_DELETE} {_INSERT} END",
    f"CREATE TRIGGER {TRIGGERS[2]} AFTER DELETE ON {TABLE} BEGIN {_DELETE} END",
    f"INSERT INTO {FTS}({FTS}) VALUES ('rebuild')",
]
