"""Rules every function of template.yaml keeps."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref X` reads as {"Ref": X}."""


def _tag(loader, suffix, node):
    read = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}.get(
        type(node), loader.construct_mapping
    )
    return {suffix: read(node, deep=True) if not isinstance(node, yaml.ScalarNode) else read(node)}


Loader.add_multi_constructor("!", _tag)
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text(), Loader)
RESOURCES = TEMPLATE["Resources"]
FUNCTIONS = {k: v["Properties"] for k, v in RESOURCES.items() if v["Type"] == "AWS::Serverless::Function"}
BUNDLES = {
    "CaptureFunction": "capture",
    "ArchiveFunction": "archive",
    "AnswersFunction": "answers",
    "ProfilesFunction": "profiles",
    "TrendsFunction": "trends",
    "RecommendFunction": "recommend",
    "ConsentFunction": "consent",
    "CatalogFunction": "catalog",
    "PlanFunction": "plan",
    "RolloutFunction": "rollout",
    "FeedFunction": "feed",
    "PrepareFunction": "prepare",
    "TrainingFunction": "training",
    "PublishFunction": "publish",
    "PrivacyApiFunction": "privacy-api",
    "PrivacyWorkerFunction": "privacy-worker",
}


def statements(properties):
    return [s for policy in properties["Policies"] for s in policy["Statement"]]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_timeout_and_a_policy_of_its_own_without_wildcards(function):
    properties = FUNCTIONS[function]
    assert "Timeout" in {**TEMPLATE["Globals"]["Function"], **properties}
    for statement in statements(properties):
        assert all("*" not in action for action in statement["Action"]), statement
        assert statement["Resource"] != "*"
    assert "Role" not in properties


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_functions_log_is_kept_for_a_limited_time(function):
    groups = [r["Properties"] for r in RESOURCES.values() if r["Type"] == "AWS::Logs::LogGroup"]
    mine = [g for g in groups if g["LogGroupName"] == {"Sub": f"/aws/lambda/${{{function}}}"}]
    assert mine and "RetentionInDays" in mine[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_nobody_waits_for_has_a_failure_destination(function):
    properties = FUNCTIONS[function]
    for source in properties.get("Events", {}).values():
        if source["Type"] == "Kinesis":
            assert source["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
            assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert source["Properties"]["MaximumRetryAttempts"] >= 1
        elif source["Type"] != "HttpApi":
            assert properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_has_a_sample_event(function):
    assert (ROOT / "events" / f"{BUNDLES[function]}.json").exists()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_handler_exists(function):
    module, _, handler = FUNCTIONS[function]["Handler"].rpartition(".")
    assert f"def {handler}(" in (ROOT / (module.replace(".", "/") + ".py")).read_text()


@pytest.mark.parametrize("name", [k for k, v in RESOURCES.items() if v["Type"] == "AWS::DynamoDB::Table"])
def test_every_table_is_kept_encrypted_restorable_and_paid_by_use(name):
    resource = RESOURCES[name]
    properties = resource["Properties"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEEnabled"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["TimeToLiveSpecification"]["Enabled"]


@pytest.mark.parametrize("name", [k for k, v in RESOURCES.items() if v["Type"] == "AWS::S3::Bucket"])
def test_every_bucket_is_kept_private_encrypted_versioned_and_tidied(name):
    resource = RESOURCES[name]
    properties = resource["Properties"]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["BucketEncryption"] and properties["LifecycleConfiguration"]["Rules"]
    assert properties["VersioningConfiguration"]["Status"] == "Enabled"
