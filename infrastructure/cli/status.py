"""How a deployed stack is doing, on one page."""

import json
from typing import Any

from infrastructure.cli.arrival import PREFIX
from infrastructure.cli.aws import client
from infrastructure.cli.replay import quarantined
from infrastructure.local.layout import Stack
from shared.lists.store import ListsStore

QUEUES = ("StreamFailures", "AsyncFailures")


def status(stack: Stack) -> str:
    lines = {
        "API": stack.api_url,
        "Write key": stack.write_key,
        "Secret key": "in .local (`make status` prints it)" if stack.endpoint else f"in {stack.outputs['SecretArn']}",
        "Shops loaded": ", ".join(_arrivals(stack)) or "none",
        "Model": _model(stack),
        "Training": _training(stack),
        "Quarantine": f"{len(quarantined(stack))} records",
        **{name: f"{_messages(stack, name)} messages" for name in QUEUES},
    }
    return "\n".join(f"{name:<15} {value}" for name, value in lines.items())


def _arrivals(stack: Stack) -> list[str]:
    s3, bucket = client(stack, "s3"), stack.outputs["LakeBucket"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX).get("Contents", [])]
    found = {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}
    return [
        f"{key.removeprefix(PREFIX).removesuffix('.json')} (until {facts['until'][:16]}{'' if facts['finished'] else ', unfinished'})"
        for key, facts in found.items()
    ]


def _model(stack: Stack) -> str:
    pointer, _ = ListsStore(client(stack, "dynamodb"), stack.outputs["ListsTable"]).pointer()
    return f"{pointer.current} ({len(pointer.kept)} versions kept)" if pointer.current else "none published yet"


def _training(stack: Stack) -> str:
    runs: list[dict[str, Any]] = client(stack, "stepfunctions").list_executions(
        stateMachineArn=stack.outputs["TrainingMachine"], maxResults=1
    )["executions"]
    return f"last run {runs[0]['status'].lower()}, begun {runs[0]['startDate']:%Y-%m-%d %H:%M}" if runs else "never ran"


def _messages(stack: Stack, name: str) -> int:
    answer = client(stack, "sqs").get_queue_attributes(
        QueueUrl=stack.outputs[name], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
