"""What is stored is in the registry of personal data, and is kept for no longer than the registry says."""

import ast
import re

import msgspec
import pytest
import yaml

from infrastructure.cli import privacy
from shared.answers.model import Answered
from shared.events.model import Event
from shared.identity import linker
from shared.privacy import registry, requests, suppression
from shared.privacy.fields import ANSWERED, EVENT, LOG_FIELDS, STATE
from shared.privacy.registry import STORES, entry
from shared.profiles import publish, store
from shared.profiles.state import State
from shared.recommend import tables
from tests.architecture.test_template import RESOURCES, ROOT, TEMPLATE, Loader

SOURCES = sorted(
    [*ROOT.glob("functions/**/*.py"), *ROOT.glob("shared/**/*.py"), *ROOT.glob("infrastructure/cli/**/*.py")]
)
KINDS = {
    "AWS::DynamoDB::Table": "table",
    "AWS::S3::Bucket": "bucket",
    "AWS::Kinesis::Stream": "stream",
    "AWS::SQS::Queue": "queue",
    "AWS::Logs::LogGroup": "logs",
    "AWS::SecretsManager::Secret": "secret",
    "AWS::Serverless::StateMachine": "executions",
}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
# what looks like a key prefix and is none
MEDIA = ("application/", "text/", "image/")
NO_PREFIX = {"bot/"}  # names the seed of a made-up shopper
REGISTERED = {e.where for e in STORES if e.kind == "bucket"}


def parameter(value):
    """A number of the template, or the default of the parameter it refers to."""
    return TEMPLATE["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) else value


def test_every_store_of_the_template_is_registered_and_no_other():
    there = {(KINDS[r["Type"]], name) for name, r in RESOURCES.items() if r["Type"] in KINDS}
    there |= {("cache", "Cache")} if "Cache" in RESOURCES else set()
    there |= {("backup", name) for name, r in RESOURCES.items() if KINDS.get(r["Type"]) in ("table", "bucket")}
    assert {(e.kind, e.store) for e in STORES} == there


@pytest.mark.parametrize("nested", ["lake", "monitoring"])
def test_parts_with_a_template_of_their_own_store_nothing(nested):
    found = yaml.load((ROOT / "infrastructure" / f"{nested}.yaml").read_text(), Loader)["Resources"]
    assert not [name for name, r in found.items() if r["Type"] in KINDS]


def test_no_place_is_registered_twice():
    places = [(e.kind, e.store, e.where) for e in STORES]
    assert len(set(places)) == len(places)


def test_everything_personal_has_an_end_and_a_way_to_be_erased():
    for e in STORES:
        if e.personal:
            assert e.erased != "nothing to erase", e
            assert e.days or e.where in ("i#", "c#"), e  # links live as long as the person's profile


def paths(struct, prefix=""):
    """Every field, with those of structs inside."""
    for field in msgspec.structs.fields(struct):
        yield prefix + field.name
        for inner in structs_in(field.type):
            yield from paths(inner, f"{prefix}{field.name}.")


def structs_in(kind):
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [found for part in getattr(kind, "__args__", ()) for found in structs_in(part)]


@pytest.mark.parametrize(
    ("struct", "fields"), [(Event, EVENT), (State, STATE), (Answered, ANSWERED)], ids=["event", "state", "answered"]
)
def test_every_field_of_what_is_stored_of_a_person_is_registered(struct, fields):
    assert list(paths(struct)) == [field.path for field in fields]


def test_a_missing_field_would_be_noticed():
    extended = msgspec.defstruct("Extended", [("shoe_size", int, 0)], bases=(Event,), kw_only=True)
    assert set(paths(extended)) - {field.path for field in EVENT} == {"shoe_size"}


LISTS_OF_A_VERSION = {"similar#", "together#"}  # <version>#similar#… is registered as <version>#


def literals(path):
    """Texts in code, and the beginnings of formatted ones."""
    tree = ast.parse(path.read_text())
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def object_prefixes(text):
    found = re.match(r"(?:privacy/)?[a-z][a-z-]*/(?!\d)", text)
    return found.group() if found and not text.startswith(MEDIA) and " " not in text and text not in NO_PREFIX else ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_prefix_of_objects_and_items_in_code_is_registered(path):
    items = {e.where for e in STORES if e.kind == "table" and e.where.endswith("#")} | LISTS_OF_A_VERSION
    for text in literals(path):
        prefix = object_prefixes(text)
        assert not prefix or prefix in REGISTERED or any(r.startswith(prefix) for r in REGISTERED), (
            f"{prefix} is not registered"
        )
        if re.fullmatch(r"[a-z]+#", text):
            assert text in items, f"{text} is not registered"


def test_an_unregistered_prefix_would_be_noticed():
    assert object_prefixes("faces/") == "faces/" not in REGISTERED
    assert not object_prefixes("application/json") and not object_prefixes("of this / that")


def told(path):
    """Names of what code hands to the log: keywords, positional values, metadata of metrics."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = ast.unparse(node.func.value)
        if owner == "logger" and node.func.attr in LEVELS:
            yield from (k.arg or f"**{ast.unparse(k.value)}" for k in node.keywords)
            yield from (ast.unparse(value) for value in node.args[1:])
        elif owner == "logger" and node.func.attr == "append_keys":
            yield from (k.arg for k in node.keywords)
        elif owner == "metrics" and node.func.attr in ("add_metadata", "add_dimension"):
            yield ast.literal_eval(node.args[0])


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if "infrastructure" not in p.parts], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_field_of_the_logs_is_registered(path):
    assert set(told(path)) <= set(LOG_FIELDS)


def test_what_is_registered_of_logs_is_used():
    assert {name for path in SOURCES for name in told(path)} >= set(LOG_FIELDS)


def test_no_function_logs_the_event_it_is_called_with():
    assert not [path for path in SOURCES if "log_event=" in path.read_text()]


def days(seconds):
    return seconds / registry.DAY


def test_times_to_live_in_code_are_the_registered_ones():
    assert days(store.RETENTION["u"]) == entry("Shoppers", "u#").days
    assert days(store.RETENTION["a"]) == entry("Shoppers", "a#").days
    assert days(suppression.RETENTION) == entry("Identity", "x#").days
    assert days(linker.RETENTION) == entry("Identity", "i#").days == entry("Identity", "c#").days
    assert days(requests.RETENTION) == entry("Identity", "r#").days
    for letter, seconds in tables.TTL.items():
        assert days(seconds) == entry("Cache", f"{letter}:").days
    assert tables.TTL["s"] == publish.STATE_TTL


def test_kept_versions_are_the_registered_number():
    from shared.merchandising.desk import KEPT as PLANS_KEPT
    from shared.models.publish import KEPT

    assert KEPT == registry.VERSIONS_KEPT
    assert PLANS_KEPT == registry.PLANS_KEPT


def rules(bucket):
    return RESOURCES[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]


@pytest.mark.parametrize("e", [e for e in STORES if e.enforced == "lifecycle"], ids=lambda e: f"{e.store}/{e.where}")
def test_lifecycle_rules_are_the_registered_retention(e):
    if e.kind == "backup":
        found = [
            r["NoncurrentVersionExpiration"]["NoncurrentDays"]
            for r in rules(e.store)
            if "Prefix" not in r and "NoncurrentVersionExpiration" in r
        ]
    else:
        found = [
            parameter(r["ExpirationInDays"])
            for r in rules(e.store)
            if "ExpirationInDays" in r and e.where.startswith(r["Prefix"])
        ]
    assert found == [e.days]


def test_no_lifecycle_rule_ends_what_is_registered_to_stay():
    for bucket in ("Lake", "Models"):
        for rule in rules(bucket):
            if "ExpirationInDays" in rule:
                ended = [
                    e for e in STORES if e.kind == "bucket" and e.store == bucket and e.where.startswith(rule["Prefix"])
                ]
                assert ended and all(e.enforced == "lifecycle" for e in ended), rule


def test_stream_queues_and_logs_keep_as_long_as_registered():
    assert RESOURCES["Events"]["Properties"]["RetentionPeriodHours"] == entry("Events", "").days * 24
    for name in ("StreamFailures", "AsyncFailures"):
        assert days(RESOURCES[name]["Properties"]["MessageRetentionPeriod"]) == entry(name, "").days
    for name, resource in RESOURCES.items():
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert parameter(resource["Properties"]["RetentionInDays"]) == entry(name, "").days


def test_the_table_in_the_documentation_is_the_registrys():
    text = privacy.DOCUMENT.read_text()
    assert privacy.with_table(text, registry.table()) == text, "run: .venv/bin/shopwindow privacy table --write"


def test_an_erasure_waits_longer_than_an_event_can_be_on_its_way():
    """A consumer may hold a batch as long as it may run, after believing an old list of the suppressed for a while."""
    longest = max(RESOURCES[name]["Properties"]["Timeout"] for name in ("ArchiveFunction", "ProfilesFunction"))
    waits = RESOURCES["PrivacyWorkerFunction"]["Properties"]["Environment"]["Variables"]["IN_FLIGHT"]
    on_aws, local = map(int, waits["If"][1:])
    assert on_aws > longest + suppression.FRESH and local > suppression.FRESH
