"""What is shipped to AWS: built for its platform, complete, and small enough for Lambda."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAMBDA_LIMIT = 250 * 2**20
ROOM = 0.95  # of the limit, so that one more release of a library still fits
AARCH64 = 0xB7
BUNDLES = {
    "CaptureFunction": "capture",
    "RecommendFunction": "recommend",
    "ConsentFunction": "consent",
    "PlanFunction": "plan",
    "RolloutFunction": "plan",
    "ProfilesFunction": "profiles",
    "PrepareFunction": "prepare",
    "TrainingFunction": "training",
    "PublishFunction": "training",
    "PrivacyApiFunction": "privacy",
    "PrivacyWorkerFunction": "privacy",
}
LIGHT = [
    "CaptureFunction",
    "RecommendFunction",
    "ConsentFunction",
    "PlanFunction",
    "RolloutFunction",
    "PrivacyApiFunction",
]
WITHOUT_NUMPY = ["PrivacyWorkerFunction"]


@pytest.fixture(scope="module", params=BUNDLES)
def built(request, tmp_path_factory):
    """Logical id of a function, and the folder that `sam build` would zip for AWS."""
    folder = tmp_path_factory.mktemp(request.param)
    build(request.param, folder, "aarch64", "3.13")
    return request.param, folder


def build(function, folder, processor, python):
    target = [f"BUILD_PLATFORM={processor}-manylinux_2_28", f"BUILD_PYTHON={python}", f"ARTIFACTS_DIR={folder}"]
    command = ["make", "-s", f"build-{function}", *target]
    run = subprocess.run(command, cwd=ROOT / "functions", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def machine(library):
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF", library
    return int.from_bytes(header[18:20], "little")


def test_a_bundle_fits_lambda_and_its_libraries_are_built_for_it(built):
    function, folder = built
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert size < LAMBDA_LIMIT * ROOM, f"{function}: {size / 2**20:.0f} MB"
    libraries = [file for file in folder.rglob("*.so*") if file.is_file()]
    assert libraries and {machine(library) for library in libraries} == {AARCH64}
    assert not [lib for lib in libraries if "cpython-" in lib.name and "cpython-313" not in lib.name]


def test_a_bundle_holds_its_handlers_and_the_shared_modules_and_nothing_of_the_others(built):
    function, folder = built
    assert [path.name for path in (folder / "functions").iterdir()] == [BUNDLES[function]]
    assert (folder / "shared" / "errors.py").exists()
    assert not (folder / "boto3").exists() and not (folder / "botocore").exists()
    names = {path.name for path in folder.rglob("*")}
    assert not {".venv", ".local", ".git", "tests"} & names


DATA = """
import numpy as np
from shared.models.interactions import Interactions
n = 600
number = np.arange(n)
data = Interactions(np.array(["a", "b"]), number.astype(np.uint64), number.astype(np.int32), (number % 2).astype(np.int32), number * 1.0,
    np.full(n, 3, np.int8), number.astype(np.int32), number.astype(np.int32), np.ones(n, np.float32), np.full(n, ""))
"""
PREPARES = """
import duckdb, shared.models.doctor, shared.models.prepare
from shared.models.impute import impute
from shared.models.people import People
words = np.where(number < 300, np.where(number % 2 == 0, "f", "m"), "")
people = People(words, words, np.where(number < 300, 1950.0 + number % 2 * 40, np.nan), *(np.full(n, ""),) * 3)
from shared.models.clicks import fresh, learned
from shared.models.impressions import Impressions
seen = Impressions(data.at, number.astype(np.uint64), np.full(n, "a"), np.full(n, "home"), np.ones(n, np.int16), number % 3 == 0, number)
assert learned(fresh(), seen, {})[0].seen == n
import shared.experiments.analysis.mixed, shared.experiments.analysis.rows
from shared.experiments.analysis.split import check
assert not check(("a", "b"), (600, 400), (1, 1)).fine
duckdb.connect().execute("SELECT 1")
assert "trees" in {row.imputer for row in impute(data, people, {"a": ("A", "", 1.0), "b": ("B", "", 2.0)})[1]}
"""
LEARNS = """
import lightgbm, optuna, os, shared.models.train
from shared.models.fit import fit
assert fit(data, 600.0).item_factors.shape[1]
rows = np.random.default_rng(1).random((n, 3))
sets = lightgbm.Dataset(rows, (rows[:, 0] > 0.5) * 1, group=[20] * 30)
ranker = lightgbm.train({"objective": "lambdarank", "verbose": -1, "seed": 1}, sets, 5)
assert np.corrcoef(ranker.predict(rows), rows[:, 0])[0, 1] > 0.5
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1), pruner=optuna.pruners.MedianPruner())
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), 15)
assert study.best_value < 0.5
loaded = open("/proc/self/maps").read()
assert os.path.realpath("lib/libgomp.so.1") in loaded, "libgomp is not the bundle's"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="wheels are for Linux")
@pytest.mark.parametrize(("function", "does"), [("PrepareFunction", PREPARES), ("TrainingFunction", LEARNS)])
def test_what_is_left_out_of_the_bundles_of_training_is_never_missed(tmp_path, function, does):
    build(function, tmp_path, platform.machine(), f"{sys.version_info.major}.{sys.version_info.minor}")
    alone = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "LD_LIBRARY_PATH": f"{tmp_path}/lib"}
    run = subprocess.run(
        [sys.executable, "-S", "-c", DATA + does], cwd=tmp_path, env=alone, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_each_half_of_training_ships_only_what_it_needs(built):
    function, folder = built
    there = {path.name for path in folder.iterdir()}
    if function == "PrepareFunction":
        assert not {"implicit", "lightgbm", "optuna"} & there
    if function == "TrainingFunction":
        assert not {"duckdb", "sklearn", "sqlalchemy"} & there and (folder / "code-version").read_text().strip()


def test_what_serves_shoppers_ships_no_models(built):
    function, folder = built
    heavy = {"numpy", "scipy", "sklearn", "implicit", "duckdb", "lightgbm", "optuna"} & {
        path.name for path in folder.iterdir()
    }
    if function in LIGHT:
        assert (
            not heavy
            and not (folder / "shared" / "models").exists()
            and not (folder / "shared" / "evaluation").exists()
            and not (folder / "shared" / "experiments" / "analysis").exists()
        )
    else:
        assert ("numpy" in heavy) == (function not in WITHOUT_NUMPY)
