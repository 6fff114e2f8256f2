"""Cold start of `recommend` against `import boto3` and a client: `python -m tests.benchmarks.cold_start [--rounds N]`.

Each start is a new process under AWS's runtime interface emulator with awslambdaric, from the start of the process to the first answer
(a request refused with 401, so that no table is read). Both take turns. Runs on the bundle that the local stack built, compiled modules included.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from infrastructure.local.layout import ARCH, ROOT, RUNTIME_PYTHON
from tests.benchmarks import stub

BASELINE = "import boto3\nclient = boto3.client('dynamodb')\ndef lambda_handler(event, context):\n    return {'statusCode': 401}\n"
EVENT = {"rawPath": "/v1/recommendations", "requestContext": {"http": {"method": "GET"}}, "headers": {}}
NAMES = (
    "SHOPPERS_TABLE",
    "LISTS_TABLE",
    "CATALOG_TABLE",
    "MODELS_BUCKET",
    "WRITE_KEY",
    "SECRET_ARN",
    "IDENTITY_KEY_ARN",
)


def emulator():
    """The runtime interface emulator that the SAM CLI carries."""
    name = f"aws-lambda-rie-{ARCH}"
    return next(Path(sys.prefix).rglob(name))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def start(rie, folder, handler, endpoint):
    """Milliseconds from starting the process to its first answer."""
    port, runtime_port = free_port(), free_port()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        **dict.fromkeys(NAMES, "x"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONPATH": str(folder),
        "LAMBDA_TASK_ROOT": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        rie,
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{runtime_port}",
    ]
    process = subprocess.Popen([*command, RUNTIME_PYTHON, "-m", "awslambdaric", handler], env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        began = time.perf_counter()
        answer = ask(port)
        took = (time.perf_counter() - began) * 1000
        assert answer["statusCode"] == 401, answer
        return took
    finally:
        process.terminate()
        process.wait(10)


def ask(port):
    url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    for _ in range(2000):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(EVENT).encode()), timeout=20) as answer:
                return json.loads(answer.read())
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.002)
    raise SystemExit("the runtime interface emulator did not start")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    built = ROOT / ".aws-sam" / "local" / "RecommendFunction"
    if not built.exists():
        raise SystemExit("Nothing is built yet: `make up` builds the functions.")
    process, endpoint = stub.start(1)  # recommend reads the pointer when it starts
    with tempfile.TemporaryDirectory() as folder:
        rie = shutil.copy(emulator(), f"{folder}/rie")
        Path(rie).chmod(0o755)
        Path(folder, "baseline.py").write_text(BASELINE)
        times = {"recommend": [], "import boto3 + client": []}
        for _ in range(args.rounds):
            times["recommend"].append(start(rie, built, "functions.recommend.handler.lambda_handler", endpoint))
            times["import boto3 + client"].append(start(rie, folder, "baseline.lambda_handler", endpoint))
    process.terminate()
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{platform.machine()}, Python {platform.python_version()}, {args.rounds} rounds\n")
    print("| | median | fastest |\n|---|--:|--:|")
    for name, values in times.items():
        print(f"| {name} | {medians[name]:.0f} ms | {min(values):.0f} ms |")
    print(f"\nRatio of medians: {medians['recommend'] / medians['import boto3 + client']:.2f}")


if __name__ == "__main__":
    main()
