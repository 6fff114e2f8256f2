"""What is shipped to AWS: built for its platform, complete, and small enough for Lambda."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAMBDA_LIMIT = 250 * 2**20
AARCH64 = 0xB7
BUNDLES = {
    "CaptureFunction": "capture",
    "RecommendFunction": "recommend",
    "ProfilesFunction": "profiles",
    "TrainingFunction": "training",
    "PublishFunction": "training",
    "PrivacyApiFunction": "privacy",
    "PrivacyWorkerFunction": "privacy",
}
LIGHT = ["CaptureFunction", "RecommendFunction", "PrivacyApiFunction"]
WITHOUT_NUMPY = ["PrivacyWorkerFunction"]


@pytest.fixture(scope="module", params=BUNDLES)
def built(request, tmp_path_factory):
    """Logical id of a function, and the folder that `sam build` would zip for AWS."""
    folder = tmp_path_factory.mktemp(request.param)
    target = ["BUILD_PLATFORM=aarch64-manylinux_2_28", "BUILD_PYTHON=3.13", f"ARTIFACTS_DIR={folder}"]
    command = ["make", "-s", f"build-{request.param}", *target]
    run = subprocess.run(command, cwd=ROOT / "functions", capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return request.param, folder


def machine(library):
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF", library
    return int.from_bytes(header[18:20], "little")


def test_a_bundle_fits_lambda_and_its_libraries_are_built_for_it(built):
    function, folder = built
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    assert size < LAMBDA_LIMIT, f"{function}: {size / 2**20:.0f} MB"
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


def test_what_serves_shoppers_ships_no_models(built):
    function, folder = built
    heavy = {"numpy", "scipy", "implicit", "duckdb"} & {path.name for path in folder.iterdir()}
    if function in LIGHT:
        assert (
            not heavy
            and not (folder / "shared" / "models").exists()
            and not (folder / "shared" / "evaluation").exists()
        )
    else:
        assert ("numpy" in heavy) == (function not in WITHOUT_NUMPY)
