"""sam build and sam deploy of our template to the running emulator; the same template as on AWS."""

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infrastructure.local import control
from infrastructure.local.layout import ARCH, ROOT, Layout, LocalStackError, Stack

SOURCES = (
    "functions",
    "shared",
    "infrastructure/*.json",
    "infrastructure/*.yaml",
    "infrastructure/trim.sh",
    "template.yaml",
)
CPU = {"arm64": "aarch64", "x86_64": "x86_64"}[ARCH]
HOST = f"{CPU}-apple-darwin" if sys.platform == "darwin" else f"{CPU}-manylinux_2_28"
SAM = str(Path(sys.executable).parent / "sam")
STACK = "shopwindow"
BUILT = ROOT / ".aws-sam" / "local"


def deploy(layout: Layout, *, cache: bool = False) -> Stack:
    """Build what changed, deploy it if it is not what runs, and write down where everything is."""
    if not control.healthy(layout):
        raise LocalStackError("The local stack does not run. `make up` starts it.")
    parameters = f"Stage=local Arch={ARCH} SnapStart=on UseCache={str(cache).lower()} StreamShards=2"
    with _built(fcntl.LOCK_EX):
        digest = build()
    with _built(fcntl.LOCK_SH):
        running = layout.home / "deployed"
        if layout.facts.exists() and running.exists() and running.read_text() == digest + parameters:
            print("The stack is deployed as it is here.", flush=True)
        else:
            print("Deploying the stack (about a minute) …", flush=True)
            running.unlink(missing_ok=True)
            _sam("deploy", _deployment(parameters), layout.aws_env())
            running.write_text(digest + parameters)
    stack = facts(layout)
    layout.facts.write_text(json.dumps(asdict(stack), indent=2))
    return stack


def _deployment(parameters: str) -> list[str]:
    return [
        *("--stack-name", STACK, "--resolve-s3", "--template-file", str(BUILT / "template.yaml")),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
        *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--parameter-overrides", parameters),
    ]


def build() -> str:
    """The digest of what is built. Nothing is done when nothing that goes into a function changed since the last build."""
    stamp, digest = BUILT / "sources", _digest()
    if stamp.exists() and stamp.read_text() == digest:
        return digest
    print("Building the functions …", flush=True)
    stamp.unlink(missing_ok=True)
    target = {
        "BUILD_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
        "BUILD_PLATFORM": HOST,
        "PYTHON": sys.executable,
    }
    _sam(
        "build",
        ["--build-in-source", "--build-dir", str(BUILT), "--parameter-overrides", f"Stage=local Arch={ARCH}"],
        {**Layout.from_env().aws_env(), **target},
    )
    stamp.write_text(digest)
    return digest


def _digest() -> str:
    total = hashlib.sha256(f"{sys.version} {ARCH}".encode())
    for pattern in SOURCES:
        for source in sorted(ROOT.glob(pattern)):
            for file in [source] if source.is_file() else sorted(source.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    total.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return total.hexdigest()


@contextmanager
def _built(how: int) -> Iterator[None]:
    """Stacks share the folder of built functions: one builds at a time, and while others deploy from it none does."""
    BUILT.parent.mkdir(exist_ok=True)
    with (BUILT.parent / "lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield


def _sam(command: str, arguments: list[str], env: dict[str, str]) -> None:
    run = subprocess.run(
        [SAM, command, *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise LocalStackError(f"`sam {command}` failed:\n{(run.stdout + run.stderr)[-6000:]}")


def client(layout: Layout, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=layout.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 2}),
    )


def facts(layout: Layout) -> Stack:
    described = client(layout, "cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}
    secret = client(layout, "secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])["SecretString"]
    return Stack(
        endpoint=layout.endpoint,
        api_url=f"http://{outputs['ApiId']}.execute-api.localhost:{layout.port}",
        write_key=outputs["WriteKey"],
        secret_key=json.loads(secret)["secretKey"],
        outputs=outputs,
    )
