"""What spans, metrics and their attributes are called, and what each says: the tables of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ATTRIBUTES", "METRICS", "OTHER", "SPANS"]

OTHER: Final = "_OTHER"
"""Stands for an event that the lifecycle does not know: what a caller makes up must not become a label."""

SPANS: Final[Mapping[str, str]] = {
    "runstate.create": "`create` (producer)",
    "runstate.retry": "`retry` (producer)",
    "runstate.fire": "`fire`, and every event as a method",
    "runstate.cancel": "`cancel`",
    "runstate.update_metadata": "`update_metadata`",
    "runstate.claim": "`claim`, where it took a run (consumer)",
    "runstate.heartbeat": "`heartbeat`, where it was refused",
    "runstate.release": "`release`",
    "runstate.sweep": "`sweep`, where it did something",
    "runstate.prune": "`prune`, where it found something",
    "runstate.acknowledge": "`acknowledge`",
    "runstate.leg": "the work by one claim (consumer)",
}
"""Name of each span -> what it lasts for."""

METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "runstate.changes": ("{change}", "Changes committed"),
    "runstate.refusals": ("{refusal}", "Calls that runstate refused"),
    "runstate.claims": ("{claim}", "Calls to claim, by what came of them: started, taken_over, idle"),
    "runstate.leases.lost": ("{lease}", "Writes and heartbeats refused because the claim was over"),
    "runstate.swept": ("{run}", "Runs that sweeps have looked after, by what was done"),
    "runstate.pruned": ("{run}", "Runs removed"),
    "runstate.status.duration": ("s", "How long a run was in a status that it has left"),
    "runstate.call.duration": ("s", "How long calls took"),
    "runstate.runs.waiting": ("{run}", "Runs that claims and sweeps have before them, by queue and status"),
}
"""Name of each metric -> unit, description."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    "db.system.name": "What the store runs on: `sqlite`, `postgresql`, `memory`.",
    "error.type": "Class of the error; never its text.",
    "runstate.lifecycle": "Name of the lifecycle.",
    "runstate.operation": "The call, as its method is named.",
    "runstate.outcome": (
        "Of a span `done`, `replayed` (a repeated request), `enlisted` (in the host's transaction), `refused`, `failed` "
        "(the store, or an error that is not runstate's); of `cancel` what it answers; of claims `started`, `taken_over` "
        "or `idle`; of sweeps what was done to a run."
    ),
    "runstate.event": "The event; `_OTHER` where the lifecycle has no such event.",
    "runstate.source": "Status before it; on a refusal the status seen.",
    "runstate.target": "Status after it.",
    "runstate.seq": "Number of the change in the journal.",
    "runstate.run.id": "Which run.",
    "runstate.retry_of": "Which run is retried.",
    "runstate.tenant": "Whose run.",
    "runstate.worker": "Name of the worker.",
    "runstate.attempt": "Which attempt, from 1.",
    "runstate.queue": "The queue.",
    "runstate.status": "The status that waiting runs are in.",
    "runstate.swept.expired": "How many runs a sweep has expired.",
    "runstate.swept.cancelled": "How many it has cancelled.",
    "runstate.swept.failed": "How many it has failed.",
    "runstate.swept.freed": "How many it has made claimable again.",
    "runstate.swept.faults": "How many it could not treat.",
    "runstate.pruned": "How many runs were removed, or would have been.",
    "runstate.dry_run": "Whether they only would have been.",
}
"""Name of each attribute -> what it says.  A call that makes two changes has an event ``runstate.change`` for each."""
