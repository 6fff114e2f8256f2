"""Train, refresh, list and roll back models."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config

from infrastructure.cli.aws import client
from infrastructure.local.layout import LocalStackError, Stack
from shared.lists.store import ListsStore

STEPS = {
    "Prepare": "reading the lake",
    "Gather": "reading what is new in the lake",
    "Refresh": "folding it in",
    "Train": "training",
    "Evaluate": "measuring on unseen days",
    "Publish": "publishing",
}
STILL = 15.0  # seconds of silence after which a step says that it is still at work
REPORT_OPEN = 12 * 3600  # seconds the report's address is valid


class NotPublished(LocalStackError):
    """Training went well, but there is no new version: too little data, or it is worse than what there is."""


def train(stack: Stack, objective: str = "") -> dict[str, Any]:
    """Run the training state machine and follow it. Returns the run's metrics. `objective` is what to aim at, "" as the stack is set.

    Raises NotPublished with the reasons, LocalStackError if a step failed.
    """
    output = followed(stack, "TrainingMachine", {"objective": objective} if objective else {})
    if "error" in output:
        raise NotPublished(f"There is not enough data to train on: {_words(output['error'].get('Cause', ''))}")
    if not output.get("may_train", True):
        raise NotPublished(f"The data doctor stopped the training:\n{_listed(output['reasons'])}")
    if "kept" not in output:
        raise NotPublished(f"The new version was not published:\n{_listed(output.get('reasons', []))}")
    return metrics(stack, output["version"])


def refresh(stack: Stack) -> str:
    """Fold what came since the last training into the serving version. Returns the new one.

    Raises NotPublished with the reasons, LocalStackError if a step failed.
    """
    output = followed(stack, "RefreshMachine")
    if "kept" not in output:
        reasons = output.get("reasons") or ["A training was published meanwhile."]
        raise NotPublished(f"Nothing was refreshed:\n{_listed(reasons)}")
    return str(output["version"])


def doctor(stack: Stack) -> dict[str, Any]:
    """What the data doctor finds in the lake: `findings`, `reasons`, `may_train`. Nothing is trained."""
    return invoke(stack, "PrepareFunction", {"step": "doctor", "started": datetime.now(UTC).isoformat()})


def _listed(sentences: list[str]) -> str:
    return "\n".join(f"  {sentence}" for sentence in sentences)


def followed(stack: Stack, name: str, given: dict[str, str] | None = None) -> dict[str, Any]:
    """The output of an execution of a state machine, told as it goes on."""
    machine = client(stack, "stepfunctions")
    execution = machine.start_execution(stateMachineArn=stack.outputs[name], input=json.dumps(given or {}))[
        "executionArn"
    ]
    teller = Teller()
    while (described := machine.describe_execution(executionArn=execution))["status"] == "RUNNING":
        teller.tell(machine.get_execution_history(executionArn=execution)["events"])
        time.sleep(0.5)
    events = machine.get_execution_history(executionArn=execution)["events"]
    teller.tell(events)
    if described["status"] != "SUCCEEDED":
        raise LocalStackError(failure(described, teller.step))
    return dict(json.loads(described["output"]))


class Teller:
    """Says what a training run is at."""

    def __init__(self) -> None:
        self.began = self.told = time.monotonic()
        self.step = ""

    def tell(self, events: list[dict[str, Any]]) -> None:
        entered = [name for e in events if (name := e.get("stateEnteredEventDetails", {}).get("name", "")) in STEPS]
        for name in entered[entered.index(self.step) + 1 if self.step in entered else 0 :]:
            self.step = name
            self._print(f"{STEPS[name]} …")
        if self.step and time.monotonic() - self.told > STILL:
            self._print(f"still {STEPS[self.step]} …")

    def _print(self, words: str) -> None:
        self.told = time.monotonic()
        print(f"  {self.told - self.began:5.1f} s  {words}", flush=True)


def failure(described: dict[str, Any], step: str) -> str:
    """Why an execution failed, in words."""
    at = f" while {STEPS[step]}" if step in STEPS else ""
    status = {"TIMED_OUT": "took too long", "ABORTED": "was stopped"}.get(described["status"], "failed")
    reason = _words(described.get("cause", "")) or described.get("error", "no reason was given")
    return f"Training {status}{at}: {reason[:1500]}\nThe current version goes on serving. The function's log has the details (`make logs`)."


def _words(cause: str) -> str:
    """The message of a failed function, which Step Functions hands on as JSON."""
    try:
        found = json.loads(cause)
    except ValueError:
        return cause
    return str(found.get("errorMessage", cause)) if isinstance(found, dict) else cause


def metrics(stack: Stack, version: str) -> dict[str, Any]:
    found = client(stack, "s3").get_object(Bucket=stack.outputs["ModelsBucket"], Key=f"models/{version}/metrics.json")
    return dict(json.loads(found["Body"].read()))


def report(stack: Stack, version: str) -> str:
    """An address of the version's report that opens in a browser for some hours."""
    parameters = {"Bucket": stack.outputs["ModelsBucket"], "Key": f"models/{version}/report.html"}
    return str(client(stack, "s3").generate_presigned_url("get_object", Params=parameters, ExpiresIn=REPORT_OPEN))


def table(run: dict[str, Any]) -> str:
    names = list(run["metrics"])
    lines = [f"{'':<24}" + "".join(f"{name:>14}" for name in names)]
    for metric in run["metrics"]["model"]["means"]:
        values = (run["metrics"][name]["means"].get(metric, 0.0) for name in names)
        lines.append(f"{metric:<24}" + "".join(f"{value:14.4f}" for value in values))
    coverage = (run["metrics"][name].get("coverage", 0.0) for name in names)
    lines.append(f"{'catalog shown':<24}" + "".join(f"{share:14.1%}" for share in coverage))
    return "\n".join([*lines, f"{run['shoppers']} shoppers of the test days"])


def versions(stack: Stack) -> str:
    pointer, _ = ListsStore(client(stack, "dynamodb"), stack.outputs["ListsTable"]).pointer()
    rows = [_row(stack, version, version == pointer.current) for version in pointer.kept]
    kept = "\n".join(rows) or "No model has been published yet. `make train` trains one."
    told = refused(stack, pointer.kept)
    return kept + (f"\nNot published lately:\n{told}" if told else "")


def _row(stack: Stack, version: str, current: bool) -> str:
    run = metrics(stack, version)
    counts, means = run["counts"], run["metrics"]["model"]["means"]
    until = f"{_day(counts['last'])}" if counts.get("last") else "?"
    shown = "  ".join(f"{name} {means[name]:.4f}" for name in means if name.startswith(("recall@20", "ndcg@20")))
    made = _json(stack, f"models/{version}/manifest.json")
    line = f"{'*' if current else ' '} {version}  {counts['interactions']:,} interactions until {until}  {shown}"
    return line + (f"\n{_made(made)}" if made else "")


def _made(made: dict[str, Any]) -> str:
    """What a version was made of."""
    settings = ", ".join(f"{name} {value:g}" for name, value in sorted(made["settings"].items()))
    base = f"refreshes {made['refreshes']}, " if "refreshes" in made else ""
    return (
        f"      {base}data from {_day(made['from'])} to {_day(made['until'])}, {made['items']:,} items,"
        f" code {made.get('code') or 'unknown'}, sha256 {made['sha256'][:12]}\n      {settings}"
    )


def refused(stack: Stack, kept: list[str], most: int = 5) -> str:
    """The latest trainings that published nothing, and why."""
    pages = client(stack, "s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=stack.outputs["ModelsBucket"], Prefix="runs/", Delimiter="/")
    runs = [prefix["Prefix"] for page in found for prefix in page.get("CommonPrefixes", [])]
    lines = []
    for run in sorted((run for run in runs if run.split("/")[1] not in kept), reverse=True):
        diagnosis, measured = (_json(stack, f"{run}{name}.json") for name in ("doctor", "metrics"))
        why = [
            told for told in (diagnosis, measured) if not told.get("may_train", True) or not told.get("passed", True)
        ]
        if why:
            grave = [f"  {reason}" for reason in why[0]["reasons"] if not reason.startswith("Good")]
            lines.append(f"  {run.split('/')[1]}\n{_listed(grave)}")
    return "\n".join(lines[:most])


def _json(stack: Stack, key: str) -> dict[str, Any]:
    """An object of the models bucket; {} when there is none."""
    s3 = client(stack, "s3")
    try:
        return dict(json.loads(s3.get_object(Bucket=stack.outputs["ModelsBucket"], Key=key)["Body"].read()))
    except s3.exceptions.NoSuchKey:
        return {}


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def rollback(stack: Stack, version: str) -> str:
    body = invoke(stack, "PublishFunction", {"step": "rollback", "version": version})
    return f"Version {body['version']} is current now. Answers follow within 5 seconds."


def invoke(stack: Stack, function: str, event: dict[str, Any]) -> dict[str, Any]:
    """What a function answers. Raises LocalStackError with its words when it fails."""
    waiting = Config(read_timeout=900, retries={"total_max_attempts": 1})
    name, payload = stack.outputs[function], json.dumps(event).encode()
    answer = client(stack, "lambda", waiting).invoke(FunctionName=name, Payload=payload)
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalStackError(body.get("errorMessage", str(body)))
    return dict(body)
