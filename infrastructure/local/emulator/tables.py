"""DynamoDB tables from templates: the emulator drops TimeToLiveSpecification and PointInTimeRecoverySpecification."""

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners


def apply() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handler["create"], handler["update"]

    def create_whole(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        created = create(logical_id, properties, stack)
        _configure(created[0], properties)
        return created

    def update_whole(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        updated = update(physical_id, old, new, *rest)
        _configure(updated[0], new)
        return updated

    handler.update(create=create_whole, update=update_whole)


def _configure(table: str, properties: dict[str, Any]) -> None:
    ttl = properties.get("TimeToLiveSpecification")
    if ttl:
        enabled = str(ttl["Enabled"]).lower() == "true"
        specification = {"Enabled": enabled, "AttributeName": ttl["AttributeName"]}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": specification})
    recovery = properties.get("PointInTimeRecoverySpecification")
    if recovery:
        dynamodb._update_continuous_backups({"TableName": table, "PointInTimeRecoverySpecification": recovery})
