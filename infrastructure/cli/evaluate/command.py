"""`shopwindow evaluate DATASET`: models tuned on the validation part of a set and measured once on its test part."""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from infrastructure.cli.api import stack
from infrastructure.cli.aws import client
from infrastructure.cli.evaluate import apart, measure
from infrastructure.cli.evaluate.apart import Outcome
from infrastructure.cli.evaluate.baselines.tuned import Tuned
from infrastructure.cli.evaluate.datasets import known, timed
from infrastructure.cli.evaluate.models import chosen, too_large
from infrastructure.cli.evaluate.page import page
from infrastructure.cli.evaluate.table import tables
from infrastructure.local.layout import LocalStackError, Stack
from shared.catalog.model import Item, top_category
from shared.catalog.store import CatalogStore
from shared.evaluation.task import Cases, Dataset, Model
from shared.models.prepare import Room
from shared.models.runs import download

LAKE = "lake"
PACKAGES = ("numpy", "scipy", "implicit")


def add(command: argparse.ArgumentParser) -> None:
    command.add_argument("dataset", choices=[*known.LOADERS, LAKE], help="`lake` is what the stack's own shoppers did")
    with_data(command)
    command.add_argument("--days", type=int, default=90, help="of the lake, its last days (default: 90)")
    command.add_argument("--json", type=Path, metavar="FILE", help="write every figure for machines")
    command.add_argument("--report", type=Path, metavar="FILE.html", help="write a page with charts")
    command.add_argument(
        "--sample", type=int, metavar="N", help="measure on a seeded sample of N cases (prefixes, or shoppers)"
    )
    command.add_argument("--models", default="", metavar="A,B", help="only these models (an unknown name lists them)")
    command.set_defaults(run=do_evaluate)


def with_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        help="folder of the set's files, or of folders named after the sets (default: $SHOPWINDOW_DATA)",
    )


def do_evaluate(args: argparse.Namespace) -> None:
    dataset = _lake(stack(args.stack_name), args.days) if args.dataset == LAKE else dataset_of(args)
    cases = dataset.test.sample(args.sample) if args.sample else dataset.test
    wanted = chosen([name for name in args.models.split(",") if name], dataset.known.task)
    outcomes = _outcomes(wanted, dataset, cases)
    baselines = [model.name for model in wanted if isinstance(model, Tuned) and model.name in outcomes]
    run = {**measure.summary(dataset, cases, outcomes, baselines), "machine": _machine()}
    print(f"\n{tables(run)}")
    _write(args, run)


def _outcomes(wanted: Sequence[Model], dataset: Dataset, cases: Cases) -> dict[str, Outcome]:
    """A model that does not fit, or whose process was killed, is left out, and said. Raises LocalStackError when none is left."""
    found = {}
    for model in wanted:
        if reason := too_large(model, len(dataset.known.train.items)):
            print(f"left out: {reason}", flush=True)
            continue
        print(f"{model.name} …", flush=True)
        try:
            found[model.name] = apart.run(model, dataset.known, cases, [mode == "repeats" for mode in dataset.modes])
        except apart.Killed as error:
            print(f"  left out: {error}", flush=True)
    if not found:
        raise LocalStackError("No model came through.")
    return found


def _write(args: argparse.Namespace, run: dict[str, Any]) -> None:
    if args.json:
        args.json.write_text(json.dumps(run, indent=1))
    if args.report:
        args.report.write_text(page(run))


def dataset_of(args: argparse.Namespace) -> Dataset:
    """The public set that is asked for. Raises LocalStackError where it is not found."""
    folder = args.data or os.environ.get("SHOPWINDOW_DATA", "")
    if not folder:
        raise LocalStackError(f"Name the folder with the files of {args.dataset} by --data or SHOPWINDOW_DATA.")
    return known.load(args.dataset, Path(folder))


def _lake(found: Stack, days: int) -> Dataset:
    items = list(CatalogStore(client(found, "dynamodb"), found.outputs["CatalogTable"]).scan())
    facts = {i.id: (top_category(i), i.brand, i.price.amount if i.price else float("nan")) for i in items}
    with tempfile.TemporaryDirectory() as scratch:
        files = download(client(found, "s3"), found.outputs["LakeBucket"], Path(scratch, LAKE), length=days)
        if not files:
            raise LocalStackError("The lake is empty: load a shop first.")
        return timed.lake(files, LAKE, facts, {i.id: _text(i) for i in items}, Room(str(Path(scratch, "duckdb"))))


def _text(item: Item) -> str:
    return f"{item.title} {item.description}"


def _machine() -> dict[str, str]:
    found = {name: version(name) for name in PACKAGES}
    return {
        "processor": f"{platform.machine()} with {os.cpu_count()} cores",
        "Python": platform.python_version(),
        **found,
    }
