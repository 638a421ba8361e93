"""Runtime: one launch, from Blueprint to Run: recorded, resumable, stoppable, steppable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbench.rooms import front

if TYPE_CHECKING:
    from flowbench.runtime.answering import Answers
    from flowbench.runtime.application import (
        BlueprintRef,
        FileRef,
        IdRef,
        InlineRef,
        TaskApplication,
        TaskApplicationInput,
        TaskApplicationOutput,
        blueprint_ref,
    )
    from flowbench.runtime.changes import MISSING
    from flowbench.runtime.checking import LintWarning
    from flowbench.runtime.dispatch import Faces
    from flowbench.runtime.enhance.application import Accepted, EnhanceApplication, NewIssue
    from flowbench.runtime.enhance.frames import enhance_log_frame, issues_frame
    from flowbench.runtime.enhance.issues import (
        Applied,
        InFlight,
        Issue,
        IssueRecord,
        Issues,
        IssueStatus,
        IssueStore,
        Pending,
        Rejected,
        issue_status_from_wire,
        issue_status_to_wire,
    )
    from flowbench.runtime.enhance.log import EnhanceLog, EnhanceLogStore, LogEntry, LoggedVerdict
    from flowbench.runtime.enhance.orbit import orbit
    from flowbench.runtime.enhance.settings import EnhanceSetting, EnhanceSettingStore, Settings
    from flowbench.runtime.errors import (
        ApplicationFailed,
        BadCommit,
        BlueprintChanged,
        DuplicateIssue,
        EnhanceError,
        IssueNotFound,
        JournalDamaged,
        LaunchFailed,
        LogConflict,
        LogNotFound,
        RunCancelled,
        RunError,
        RunFailed,
        RunNotFound,
        RunOwned,
        SettingNotFound,
    )
    from flowbench.runtime.explaining import Explanation, explain
    from flowbench.runtime.heartbeats import CancelReport, CancelRow, cancel_report
    from flowbench.runtime.index import RunInfo, runs
    from flowbench.runtime.launching import debug, launch, resume
    from flowbench.runtime.listeners import launched
    from flowbench.runtime.log import Line, Log, read_log
    from flowbench.runtime.nesting import run_sync
    from flowbench.runtime.origins import known_origins, recorded_origins
    from flowbench.runtime.past import PastAnswer, PastRun, recall
    from flowbench.runtime.people import ANSWERS, Attendant, attendants
    from flowbench.runtime.progress import Progress
    from flowbench.runtime.questions import Open, Questions, Told
    from flowbench.runtime.rerunning import rerun
    from flowbench.runtime.run import Run
    from flowbench.runtime.service import TaskLaunch, TaskLaunchInput, TaskLaunchOutput, TaskLaunchService
    from flowbench.runtime.stepping import Debugger, Pause
    from flowbench.runtime.terminal import Terminal
    from flowbench.runtime.upkeep import Collected, collect, remove

__all__ = [
    "ANSWERS",
    "MISSING",
    "Accepted",
    "Answers",
    "ApplicationFailed",
    "Applied",
    "Attendant",
    "BadCommit",
    "BlueprintChanged",
    "BlueprintRef",
    "CancelReport",
    "CancelRow",
    "Collected",
    "Debugger",
    "DuplicateIssue",
    "EnhanceApplication",
    "EnhanceError",
    "EnhanceLog",
    "EnhanceLogStore",
    "EnhanceSetting",
    "EnhanceSettingStore",
    "Explanation",
    "Faces",
    "FileRef",
    "IdRef",
    "InFlight",
    "InlineRef",
    "Issue",
    "IssueNotFound",
    "IssueRecord",
    "IssueStatus",
    "IssueStore",
    "Issues",
    "JournalDamaged",
    "LaunchFailed",
    "Line",
    "LintWarning",
    "Log",
    "LogConflict",
    "LogEntry",
    "LogNotFound",
    "LoggedVerdict",
    "NewIssue",
    "Open",
    "PastAnswer",
    "PastRun",
    "Pause",
    "Pending",
    "Progress",
    "Questions",
    "Rejected",
    "Run",
    "RunCancelled",
    "RunError",
    "RunFailed",
    "RunInfo",
    "RunNotFound",
    "RunOwned",
    "SettingNotFound",
    "Settings",
    "TaskApplication",
    "TaskApplicationInput",
    "TaskApplicationOutput",
    "TaskLaunch",
    "TaskLaunchInput",
    "TaskLaunchOutput",
    "TaskLaunchService",
    "Terminal",
    "Told",
    "attendants",
    "blueprint_ref",
    "cancel_report",
    "collect",
    "debug",
    "enhance_log_frame",
    "explain",
    "issue_status_from_wire",
    "issue_status_to_wire",
    "issues_frame",
    "known_origins",
    "launch",
    "launched",
    "orbit",
    "read_log",
    "recall",
    "recorded_origins",
    "remove",
    "rerun",
    "resume",
    "run_sync",
    "runs",
]

__getattr__ = front(
    "flowbench.runtime",
    {
        "answering": ("Answers",),
        "application": (
            "BlueprintRef",
            "FileRef",
            "IdRef",
            "InlineRef",
            "TaskApplication",
            "TaskApplicationInput",
            "TaskApplicationOutput",
            "blueprint_ref",
        ),
        "changes": ("MISSING",),
        "checking": ("LintWarning",),
        "dispatch": ("Faces",),
        "errors": (
            "ApplicationFailed",
            "LaunchFailed",
            "BlueprintChanged",
            "JournalDamaged",
            "EnhanceError",
            "DuplicateIssue",
            "IssueNotFound",
            "SettingNotFound",
            "LogConflict",
            "LogNotFound",
            "BadCommit",
            "RunCancelled",
            "RunError",
            "RunFailed",
            "RunNotFound",
            "RunOwned",
        ),
        "enhance.application": (
            "Accepted",
            "EnhanceApplication",
            "NewIssue",
        ),
        "enhance.frames": (
            "enhance_log_frame",
            "issues_frame",
        ),
        "enhance.issues": (
            "Applied",
            "InFlight",
            "Issue",
            "IssueRecord",
            "IssueStatus",
            "IssueStore",
            "Issues",
            "Pending",
            "Rejected",
            "issue_status_from_wire",
            "issue_status_to_wire",
        ),
        "enhance.log": (
            "EnhanceLog",
            "EnhanceLogStore",
            "LogEntry",
            "LoggedVerdict",
        ),
        "enhance.orbit": ("orbit",),
        "enhance.settings": (
            "EnhanceSetting",
            "EnhanceSettingStore",
            "Settings",
        ),
        "explaining": ("Explanation", "explain"),
        "heartbeats": ("CancelReport", "CancelRow", "cancel_report"),
        "index": ("RunInfo", "runs"),
        "launching": ("debug", "launch", "resume"),
        "listeners": ("launched",),
        "log": ("Line", "Log", "read_log"),
        "nesting": ("run_sync",),
        "origins": ("known_origins", "recorded_origins"),
        "past": ("PastAnswer", "PastRun", "recall"),
        "people": ("ANSWERS", "Attendant", "attendants"),
        "progress": ("Progress",),
        "questions": ("Open", "Questions", "Told"),
        "rerunning": ("rerun",),
        "run": ("Run",),
        "service": ("TaskLaunch", "TaskLaunchInput", "TaskLaunchOutput", "TaskLaunchService"),
        "stepping": ("Debugger", "Pause"),
        "terminal": ("Terminal",),
        "upkeep": ("Collected", "collect", "remove"),
    },
)
