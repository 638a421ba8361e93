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
    AgentBlockFailed,
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
    McpFailed,
    NotebookFailed,
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
    ToolTimedOut,
    UnknownKind,
    UnknownLayer,
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
    binding_of,
    call,
)
from flowbench.engine.folding import fold
from flowbench.engine.handing import on_thread
from flowbench.engine.layers.registry import LayerRegistry, layer_registry
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
from flowbench.engine.people.errors import (
    BadAnswer,
    NobodyToAsk,
    NotAnswered,
    PolicyError,
    QuestionError,
    Rejected,
)
from flowbench.engine.people.hearing import Audience, audience
from flowbench.engine.record import StepRecord
from flowbench.engine.roles import Role, Verb, allows
from flowbench.engine.secrets import Secrets, keeper
from flowbench.engine.sessions import Session
from flowbench.engine.spawner import Body, Factory, Site, Spawner, SpecError, Uses, Visit, Voice, speaker
from flowbench.engine.tasks import Status, TaskSpec, TaskState
from flowbench.engine.tokens import CapToken, TokenStore
from flowbench.engine.visiting import Task
from flowbench.engine.workers import factories
from flowbench.engine.workers.agent_block import agent_models
from flowbench.engine.workers.notebook import NotebookFactory
from flowbench.engine.workers.operator import Operators
from flowbench.engine.workers.templates import is_template, render, rendered
from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.engine.data_plane import Output, Outputs, OutputStore
    from flowbench.engine.executing import execute
    from flowbench.engine.frames import outputs_frame
    from flowbench.engine.layers.audit import AuditLayer
    from flowbench.engine.layers.input_inject import InputInjectLayer
    from flowbench.engine.layers.long_hold import LongHoldLayer
    from flowbench.engine.layers.main_ai import MainAILayer
    from flowbench.engine.layers.operator_delegate import OperatorDelegateLayer
    from flowbench.engine.layers.project_name_alias import ProjectNameAliasLayer
    from flowbench.engine.layers.python_functions import PythonLayer
    from flowbench.engine.layers.resolver import ResolverLayer
    from flowbench.engine.layers.senior_escalation import SeniorEscalationLayer
    from flowbench.engine.layers.sink import SinkLayer
    from flowbench.engine.layers.wrapping import LayerFactory
    from flowbench.engine.people.asking import ask
    from flowbench.engine.people.faces import NotebookBridge, NotebookHook, NotebookOperator
    from flowbench.engine.people.policy import Policy, Rule
    from flowbench.engine.people.policy_text import policy
    from flowbench.engine.people.question import Question, Reply, reply, told
    from flowbench.engine.telling import ctx_of

__all__ = [
    "AgentBlockFailed",
    "Around",
    "Artifact",
    "Attachment",
    "Audience",
    "AuditLayer",
    "BadAnswer",
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
    "InputInjectLayer",
    "Internal",
    "InvalidSpec",
    "InvalidTransition",
    "Layer",
    "LayerFactory",
    "LayerRegistry",
    "Linked",
    "LongHold",
    "LongHoldLayer",
    "LuaFailed",
    "MainAILayer",
    "McpFailed",
    "News",
    "NobodyToAsk",
    "NotAnswered",
    "NotFolded",
    "NotRegistered",
    "NotebookBridge",
    "NotebookFactory",
    "NotebookFailed",
    "NotebookHook",
    "NotebookOperator",
    "Noted",
    "Operator",
    "OperatorDelegateLayer",
    "OperatorInfo",
    "Operators",
    "Outcome",
    "Output",
    "OutputEvent",
    "OutputStore",
    "Outputs",
    "Partial",
    "Policy",
    "PolicyError",
    "PollTimeout",
    "Progress",
    "ProjectNameAliasLayer",
    "PythonLayer",
    "Question",
    "QuestionError",
    "Rejected",
    "Reply",
    "ResolverLayer",
    "ResourceNotFound",
    "ResumeKeyNotFound",
    "Role",
    "RoleViolation",
    "Rule",
    "Seat",
    "SecretError",
    "SecretNotAllowed",
    "SecretNotGiven",
    "Secrets",
    "SeniorAnswered",
    "SeniorBridge",
    "SeniorEscalationLayer",
    "SeniorQueried",
    "Session",
    "SessionAttached",
    "SessionDetached",
    "SessionNotFound",
    "SinkLayer",
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
    "ToolTimedOut",
    "UnknownKind",
    "UnknownLayer",
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
    "agent_models",
    "allows",
    "ask",
    "audience",
    "binding_of",
    "call",
    "compile",
    "ctx_of",
    "default",
    "execute",
    "factories",
    "fold",
    "ids",
    "is_template",
    "keeper",
    "layer_registry",
    "link",
    "on_thread",
    "outputs_frame",
    "policy",
    "render",
    "rendered",
    "reply",
    "speaker",
    "tiers_of",
    "told",
]

# What a launch does not need is loaded when it is first used.
__getattr__ = front(
    "flowbench.engine",
    {
        "data_plane": ("Output", "OutputStore", "Outputs"),
        "executing": ("execute",),
        "frames": ("outputs_frame",),
        "layers.audit": ("AuditLayer",),
        "layers.input_inject": ("InputInjectLayer",),
        "layers.long_hold": ("LongHoldLayer",),
        "layers.main_ai": ("MainAILayer",),
        "layers.operator_delegate": ("OperatorDelegateLayer",),
        "layers.project_name_alias": ("ProjectNameAliasLayer",),
        "layers.python_functions": ("PythonLayer",),
        "layers.resolver": ("ResolverLayer",),
        "layers.senior_escalation": ("SeniorEscalationLayer",),
        "layers.sink": ("SinkLayer",),
        "layers.wrapping": ("LayerFactory",),
        "people.asking": ("ask",),
        "people.faces": (
            "NotebookBridge",
            "NotebookHook",
            "NotebookOperator",
        ),
        "people.policy": (
            "Policy",
            "Rule",
        ),
        "people.policy_text": ("policy",),
        "people.question": (
            "Question",
            "Reply",
            "reply",
            "told",
        ),
        "telling": ("ctx_of",),
    },
)
