"""Settings of each function, read from the environment in one place.

A settings class is a frozen dataclass; its field `lists_table` is the variable `LISTS_TABLE`. Fields with a default are
optional. All missing names are reported together.
"""

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def from_env(settings: type[T], env: Mapping[str, str] | None = None) -> T:
    """Build `settings` from environment variables. Raises RuntimeError naming every missing variable."""
    env = os.environ if env is None else env
    values: dict[str, Any] = {}
    missing = []
    for field in fields(settings):  # type: ignore[arg-type]
        name = field.name.upper()
        if env.get(name):
            values[field.name] = int(env[name]) if field.type is int else env[name]
        elif field.default is MISSING:
            missing.append(name)
    if missing:
        raise RuntimeError(f"missing environment variables: {', '.join(missing)}")
    return settings(**values)


def code_version(bundle: Path) -> str:
    """What the build wrote down of the code in a bundle's folder; "" in a checkout, which was not built."""
    written = bundle / "code-version"
    return written.read_text().strip() if written.exists() else ""


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    stream: str
    write_key: str
    secret_arn: str
    identity_key_arn: str
    shoppers_table: str
    plus_tags: str = ""
    phone_country: str = ""
    blocked_ids: str = ""
    consent_opt_out_countries: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    lake_bucket: str
    identity_table: str
    privacy_key_arn: str


@dataclass(frozen=True, slots=True)
class ProfilesSettings:
    shoppers_table: str
    identity_table: str
    lists_table: str
    models_bucket: str
    lake_bucket: str
    privacy_key_arn: str
    identity_limits: str = ""
    redis_url: str = ""


@dataclass(frozen=True, slots=True)
class TrendsSettings:
    lists_table: str
    catalog_table: str
    plans_table: str
    models_bucket: str
    stream: str


@dataclass(frozen=True, slots=True)
class RecommendSettings:
    shoppers_table: str
    lists_table: str
    catalog_table: str
    plans_table: str
    models_bucket: str
    write_key: str
    secret_arn: str
    identity_key_arn: str
    plus_tags: str = ""
    redis_url: str = ""
    consent_opt_out_countries: str = ""
    starter_blend: str = ""
    answers_logged: str = "1"


@dataclass(frozen=True, slots=True)
class ConsentSettings:
    shoppers_table: str
    stream: str
    write_key: str
    secret_arn: str
    identity_key_arn: str
    identity_table: str
    privacy_key_arn: str
    plus_tags: str = ""
    redis_url: str = ""
    consent_opt_out_countries: str = ""


@dataclass(frozen=True, slots=True)
class AdminSettings:
    catalog_table: str
    secret_arn: str
    redis_url: str = ""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    plans_table: str
    lake_bucket: str
    secret_arn: str


@dataclass(frozen=True, slots=True)
class RolloutSettings:
    plans_table: str
    lake_bucket: str


@dataclass(frozen=True, slots=True)
class AnswersSettings:
    lake_bucket: str
    log_group: str
    identity_table: str
    privacy_key_arn: str


@dataclass(frozen=True, slots=True)
class FeedSettings:
    catalog_table: str
    lake_bucket: str
    redis_url: str = ""


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    lake_bucket: str
    models_bucket: str
    catalog_table: str
    lists_table: str
    plans_table: str
    identity_table: str
    identity_limits: str = ""
    doctor: str = "normal"
    objective: str = "auto"
    spark_from: int = 0
    spark_application: str = ""


@dataclass(frozen=True, slots=True)
class SparkSettings:
    lake_bucket: str
    models_bucket: str
    catalog_table: str
    lists_table: str
    identity_table: str
    identity_limits: str = ""
    doctor: str = "normal"
    objective: str = "auto"
    search_seconds: int = 600


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    models_bucket: str
    catalog_table: str
    lists_table: str
    search_seconds: int = 600


@dataclass(frozen=True, slots=True)
class PublishSettings:
    lake_bucket: str
    models_bucket: str
    catalog_table: str
    lists_table: str


@dataclass(frozen=True, slots=True)
class PrivacyApiSettings:
    identity_table: str
    lake_bucket: str
    privacy_machine: str
    secret_arn: str
    identity_key_arn: str
    privacy_key_arn: str
    plus_tags: str = ""


@dataclass(frozen=True, slots=True)
class PrivacyWorkerSettings:
    identity_table: str
    shoppers_table: str
    lists_table: str
    lake_bucket: str
    models_bucket: str
    privacy_key_arn: str
    in_flight: int
    identity_limits: str = ""
    redis_url: str = ""
