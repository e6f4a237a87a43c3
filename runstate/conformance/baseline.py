"""A baseline: findings that are known, so that only new ones are reported."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import attrs

from runstate.conformance.findings import Finding
from runstate.edge import Limits, loads
from runstate.errors import DecodeError

__all__ = ["Baseline", "fingerprint"]

VERSION = 1
_LIMITS = Limits(max_bytes=1 << 26)


def fingerprint(finding: Finding) -> str:
    """What a finding is, whatever line it stands on: a log that grows at its head keeps its known findings."""
    parts = (finding.file, finding.code, finding.run, finding.status, finding.wire_event, finding.field)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


@attrs.define
class Baseline:
    """Known findings, each as often as it is known.  `knows` uses them up."""

    known: Counter[str] = attrs.field(factory=Counter[str])
    passed: int = attrs.field(init=False, default=0)
    """How many findings were known so far."""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Baseline:
        """The baseline under which these findings are known."""
        return cls(Counter(map(fingerprint, findings)))

    @classmethod
    def read(cls, data: bytes) -> Baseline:
        """The baseline in a file.

        :raises DecodeError: where the bytes are none that `dump` wrote.
        """
        value = loads(data, _LIMITS)
        known = value.get("findings") if isinstance(value, dict) and value.get("version") == VERSION else None
        if not isinstance(known, dict):
            raise DecodeError(
                problem="settings",
                reason="this is no baseline",
                allowed=f"a file that --write-baseline wrote, version {VERSION}",
            )
        counts = {key: count for key, count in known.items() if isinstance(count, int) and count > 0}
        return cls(Counter(counts))

    def dump(self) -> bytes:
        """As JSON, sorted, one finding a line, so that a change of it can be reviewed."""
        findings = dict(sorted(self.known.items()))
        return (json.dumps({"version": VERSION, "findings": findings}, ensure_ascii=False, indent=1) + "\n").encode()

    def knows(self, finding: Finding) -> bool:
        """Whether the finding is known; each is, as often as it was when the baseline was written."""
        key = fingerprint(finding)
        if self.known[key] <= 0:
            return False
        self.known[key] -= 1
        self.passed += 1
        return True
