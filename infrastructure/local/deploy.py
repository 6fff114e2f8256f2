"""sam build and sam deploy of our template to the running emulator; the same template as on AWS."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infrastructure.local import control
from infrastructure.local.layout import ARCH, ROOT, Layout, LocalStackError, Stack

SOURCES = ("functions", "shared", "infrastructure", "template.yaml")
SAM = str(Path(sys.executable).parent / "sam")
STACK = "shopwindow"


def deploy(layout: Layout, *, cache: bool = False) -> Stack:
    """Build what changed, deploy, and write down where everything is."""
    if not control.healthy(layout):
        raise LocalStackError("The local stack does not run. `make up` starts it.")
    build()
    parameters = [f"Stage=local Arch={ARCH} SnapStart=on UseCache={str(cache).lower()} StreamShards=2"]
    _sam(
        ["deploy", "--stack-name", STACK, "--resolve-s3", "--template-file", str(built() / "template.yaml")]
        + [
            "--capabilities",
            "CAPABILITY_IAM",
            "CAPABILITY_AUTO_EXPAND",
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
        ]
        + ["--parameter-overrides", *parameters],
        layout,
    )
    stack = facts(layout)
    layout.facts.write_text(json.dumps(asdict(stack), indent=2))
    return stack


def built() -> Path:
    return ROOT / ".aws-sam" / "local"


def build() -> None:
    """Skipped when nothing that goes into a function changed since the last build."""
    stamp, digest = built() / "sources", _digest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    _sam(
        ["build", "--build-in-source", "--build-dir", str(built()), "--cache-dir", str(ROOT / ".aws-sam" / "cache")]
        + ["--parameter-overrides", f"Stage=local Arch={ARCH}"],
        Layout.from_env(),
        BUILD_ARCH=ARCH,
        BUILD_PYTHON=f"{sys.version_info.major}.{sys.version_info.minor}",
    )
    stamp.write_text(digest)


def _digest() -> str:
    total = hashlib.sha256(f"{sys.version} {ARCH}".encode())
    for source in SOURCES:
        files = [ROOT / source] if (ROOT / source).is_file() else sorted((ROOT / source).rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return total.hexdigest()


def _sam(arguments: list[str], layout: Layout, **env: str) -> None:
    run = subprocess.run(
        [SAM, *arguments],
        cwd=ROOT,
        env={**layout.aws_env(), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise LocalStackError(f"`sam {arguments[0]}` failed:\n{(run.stdout + run.stderr)[-6000:]}")


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
