"""The part of the stack that only AWS has: what it may do, and that tests run the Spark it runs."""

import yaml

from shared.config import PrepareSettings
from tests.architecture.test_template import RESOURCES, ROOT, Loader

SPARK = yaml.load((ROOT / "infrastructure/spark.yaml").read_text(), Loader)["Resources"]
APPLICATION = SPARK["Application"]["Properties"]
RELEASES = {"emr-7.9.0": "3.5.5"}  # of Spark, as AWS's release notes say


def test_the_local_stack_has_no_spark():
    assert RESOURCES["Spark"]["Condition"] == "IsAws"


def test_tests_run_the_version_of_spark_that_the_release_has():
    assert f"pyspark=={RELEASES[APPLICATION['ReleaseLabel']]}\n" in (ROOT / "requirements/spark.txt").read_text()


def test_the_application_stops_by_itself_and_cannot_grow_without_end():
    assert APPLICATION["AutoStopConfiguration"]["Enabled"] and APPLICATION["MaximumCapacity"]
    assert "InitialCapacity" not in APPLICATION


def test_job_and_state_machine_may_do_what_they_must_and_no_more():
    for name in ("Role", "MachinePolicy"):
        properties = SPARK[name]["Properties"]
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [properties])]
        for statement in (s for document in documents for s in document["Statement"]):
            assert all("*" not in action for action in statement["Action"]) and statement["Resource"] != "*"
    writes = [
        s
        for s in SPARK["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        if "s3:PutObject" in s["Action"]
    ]
    assert [s["Resource"]["Sub"].endswith("/runs/*") for s in writes] == [True]


def test_the_driver_is_told_every_setting_it_cannot_do_without():
    properties = APPLICATION["RuntimeConfiguration"][0]["Properties"]
    told = {name.rpartition(".")[2] for name in properties if "driverEnv" in name}
    needed = {name.upper() for name in PrepareSettings.__dataclass_fields__} - {"SPARK_FROM", "SPARK_APPLICATION"}
    assert needed <= told
