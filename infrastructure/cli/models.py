"""Train, list and roll back models."""

import json
import time
from typing import Any

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack
from shared.lists.store import ListsStore

STEPS = {
    "Prepare": "reading the lake",
    "Train": "training",
    "Evaluate": "measuring on unseen days",
    "Publish": "publishing",
}


def train(stack: Stack) -> dict[str, Any]:
    """Run the training state machine and follow it. Returns the run's metrics. Raises LocalStackError with the reason if it failed."""
    machine = client(stack, "stepfunctions")
    began = time.monotonic()
    execution = machine.start_execution(stateMachineArn=stack.outputs["TrainingMachine"], input="{}")["executionArn"]
    told: set[str] = set()
    while (described := machine.describe_execution(executionArn=execution))["status"] == "RUNNING":
        _tell(machine, execution, told, began)
        time.sleep(0.5)
    _tell(machine, execution, told, began)
    if described["status"] != "SUCCEEDED":
        raise LocalStackError(
            f"Training {described['status'].lower()}: {described.get('error', '')} {described.get('cause', '')}"[:2000]
        )
    output = json.loads(described["output"])
    if "error" in output:
        raise LocalStackError(f"There is not enough data to train on: {output['error'].get('Cause', '')}")
    if "kept" not in output:
        raise LocalStackError("The new version was not published:\n  " + "\n  ".join(output.get("reasons", [])))
    return metrics(stack, output["version"])


def _tell(machine: Any, execution: str, told: set[str], began: float) -> None:
    for event in machine.get_execution_history(executionArn=execution)["events"]:
        name = event.get("stateEnteredEventDetails", {}).get("name", "")
        if name in STEPS and name not in told:
            told.add(name)
            print(f"  {time.monotonic() - began:5.1f} s  {STEPS[name]} …", flush=True)


def metrics(stack: Stack, version: str) -> dict[str, Any]:
    found = client(stack, "s3").get_object(Bucket=stack.outputs["ModelsBucket"], Key=f"models/{version}/metrics.json")
    return dict(json.loads(found["Body"].read()))


def table(run: dict[str, Any]) -> str:
    names = list(run["metrics"])
    lines = [f"{'':<24}" + "".join(f"{name:>14}" for name in names)]
    for metric in run["metrics"]["model"]["means"]:
        values = (run["metrics"][name]["means"].get(metric, 0.0) for name in names)
        lines.append(f"{metric:<24}" + "".join(f"{value:14.4f}" for value in values))
    return "\n".join(lines)


def versions(stack: Stack) -> str:
    pointer, _ = ListsStore(client(stack, "dynamodb"), stack.outputs["ListsTable"]).pointer()
    rows = []
    for version in pointer.kept:
        means = metrics(stack, version)["metrics"]["model"]["means"]
        rows.append(
            f"{'*' if version == pointer.current else ' '} {version}  ndcg@20 {means.get('ndcg@20 with repeats', 0):.4f}"
        )
    return "\n".join(rows) or "No model has been published yet. `make train` trains one."


def rollback(stack: Stack, version: str) -> str:
    payload = json.dumps({"step": "rollback", "version": version}).encode()
    answer = client(stack, "lambda").invoke(FunctionName=stack.outputs["PublishFunction"], Payload=payload)
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalStackError(body.get("errorMessage", str(body)))
    return f"Version {body['version']} is current now. Answers follow within 5 seconds."
