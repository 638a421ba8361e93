"""Errors: the one root, and the whole tree.

FlowbenchError                      everything that flowbench raises for people to read
├─ flow.ParseError                  the flow is malformed; nothing has run (also a ValueError)
├─ flow.AuthoringError              a flow written in Python means nothing; names the line (also a TypeError)
├─ flow.FlowError                   what `try` in a flow can catch
│  ├─ flow.PathNotFound
│  ├─ flow.InvalidPath
│  ├─ flow.NonBoolCond
│  ├─ flow.DispatcherError          a step failed
│  ├─ flow.ExternError
│  ├─ flow.TypeMismatch
│  └─ flow.ArithError
├─ flow.Skip                        no failure: the step does not apply, and says so
├─ flow.NotJson                     a value cannot be written as JSON; names the place (also a TypeError)
├─ flow.NotReproducible             a recorded run was asked for something else than it recorded
├─ flow.WouldWait                   a body that waits cannot run without an event loop
├─ process.ProcessError             a child process, or a function in a process of its own
│  ├─ process.NotStarted
│  ├─ process.TimedOut
│  ├─ process.TooManyProcesses
│  ├─ process.Survivors             what cannot be killed, by id
│  ├─ process.Unsendable            a function that cannot be pickled
│  ├─ process.BodyDied              its process ended before it returned
│  └─ process.BodyRaised            it raised; says what, and where
├─ blueprint.BlueprintError         the Blueprint cannot be read; names line and column, or the `$.` place
│  ├─ blueprint.UnreadableText
│  ├─ blueprint.UnreadableFile
│  ├─ blueprint.InvalidBlueprint
│  │  └─ blueprint.BadReference     a `$file` or `$agent_md` that is not read
│  ├─ blueprint.InvalidAgentFile    an agent.md with its own line and column
│  ├─ blueprint.UnknownFormat
│  └─ blueprint.BadPatch            an operation of a JSON Patch cannot be carried out
├─ blueprint.LintRefused            a launch that was to be checked, and lint found errors
├─ blueprint.UntrustedBlueprint     a file would run commands that nobody has allowed
├─ blueprint.UnknownRule            a level for a rule of lint that there is not (also a ValueError)
├─ blueprint.UnknownFunction        no Python function is registered under that id
├─ blueprint.UnfitFunction          @agent above something that a step cannot call
├─ blueprint.UnfitInput             a step's input does not fit its function's parameters
├─ blueprint.BlueprintStoreError    a Blueprint store did not do what was asked
│  ├─ blueprint.UnfitId             no store takes this id
│  ├─ blueprint.IdNotFound
│  ├─ blueprint.VersionNotFound
│  ├─ blueprint.AmbiguousVersion    several begin so
│  ├─ blueprint.HeadEmpty           nothing was ever written under this id
│  ├─ blueprint.HeadMoved           somebody else has written meanwhile
│  ├─ blueprint.Archived
│  ├─ blueprint.LockBusy            another writer holds this id
│  ├─ blueprint.HashMismatch        what is stored is not what its writer has named
│  ├─ blueprint.InvalidLayout       a repository that this store has not made
│  └─ blueprint.NotCanonical        something in it is no JSON
├─ blueprint.BadRequirement         no version requirement in Cargo's syntax (also a ValueError)
├─ blueprint.InvalidVersionLabel
├─ blueprint.NoVersionMatches
├─ engine.CompileError              the Blueprint is well formed, but nobody can run it
│  ├─ engine.UnknownKind
│  ├─ engine.InvalidSpec
│  ├─ engine.UnresolvedRef
│  ├─ engine.UnresolvedOperatorRef
│  ├─ engine.DuplicateAgent
│  └─ engine.VerdictNotAllowed      a condition asks for an answer that its agent never gives
├─ engine.EngineError               the engine was asked for what it does not do
│  ├─ engine.TokenError             a token that opens nothing
│  │  ├─ engine.TokenUnreadable
│  │  ├─ engine.BadSignature
│  │  ├─ engine.TokenExpired
│  │  ├─ engine.TokenUsesExhausted  none is left, or it was revoked
│  │  ├─ engine.TokenNotFound
│  │  ├─ engine.TokenTaskMismatch   a worker that reaches for the task of another
│  │  └─ engine.RoleViolation
│  ├─ engine.TaskNotFound
│  ├─ engine.SessionNotFound
│  ├─ engine.ResumeKeyNotFound
│  ├─ engine.ResourceNotFound
│  ├─ engine.InvalidTransition
│  ├─ engine.SpawnDepthExceeded     tasks that start tasks, too deep
│  ├─ engine.DispatchFailed         nobody could do the work, or who did it failed
│  ├─ engine.PollTimeout
│  ├─ engine.TaskCancelled
│  ├─ engine.QuestionError          a question to a person has no answer that counts
│  │  ├─ engine.BadAnswer
│  │  ├─ engine.NobodyToAsk         and no policy answers
│  │  ├─ engine.NotAnswered         in time
│  │  ├─ engine.Rejected            a person, or a policy for them, said no
│  │  └─ engine.PolicyError
│  └─ engine.Internal
├─ engine.SpawnError                no worker was started
│  ├─ engine.NotRegistered
│  └─ engine.SpawnRejected          a hook or layer would not have it
├─ engine.UnknownLayer              a launch asks for a layer that is not there
├─ engine.SecretError               a secret that the run cannot have
│  ├─ engine.SecretNotGiven
│  └─ engine.SecretNotAllowed
├─ cancel.Panicked                  tagged work raised what may not leave it: SystemExit, ...
├─ engine.LuaFailed                 a Lua script raised, with its line
├─ engine.ToolTimedOut              a tool took longer than its timeout_ms
├─ engine.AgentBlockFailed          a language model gave no answer
├─ engine.McpFailed                 a server of tools did not answer
├─ engine.NotebookFailed            a notebook did not get through, or handed nothing over
├─ engine.TemplateFailed            a prompt template cannot be rendered
├─ engine.NotFolded                 an answer that was to be JSON is none
├─ engine.UnknownVerdict            an agent answered what its verdict does not allow
├─ engine.Blocked                    a program's step failed by its own word
├─ tools.ToolError                  a native tool did not do what was asked
│  ├─ tools.PathMissing
│  ├─ tools.SixelFailed             a picture did not become a sequence of a terminal, or back
│  ├─ tools.ClipboardFailed         no display, no program that reaches it, or no text or picture
│  ├─ tools.NoDirectory
│  ├─ tools.NotSearchable           neither a file nor a directory
│  ├─ tools.BadGlob
│  ├─ tools.BadRegex                even as plain text it cannot be searched
│  ├─ tools.SearchFailed            no engine could run
│  ├─ tools.NotStreamed             a page of matches that come in no order
│  ├─ tools.AstError                a search or edit by structure
│  │  ├─ tools.UnsupportedLanguage
│  │  ├─ tools.OverlappingReplacements
│  │  └─ tools.NotWritten           a file; those before it were
│  ├─ tools.PtyError                a session on a terminal
│  │  ├─ tools.PtyFailed            which step of it, and why
│  │  ├─ tools.PtyNotRunning
│  │  ├─ tools.PtyAlreadyRunning
│  │  └─ tools.PtyGone              it is about to end
│  ├─ tools.ConversionFailed        a page did not become Markdown
│  └─ tools.ShellFailed             no session, a folder that is none, ...
├─ graph.GraphError                 a drawing cannot be laid out
├─ storage.StorageError             a file of ours cannot be written or read
├─ runtime.RunError                 what became of a run
│  ├─ runtime.RunFailed
│  ├─ runtime.RunCancelled
│  ├─ runtime.LaunchFailed           of TaskLaunchService: compile, engine or flow eval
│  ├─ runtime.ApplicationFailed      of TaskApplication: store or launch
│  ├─ runtime.RunNotFound
│  ├─ runtime.RunOwned              another living process writes this run
│  ├─ runtime.BlueprintChanged      resume with another flow, not accepted
│  └─ runtime.JournalDamaged
├─ runtime.EnhanceError             the Enhance loop, its issues, settings and log
│  ├─ runtime.DuplicateIssue
│  ├─ runtime.IssueNotFound
│  ├─ runtime.SettingNotFound
│  ├─ runtime.LogConflict           an issue has one entry in the log
│  ├─ runtime.LogNotFound
│  └─ runtime.BadCommit             an enhance flow ended with something else than a commit
├─ project.ProjectError             epics and tasks: what is not as it should be, and where
│  ├─ project.InvalidId
│  ├─ project.InvalidStatus
│  ├─ project.InvalidTransition     of a task's status
│  ├─ project.NoProject             no `.flow` here or above
│  ├─ project.NotFound              no such epic or task
│  ├─ project.AmbiguousId           two epics have this number
│  ├─ project.TaskRefused           against the rules: who may start, what is done already
│  ├─ project.EpicRefused
│  ├─ project.PhaseRefused          not the phase that comes next
│  ├─ project.NoCheckpoint
│  ├─ project.GapRefused            no such gap, or one that says nothing
│  ├─ project.GitFailed             not there, no repository, or out of time
│  ├─ project.ApprovalRefused       never asked, or decided before
│  ├─ project.MemoryRefused         switched off, or nothing that can be kept or found
│  ├─ project.NoSuchRun             no loop of an agent, or several
│  ├─ project.BadStack
│  ├─ project.BadEpicsFile          names no epics
│  ├─ project.AlreadyThere          it would have been overwritten
│  ├─ project.DocumentError         a file that cannot be read, with line and column
│  │  ├─ project.MergeConflict
│  │  └─ project.InvalidRecord      its fields make no epic or task
│  ├─ project.DuplicateRecord       two files claim one id
│  ├─ project.SectionError          a heading is there twice
│  ├─ project.ConcurrentChange      somebody else has written the file meanwhile
│  ├─ project.ProjectBusy
│  ├─ project.Unfinished            a decided change waits for its files
│  ├─ project.InvalidConfig
│  ├─ project.SchemaUnknown         made by a newer flowctl
│  ├─ project.ReviewRefused         nothing to review, or no receipt, base or reviewer
│  ├─ project.ProgramError          a tool of a third party
│  │  ├─ project.ProgramMissing     not installed
│  │  ├─ project.ProgramFailed
│  │  ├─ project.NoVerdict          a review that no gate can read
│  │  ├─ project.ProgramLate        ended after its time
│  │  └─ project.SandboxBlocked
│  └─ project.GraphInvalid          tasks and what they depend on make no graph
│     ├─ project.DuplicateTask
│     ├─ project.UnknownTask
│     ├─ project.UnknownDependency
│     ├─ project.Cycle              with its path
│     └─ project.NothingToSplitInto
├─ notebook.UsageError              a magic was called in a way it does not know
└─ notebook.NotebookError           a headless notebook did not get to its end
   ├─ notebook.NotebookRefused      nothing has run: unreadable, or asked for something that does not fit
   ├─ notebook.CellFailed
   ├─ notebook.CellTimedOut
   ├─ notebook.NotebookTimedOut
   ├─ notebook.KernelDied
   └─ notebook.NotebookStopped

cancel.Aborted is a BaseException and stands outside: neither `try` in a flow nor `except Exception` swallows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowbench.diagnostic import Diagnostic, Stage


class FlowbenchError(Exception):
    """Root of all errors for people. code: stable word for JSON and logs, e.g. `path_not_found`.

    stage: when it is met. suggestion: what to do, where the text has it at its end.
    """

    code = "error"
    stage: Stage = "run"
    suggestion = ""

    @property
    def diagnostic(self) -> Diagnostic:
        """The same as data: place, line and column as far as they are known, and what to do."""
        from flowbench.diagnostic import of_error  # only who asks needs it

        return of_error(self)

    def _render_traceback_(self) -> list[str]:
        """IPython asks for this: one tidy line in the cell instead of a traceback of our insides."""
        return [f"{type(self).__name__}: {self}"]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, for the end of a message; None if none is near."""
    import difflib  # only an error needs it

    cutoff = 0.6 if len(word) > 2 else 0.75  # `id` is no `kind`
    return next(iter(difflib.get_close_matches(word, list(known), 1, cutoff)), None)
