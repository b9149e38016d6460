"""Two benchmarks, or two models, that are one become one row."""

from typing import TypeVar

from django.db import transaction

from boards.models import Benchmark, MeasuredModel
from timeline.history import record
from timeline.merging import absorb, locked
from timeline.models import User

Row = TypeVar("Row", Benchmark, MeasuredModel)


@transaction.atomic
def merge(kept: Row, double: Row, *, editor: User | None = None) -> Row:
    """Give all that `double` has to `kept` and delete it; texts that name it mean `kept` from now on."""
    kept, double = locked(kept, double)
    record(double, "merged", editor)
    double.measurements.update(**{"benchmark" if isinstance(kept, Benchmark) else "model": kept})
    if isinstance(kept, Benchmark) and isinstance(double, Benchmark):
        kept.description = kept.description or double.description
        kept.link = kept.link or double.link
    absorb(kept, double)
    record(kept, "merged", editor)
    return kept
