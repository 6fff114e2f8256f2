"""What the data doctor says, and what follows from it."""

from typing import Literal, NamedTuple, cast, get_args

from shared.errors import InvalidRequest

Severity = Literal["warn", "stop"]
Strictness = Literal["strict", "normal", "lenient"]


class Finding(NamedTuple):
    check: str
    severity: Severity
    value: float
    sentence: str


def strictness(text: str) -> Strictness:
    """Raises InvalidRequest for a word that is none."""
    if text not in get_args(Strictness):
        raise InvalidRequest(f"must be one of {', '.join(get_args(Strictness))}, not {text!r}", "doctor")
    return cast("Strictness", text)


def may_train(findings: list[Finding], strict: Strictness) -> bool:
    """`strict` lets no finding pass, `normal` all but the grave ones, `lenient` every one."""
    grave = {"strict": {"warn", "stop"}, "normal": {"stop"}, "lenient": set[str]()}[strict]
    return not any(finding.severity in grave for finding in findings)


def sentences(findings: list[Finding]) -> list[str]:
    return [f"{'Stop' if f.severity == 'stop' else 'Warning'}: {f.sentence}" for f in findings]
