"""One table of legal transitions that drives a run, judges anyone's record of a run, and can be reasoned about."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runstate.codec import decode, decode_list, encode, encode_bytes
    from runstate.conformance.findings import CODES, Code, Finding, Severity
    from runstate.conformance.monitor import Monitor
    from runstate.conformance.watch import Assume, Verdict, Watched
    from runstate.edge import Limits
    from runstate.engine import Applied, Change, apply, create, due, may
    from runstate.errors import (
        AlreadyTerminal,
        BadLifecycle,
        BadMapping,
        BadMigration,
        BadPayload,
        BadQuestion,
        BadRecord,
        BadSimulation,
        BadTable,
        CallerError,
        Conflict,
        DecodeError,
        GuardFailed,
        IdempotencyMismatch,
        IllegalTransition,
        LeaseLost,
        NotFound,
        RunstateError,
        SchemaMismatch,
        StoreBusy,
        StoreError,
        StoreUnavailable,
        UnknownEvent,
        Untranslatable,
        Unwritable,
        WaitTimeout,
        Winner,
    )
    from runstate.foreign.told import Places, Told
    from runstate.frozen import FrozenDict
    from runstate.lifecycle import (
        Basis,
        Effects,
        FieldKind,
        Guard,
        Lifecycle,
        Presence,
        Quirk,
        Row,
        To,
        Transition,
        Verb,
        is_set,
        named,
        reached,
    )
    from runstate.lifecycles import ASSISTANTS_MESSAGE, ASSISTANTS_RUN, ASSISTANTS_RUN_STEP, CATALOGUE
    from runstate.lifecycles.assistants_message import MessageEvent, MessageStatus
    from runstate.lifecycles.assistants_parts import ASSISTANTS_PARTS, MESSAGE_IN_RUN, STEP_IN_RUN
    from runstate.lifecycles.assistants_run import Event, Status
    from runstate.lifecycles.assistants_step import StepEvent, StepStatus
    from runstate.nesting import Nesting
    from runstate.observations import Observation, observe, read
    from runstate.record import (
        FunctionCall,
        FunctionDefinition,
        IncompleteDetails,
        LastError,
        Message,
        RequiredAction,
        ResponseFormat,
        Run,
        RunStep,
        SubmitToolOutputs,
        Tool,
        ToolCall,
        ToolChoice,
        ToolOutput,
        TruncationStrategy,
        Usage,
        Wire,
        keep_rules,
    )
    from runstate.runs import MAX_ATTEMPTS, Backoff, Cancelled, Claim, How, Listener, Page, Pruned, Roles, Runs, Swept
    from runstate.stores import Clock, Entry, MemoryStore, Store, open_store
    from runstate.stores import Row as StoredRow

__all__ = [
    "ASSISTANTS_MESSAGE",
    "ASSISTANTS_PARTS",
    "ASSISTANTS_RUN",
    "ASSISTANTS_RUN_STEP",
    "AlreadyTerminal",
    "Applied",
    "Assume",
    "Backoff",
    "BadLifecycle",
    "BadMapping",
    "BadMigration",
    "BadPayload",
    "BadQuestion",
    "BadRecord",
    "BadSimulation",
    "BadTable",
    "Basis",
    "CATALOGUE",
    "CODES",
    "CallerError",
    "Cancelled",
    "Change",
    "Claim",
    "Clock",
    "Code",
    "Conflict",
    "DecodeError",
    "Effects",
    "Entry",
    "Event",
    "FieldKind",
    "Finding",
    "FrozenDict",
    "FunctionCall",
    "FunctionDefinition",
    "Guard",
    "GuardFailed",
    "How",
    "IdempotencyMismatch",
    "IllegalTransition",
    "IncompleteDetails",
    "LastError",
    "LeaseLost",
    "Lifecycle",
    "Limits",
    "Listener",
    "MAX_ATTEMPTS",
    "MESSAGE_IN_RUN",
    "MemoryStore",
    "Message",
    "MessageEvent",
    "MessageStatus",
    "Monitor",
    "Nesting",
    "NotFound",
    "Observation",
    "Page",
    "Places",
    "Presence",
    "Pruned",
    "Quirk",
    "RequiredAction",
    "ResponseFormat",
    "Roles",
    "Row",
    "Run",
    "RunStep",
    "Runs",
    "RunstateError",
    "STEP_IN_RUN",
    "SchemaMismatch",
    "Severity",
    "Status",
    "StepEvent",
    "StepStatus",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "StoredRow",
    "SubmitToolOutputs",
    "Swept",
    "To",
    "Told",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolOutput",
    "Transition",
    "TruncationStrategy",
    "UnknownEvent",
    "Untranslatable",
    "Unwritable",
    "Usage",
    "Verb",
    "Verdict",
    "WaitTimeout",
    "Watched",
    "Winner",
    "Wire",
    "apply",
    "create",
    "decode",
    "decode_list",
    "due",
    "encode",
    "encode_bytes",
    "is_set",
    "keep_rules",
    "may",
    "named",
    "observe",
    "open_store",
    "reached",
    "read",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what is asked for when it is asked for: no program needs all of the package, and few need half."""
        from importlib import import_module

        from runstate._where import MODULES, WHERE

        if name in WHERE:
            module, _, there = WHERE[name].rpartition(".")
            value = getattr(import_module(f"runstate.{module}"), there)
        elif name in MODULES:
            value = import_module(f"runstate.{name}")
        else:
            raise AttributeError(f"module 'runstate' has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
