"""Imports point one way, and what serves shoppers stays light."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted([*ROOT.glob("functions/**/*.py"), *ROOT.glob("shared/**/*.py")])
SCIENCE = {"numpy", "scipy", "pandas", "sklearn", "implicit", "duckdb", "pyarrow", "polars", "lightgbm", "optuna"}
TECHNICAL = {"shared.clients", "shared.config", "shared.observability"}
LIGHT = [
    "functions.capture.handler",
    "functions.archive.handler",
    "functions.answers.handler",
    "functions.recommend.handler",
    "functions.consent.handler",
    "functions.plan.handler",
    "functions.plan.rollouts",
    "functions.privacy.api",
]
SERVING_PARTS = ("capture", "consent", "events", "identity", "profiles", "recommend", "lists", "catalog", "trends")


def imports(path):
    """(module, only for type checking) of every import in a file."""
    tree = ast.parse(path.read_text())
    guarded = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node in guarded) for alias in node.names)


def name(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_import_shared_and_never_each_other(path):
    own = ".".join(path.relative_to(ROOT).parts[:2])
    for module, _ in imports(path):
        assert path.is_relative_to(ROOT / "functions") or not module.startswith("functions."), module
        if module.startswith("functions."):
            assert module.startswith(own), f"{name(path)} imports {module} of another bundle"


@pytest.mark.parametrize("path", sorted(ROOT.glob("shared/**/*.py")), ids=name)
def test_only_config_reads_the_environment_and_only_clients_make_clients(path):
    tree = ast.parse(path.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if path.name != "config.py":
        assert not {"environ", "getenv"} & names
    if path.name != "clients.py":
        assert not any(module.split(".")[0] == "boto3" for module, typing in imports(path) if not typing)
    if path.parent.name != "shared":
        assert not {module for module, _ in imports(path) for technical in TECHNICAL if module.startswith(technical)}


@pytest.mark.parametrize("path", sorted(ROOT.glob("shared/**/*.py")), ids=name)
def test_pure_modules_ask_nobody_for_the_time(path):
    text = path.read_text()
    asked = [call for call in ("datetime.now(", "time.time(", "utcnow(", "uuid4(", "date.today(") if call in text]
    assert not asked, f"{name(path)} should be handed the time or the id: {asked}"


@pytest.mark.parametrize("module", LIGHT)
def test_what_serves_shoppers_never_loads_the_science_stack(module):
    env = {
        **os.environ,
        **dict.fromkeys(
            [
                "STREAM",
                "WRITE_KEY",
                "SECRET_ARN",
                "IDENTITY_KEY_ARN",
                "LAKE_BUCKET",
                "SHOPPERS_TABLE",
                "LISTS_TABLE",
                "CATALOG_TABLE",
                "PLANS_TABLE",
                "MODELS_BUCKET",
                "IDENTITY_TABLE",
                "IDENTITY_KEY_ARN",
                "PRIVACY_KEY_ARN",
                "PRIVACY_MACHINE",
                "LOG_GROUP",
            ],
            "x",
        ),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not (SCIENCE | {"pydantic", "shared.models"}) & set(run.stdout.split())
