"""The part of the stack that only AWS has: what it may do, and that tests run the Spark it runs."""

import yaml

from shared.config import SparkSettings
from tests.architecture.test_template import RESOURCES, ROOT, TEMPLATE, Loader

SPARK = yaml.load((ROOT / "infrastructure/spark.yaml").read_text(), Loader)["Resources"]
APPLICATION = SPARK["Application"]["Properties"]
RELEASES = {"emr-7.9.0": "3.5.5"}  # of Spark, as AWS's release notes say


def test_only_a_shop_on_aws_that_asks_for_spark_has_any_of_it():
    assert RESOURCES["Spark"]["Condition"] == "WithSpark" and TEMPLATE["Parameters"]["UseSpark"]["Default"] == "false"
    asked, on_aws = TEMPLATE["Conditions"]["WithSpark"]["And"]
    assert asked == {"Equals": [{"Ref": "UseSpark"}, "true"]} and on_aws == {"Condition": "IsAws"}
    for value in uses(TEMPLATE):
        assert value["If"][0] == "WithSpark", value


def uses(part):
    """Every `!If` of the template that has to do with the stack of Spark."""
    if isinstance(part, dict):
        if "If" in part and any(str(way).find("Spark.Outputs") >= 0 for way in part["If"][1:]):
            yield part
        else:
            assert not str(part.get("GetAtt", "")).startswith("Spark."), f"{part} stands outside a condition"
            for value in part.values():
                yield from uses(value)
    elif isinstance(part, list):
        for value in part:
            yield from uses(value)


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
    assert {name.upper() for name in SparkSettings.__dataclass_fields__} <= told
