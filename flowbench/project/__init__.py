"""Project: epics and tasks in Markdown: which pieces of work there are, in which order, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.project.approvals import (
        Approval,
    )
    from flowbench.project.change import (
        Change,
    )
    from flowbench.project.dag import (
        Dag,
        Frontier,
    )
    from flowbench.project.errors import (
        AlreadyThere,
        AmbiguousId,
        ApprovalRefused,
        BadEpicsFile,
        BadStack,
        ConcurrentChange,
        Cycle,
        DocumentError,
        DuplicateRecord,
        DuplicateTask,
        EpicRefused,
        GapRefused,
        GitFailed,
        GraphInvalid,
        InvalidConfig,
        InvalidId,
        InvalidRecord,
        InvalidStatus,
        InvalidTransition,
        MemoryRefused,
        MergeConflict,
        NoCheckpoint,
        NoProject,
        NoSuchRun,
        NotFound,
        NothingToSplitInto,
        PhaseRefused,
        ProjectBusy,
        ProjectError,
        SchemaUnknown,
        SectionError,
        TaskRefused,
        Unfinished,
        UnknownDependency,
        UnknownTask,
    )
    from flowbench.project.events import (
        Event,
    )
    from flowbench.project.front_edit import (
        REMOVE,
    )
    from flowbench.project.front_matter import (
        Document,
    )
    from flowbench.project.index import (
        Problem,
    )
    from flowbench.project.layout import (
        Layout,
    )
    from flowbench.project.locks import (
        FileLock,
    )
    from flowbench.project.program_errors import (
        NoVerdict,
        ProgramError,
        ProgramFailed,
        ProgramLate,
        ProgramMissing,
        ReviewRefused,
        SandboxBlocked,
    )
    from flowbench.project.project import (
        Project,
    )
    from flowbench.project.records import (
        Epic,
        Task,
    )
    from flowbench.project.state import (
        Runtime,
    )
    from flowbench.project.status import (
        Status,
    )
    from flowbench.project.validate import (
        EpicReport,
        Report,
    )

__all__ = [
    "REMOVE",
    "AlreadyThere",
    "AmbiguousId",
    "Approval",
    "ApprovalRefused",
    "BadEpicsFile",
    "BadStack",
    "Change",
    "ConcurrentChange",
    "Cycle",
    "Dag",
    "Document",
    "DocumentError",
    "DuplicateRecord",
    "DuplicateTask",
    "Epic",
    "EpicRefused",
    "EpicReport",
    "Event",
    "FileLock",
    "Frontier",
    "GapRefused",
    "GitFailed",
    "GraphInvalid",
    "InvalidConfig",
    "InvalidId",
    "InvalidRecord",
    "InvalidStatus",
    "InvalidTransition",
    "Layout",
    "MemoryRefused",
    "MergeConflict",
    "NoCheckpoint",
    "NoProject",
    "NoSuchRun",
    "NoVerdict",
    "NotFound",
    "NothingToSplitInto",
    "PhaseRefused",
    "Problem",
    "ProgramError",
    "ProgramFailed",
    "ProgramLate",
    "ProgramMissing",
    "Project",
    "ProjectBusy",
    "ProjectError",
    "Report",
    "ReviewRefused",
    "Runtime",
    "SandboxBlocked",
    "SchemaUnknown",
    "SectionError",
    "Status",
    "Task",
    "TaskRefused",
    "Unfinished",
    "UnknownDependency",
    "UnknownTask",
]

# Loaded when first used: a verb needs a few files of the room.
__getattr__ = front(
    "flowbench.project",
    {
        "approvals": ("Approval",),
        "change": ("Change",),
        "dag": (
            "Dag",
            "Frontier",
        ),
        "errors": (
            "AlreadyThere",
            "AmbiguousId",
            "ApprovalRefused",
            "BadEpicsFile",
            "BadStack",
            "ConcurrentChange",
            "Cycle",
            "DocumentError",
            "DuplicateRecord",
            "DuplicateTask",
            "EpicRefused",
            "GapRefused",
            "GitFailed",
            "GraphInvalid",
            "InvalidConfig",
            "InvalidId",
            "InvalidRecord",
            "InvalidStatus",
            "InvalidTransition",
            "MemoryRefused",
            "MergeConflict",
            "NoCheckpoint",
            "NoProject",
            "NoSuchRun",
            "NotFound",
            "NothingToSplitInto",
            "PhaseRefused",
            "ProjectBusy",
            "ProjectError",
            "SchemaUnknown",
            "SectionError",
            "TaskRefused",
            "Unfinished",
            "UnknownDependency",
            "UnknownTask",
        ),
        "events": ("Event",),
        "front_edit": ("REMOVE",),
        "front_matter": ("Document",),
        "index": ("Problem",),
        "layout": ("Layout",),
        "locks": ("FileLock",),
        "program_errors": (
            "NoVerdict",
            "ProgramError",
            "ProgramFailed",
            "ProgramLate",
            "ProgramMissing",
            "ReviewRefused",
            "SandboxBlocked",
        ),
        "project": ("Project",),
        "records": (
            "Epic",
            "Task",
        ),
        "state": ("Runtime",),
        "status": ("Status",),
        "validate": (
            "EpicReport",
            "Report",
        ),
    },
)
