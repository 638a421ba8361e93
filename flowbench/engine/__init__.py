"""Engine: who runs a step. A Blueprint is compiled, linked with its layers, and asked for bodies."""

from __future__ import annotations

from flowbench.engine.compile import Compiled, compile
from flowbench.engine.errors import (
    Blocked,
    CompileError,
    DuplicateAgent,
    InvalidSpec,
    SecretError,
    SecretNotAllowed,
    SecretNotGiven,
    UnknownKind,
    UnresolvedOperatorRef,
    UnresolvedRef,
)
from flowbench.engine.link import Layer, Linked, link
from flowbench.engine.record import StepRecord
from flowbench.engine.secrets import Secrets, keeper
from flowbench.engine.spawner import Body, Factory, Site, Spawner, SpecError, Uses, Visit, Voice, speaker, stopper
from flowbench.engine.workers import factories

__all__ = [
    "Blocked",
    "Body",
    "CompileError",
    "Compiled",
    "DuplicateAgent",
    "Factory",
    "InvalidSpec",
    "Layer",
    "Linked",
    "SecretError",
    "SecretNotAllowed",
    "SecretNotGiven",
    "Secrets",
    "Site",
    "Spawner",
    "SpecError",
    "StepRecord",
    "UnknownKind",
    "UnresolvedOperatorRef",
    "UnresolvedRef",
    "Uses",
    "Visit",
    "Voice",
    "compile",
    "factories",
    "keeper",
    "link",
    "speaker",
    "stopper",
]
