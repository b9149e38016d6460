"""The site as in production, as processes of this machine: `manage.py serve` and db_worker, started, killed, ended."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from secrets import token_hex

from deploy.local import free_port

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60
SECONDS_TO_STOP = 40


def environment(folder: Path, database: str, **more: str) -> dict[str, str]:
    """Of a machine whose files are in `folder`."""
    folder.mkdir(exist_ok=True)
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "timeline.settings",
        "DEBUG": "0",
        "SECRET_KEY": token_hex(32),
        "ALLOWED_HOSTS": "127.0.0.1",
        "VAR_DIR": str(folder),
        "DATABASE_URL": database,
        "DATABASE_POOL": "4",
        "LOG_LEVEL": "ERROR",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def run(*command: str, env: dict[str, str]) -> None:
    """A command of Python; RuntimeError, with what it wrote, where it fails."""
    ended = subprocess.run([sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)}: {ended.stdout}{ended.stderr}")


class Process:
    """One that goes on until it is told to end; what it writes is in a file."""

    def __init__(self, name: str, command: list[str], env: dict[str, str]) -> None:
        self.name, self.command, self.env = name, command, env
        self.log = Path(env["VAR_DIR"], f"{name}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: int) -> None:
        """To it and all that it has started."""
        if self.process and self.is_running():
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """As if the power failed."""
        self.send(9)
        if self.process:
            self.process.wait()

    def end(self) -> None:
        """What it has begun, it finishes."""
        if self.process and self.is_running():
            self.process.terminate()
            try:
                self.process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self.kill()

    def told(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]


class Web(Process):
    """A node of the site with `workers` processes."""

    def __init__(self, name: str, env: dict[str, str], workers: int) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"GRANIAN_PORT": str(self.port), "GRANIAN_WORKERS": str(workers), "GRANIAN_RESPAWN_INTERVAL": "2"}
        super().__init__(name, [sys.executable, "manage.py", "serve"], env | own)

    def start(self) -> None:
        """RuntimeError where it does not answer."""
        super().start()
        deadline = time.monotonic() + SECONDS_TO_START
        while self.is_running() and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not start: {self.told()}")

    def seconds_used(self) -> list[float]:
        """Of processors, by each process that answers."""
        assert self.process
        ticks = os.sysconf("SC_CLK_TCK")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        spent = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13] for child in children]
        return [sum(map(int, each)) / ticks for each in spent]
