"""Engine: who runs a step. A Blueprint is compiled, linked with its layers, and asked for bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.engine import ids
from flowbench.engine.attending import Attachment
from flowbench.engine.cascade import Tier, Tiers, tiers_of
from flowbench.engine.compile import Compiled, compile
from flowbench.engine.config import EngineCfg, LongHold
from flowbench.engine.core import Engine, Seat, default
from flowbench.engine.dispatching import Outcome
from flowbench.engine.errors import (
    BadSignature,
    Blocked,
    CompileError,
    DispatchFailed,
    DuplicateAgent,
    EngineError,
    Internal,
    InvalidSpec,
    InvalidTransition,
    LuaFailed,
    NotFolded,
    NotRegistered,
    PollTimeout,
    ResourceNotFound,
    ResumeKeyNotFound,
    RoleViolation,
    SecretError,
    SecretNotAllowed,
    SecretNotGiven,
    SessionNotFound,
    SpawnDepthExceeded,
    SpawnError,
    SpawnRejected,
    TaskCancelled,
    TaskNotFound,
    TemplateFailed,
    TokenError,
    TokenExpired,
    TokenNotFound,
    TokenTaskMismatch,
    TokenUnreadable,
    TokenUsesExhausted,
    UnknownKind,
    UnknownVerdict,
    UnresolvedOperatorRef,
    UnresolvedRef,
    VerdictNotAllowed,
)
from flowbench.engine.faces import (
    Operator,
    OperatorInfo,
    SeniorBridge,
    SpawnCtx,
    SpawnHook,
    WorkerBinding,
    WorkerResult,
    call,
)
from flowbench.engine.folding import fold
from flowbench.engine.handing import stopper
from flowbench.engine.link import Layer, Linked, link
from flowbench.engine.news import (
    News,
    SeniorAnswered,
    SeniorQueried,
    SessionAttached,
    SessionDetached,
    TaskAttemptCompleted,
    TaskAttemptStarted,
    TaskBlocked,
    TaskCancelledNews,
    TaskCreated,
    TaskPass,
    TaskResumed,
    TaskSuspended,
    WorkerOutput,
)
from flowbench.engine.noted import Around, Noted
from flowbench.engine.outputs import Artifact, ContentRef, FileRef, Final, Inline, OutputEvent, Partial, Progress
from flowbench.engine.record import StepRecord
from flowbench.engine.roles import Role, Verb
from flowbench.engine.secrets import Secrets, keeper
from flowbench.engine.sessions import Session
from flowbench.engine.spawner import Body, Factory, Site, Spawner, SpecError, Uses, Visit, Voice, speaker
from flowbench.engine.tasks import Status, TaskSpec, TaskState
from flowbench.engine.tokens import CapToken, TokenStore
from flowbench.engine.visiting import Task
from flowbench.engine.workers import factories
from flowbench.engine.workers.operator import Operators
from flowbench.engine.workers.templates import render
from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.engine.data_plane import Output, Outputs, OutputStore
    from flowbench.engine.frames import outputs_frame

__all__ = [
    "Around",
    "Artifact",
    "Attachment",
    "BadSignature",
    "Blocked",
    "Body",
    "CapToken",
    "CompileError",
    "Compiled",
    "ContentRef",
    "DispatchFailed",
    "DuplicateAgent",
    "Engine",
    "EngineCfg",
    "EngineError",
    "Factory",
    "FileRef",
    "Final",
    "Inline",
    "Internal",
    "InvalidSpec",
    "InvalidTransition",
    "Layer",
    "Linked",
    "LongHold",
    "LuaFailed",
    "News",
    "NotFolded",
    "NotRegistered",
    "Noted",
    "Operator",
    "OperatorInfo",
    "Operators",
    "Outcome",
    "Output",
    "OutputEvent",
    "OutputStore",
    "Outputs",
    "Partial",
    "PollTimeout",
    "Progress",
    "ResourceNotFound",
    "ResumeKeyNotFound",
    "Role",
    "RoleViolation",
    "Seat",
    "SecretError",
    "SecretNotAllowed",
    "SecretNotGiven",
    "Secrets",
    "SeniorAnswered",
    "SeniorBridge",
    "SeniorQueried",
    "Session",
    "SessionAttached",
    "SessionDetached",
    "SessionNotFound",
    "Site",
    "SpawnCtx",
    "SpawnDepthExceeded",
    "SpawnError",
    "SpawnHook",
    "SpawnRejected",
    "Spawner",
    "SpecError",
    "Status",
    "StepRecord",
    "Task",
    "TaskAttemptCompleted",
    "TaskAttemptStarted",
    "TaskBlocked",
    "TaskCancelled",
    "TaskCancelledNews",
    "TaskCreated",
    "TaskNotFound",
    "TaskPass",
    "TaskResumed",
    "TaskSpec",
    "TaskState",
    "TaskSuspended",
    "TemplateFailed",
    "Tier",
    "Tiers",
    "TokenError",
    "TokenExpired",
    "TokenNotFound",
    "TokenStore",
    "TokenTaskMismatch",
    "TokenUnreadable",
    "TokenUsesExhausted",
    "UnknownKind",
    "UnknownVerdict",
    "UnresolvedOperatorRef",
    "UnresolvedRef",
    "Uses",
    "Verb",
    "VerdictNotAllowed",
    "Visit",
    "Voice",
    "WorkerBinding",
    "WorkerOutput",
    "WorkerResult",
    "call",
    "compile",
    "default",
    "factories",
    "fold",
    "ids",
    "keeper",
    "link",
    "outputs_frame",
    "render",
    "speaker",
    "stopper",
    "tiers_of",
]

# What a launch does not need is loaded when it is first used.
__getattr__ = front(
    "flowbench.engine", {"data_plane": ("Output", "OutputStore", "Outputs"), "frames": ("outputs_frame",)}
)
