"""Where the local stack lives: folders, ports, and the facts of a deployed stack."""

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EMULATOR_PYTHON = ROOT / ".local" / "emulator" / "bin" / "python"
RUNTIME_PYTHON = ROOT / ".local" / "runtime" / "bin" / "python"
ARCH = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


class LocalStackError(Exception):
    """A sentence for the person at the terminal."""


@dataclass(frozen=True)
class Layout:
    """`home` keeps state, logs and facts of one stack; two stacks need two homes and two ports."""

    home: Path
    port: int
    redis_port: int

    @classmethod
    def from_env(cls) -> "Layout":
        port = int(os.environ.get("PORT", "4566"))
        home = Path(os.environ.get("SHOPWINDOW_HOME", ROOT / ".local" / "stack")).absolute()
        return cls(home, port, int(os.environ.get("REDIS_PORT", str(port + 1))))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid_file(self) -> Path:
        return self.home / "pid"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def facts(self) -> Path:
        return self.home / "stack.json"

    def env(self) -> dict[str, str]:
        """What `from_env` reads."""
        return {"SHOPWINDOW_HOME": str(self.home), "PORT": str(self.port), "REDIS_PORT": str(self.redis_port)}

    def aws_variables(self) -> dict[str, str]:
        """What makes boto3 and the SAM CLI talk to this stack and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def aws_env(self) -> dict[str, str]:
        """This process's environment, without its own AWS settings and with those of this stack."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **self.aws_variables(), "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.3"}


@dataclass(frozen=True)
class Stack:
    """A deployed stack: `outputs` of the template, the base URL of its API, and its two keys."""

    endpoint: str
    api_url: str
    write_key: str
    secret_key: str
    outputs: dict[str, str]

    @classmethod
    def load(cls, path: Path) -> "Stack":
        return cls(**json.loads(path.read_text()))
