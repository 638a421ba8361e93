"""Application: Blueprints that change themselves: each issue is one run of an enhance flow, and at most one version."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

import msgspec

from flowbench import blueprint as bp
from flowbench import storage
from flowbench.cancel import Aborted, CancelToken
from flowbench.flow import compact
from flowbench.runtime.enhance import agents, commit
from flowbench.runtime.enhance.issues import Applied, Issue, Issues, IssueStatus, IssueStore, Pending, Rejected
from flowbench.runtime.enhance.log import EnhanceLog, EnhanceLogStore, LogEntry
from flowbench.runtime.enhance.masking import masked, unmasked
from flowbench.runtime.enhance.orbit import ID, orbit
from flowbench.runtime.enhance.settings import DEFAULT, EnhanceSetting, EnhanceSettingStore, Settings
from flowbench.runtime.errors import EnhanceError, LogNotFound, RunError, SettingNotFound
from flowbench.runtime.launching import Common, launch, resume
from flowbench.runtime.past import recall
from flowbench.runtime.run import Run

INTERVAL = 0.1  # seconds between two looks at an empty queue
ROUNDS = 3  # runs for one issue, when somebody else writes the Blueprint meanwhile
SEARCHED = 100  # versions in which a commit of a dead process is looked for

_log = logging.getLogger("flowbench.enhance")


class NewIssue(msgspec.Struct, frozen=True):
    """intent: what should become different, in words. issue_id: `h-<uuid>` unless given."""

    blueprint_id: str
    intent: str
    issue_id: str = ""


class Accepted(msgspec.Struct, frozen=True):
    issue_id: str
    status: IssueStatus


class EnhanceApplication:
    """Takes issues and works them off, one at a time; several processes may share its stores.

    blueprints: where the target and the enhance flow are. Other stores are in memory unless given. setting: id of the
    one that is used; that of DEFAULT is made if it is missing, with the default flow. patch_spawner: who proposes
    patches in that flow, see `orbit`. clock: unix seconds. options: those of `launch`, for each run.
    Source: mlua-swarm 0.2.1 `EnhanceApplication`, which has no default setting and leaves what it had in hand at its
    death in flight for ever.
    """

    name = "enhance"

    def __init__(
        self,
        blueprints: bp.BlueprintStore,
        issues: IssueStore | None = None,
        settings: EnhanceSettingStore | None = None,
        log: EnhanceLogStore | None = None,
        *,
        setting: str = DEFAULT,
        patch_spawner: str | bp.AgentDef | None = None,
        clock: Callable[[], float] = time.time,
        **options: Unpack[Common],
    ) -> None:
        self.blueprints = blueprints
        self.issues: IssueStore = Issues() if issues is None else issues
        self.settings: EnhanceSettingStore = Settings() if settings is None else settings
        self.log: EnhanceLogStore = EnhanceLog() if log is None else log
        self._setting, self._clock, self._options = setting, clock, options
        functions = options.get("functions", bp.functions)
        if agents.APPLIER not in functions:
            agents.register(functions)
        self._begin(patch_spawner)

    @classmethod
    def open(cls, folder: Path | None = None, **how: Any) -> EnhanceApplication:
        """One whose stores outlive this process. folder: that of the user by default. how: as for the class."""
        data = storage.data() if folder is None else Path(folder)
        file = data / "enhance.db"
        blueprints = bp.GitStore(None if folder is None else data / "blueprints")
        return cls(blueprints, Issues(file), Settings(file), EnhanceLog(file), **how)

    async def handle(self, new: NewIssue) -> Accepted:
        """Put an issue at the end of the queue; nothing runs yet.

        Raises: EnhanceError for a blank intent, DuplicateIssue, blueprint.HeadEmpty, blueprint.Archived.
        """
        if not new.intent.strip():
            raise EnhanceError("an issue says what should become different; its intent is blank")
        await asyncio.to_thread(self.blueprints.read_head, new.blueprint_id)
        issue = Issue(new.issue_id or f"h-{uuid.uuid4()}", new.blueprint_id, new.intent)
        await asyncio.to_thread(self.issues.create, issue)
        return Accepted(issue.issue_id, Pending())

    async def put_setting(self, setting: EnhanceSetting, flow: bp.Source | None = None) -> None:
        """Keep a setting; its flow, when given, is stored first, unless it is the head.

        Raises: blueprint.BlueprintError, blueprint.BlueprintStoreError.
        """
        if flow is not None:
            blueprint = bp.load(flow, name=setting.blueprint_id)
            stored = await asyncio.to_thread(self.blueprints.history, setting.blueprint_id, 1)
            if not stored or stored[0].version != bp.content_hash(blueprint):
                await asyncio.to_thread(self.blueprints.write_new, setting.blueprint_id, blueprint)
        await asyncio.to_thread(self.settings.put, setting)

    async def tick(self, token: CancelToken | None = None) -> LogEntry | None:
        """Work off one issue; None if none waits; abort raises RunCancelled, and the issue waits again at its place.

        Raises: cancel.Aborted if that was before anything began; else whatever kept the flow from its end, and the
        issue is rejected with it.
        """
        if token is not None:
            token.heartbeat()
        issue = await self._popped()
        if issue is None:
            return None
        try:
            return await self._work(issue, token)
        except BaseException as error:
            if isinstance(error, Exception) and not (token is not None and token.aborted()):
                why = f"dispatch failed: {_one_line(error)}"
                await asyncio.to_thread(self.issues.update_status, issue.issue_id, Rejected(why))
            else:
                self.issues.give_back(issue.issue_id)
            raise

    async def run_forever(self, interval: float = INTERVAL, token: CancelToken | None = None) -> None:
        """Work off issues as they come, until the token is aborted: abort returns, and what was in hand waits again.

        interval: seconds between two looks when there is nothing to do, or something went wrong.
        """
        token = token or CancelToken()
        while not token.aborted():
            try:
                if await self.tick(token) is not None:
                    continue
            except Aborted:  # what it says on abort: it returns
                return
            except Exception as error:  # one issue must not stop the others; it says itself what went wrong
                if token.aborted():
                    return
                _log.warning("enhance: %s", _one_line(error))
            try:
                async with asyncio.timeout(interval):
                    await token.wait()
            except TimeoutError:
                continue

    def _begin(self, patch_spawner: str | bp.AgentDef | None) -> None:
        """The default setting is there, and the flow that it names."""
        if self._setting != DEFAULT:
            return
        try:
            setting = self.settings.get(DEFAULT)
        except SettingNotFound:
            setting = EnhanceSetting(DEFAULT, ID)
            self.settings.put(setting)
        if setting.blueprint_id != ID:
            return
        flow = orbit(patch_spawner)
        stored = next(iter(self.blueprints.history(ID, 1)), None)
        if stored is None or (patch_spawner is not None and stored.version != bp.content_hash(flow)):
            self.blueprints.write_new(ID, flow)

    async def _popped(self) -> Issue | None:
        """The next issue. Whoever is cancelled in this very moment does not keep it."""
        popping = asyncio.get_running_loop().run_in_executor(None, self.issues.pop_pending)
        try:
            return await asyncio.shield(popping)
        except asyncio.CancelledError:
            popping.add_done_callback(self._unpop)
            raise

    def _unpop(self, popped: asyncio.Future[Issue | None]) -> None:
        if not popped.cancelled() and popped.exception() is None and (issue := popped.result()) is not None:
            self.issues.give_back(issue.issue_id)

    async def _work(self, issue: Issue, token: CancelToken | None) -> LogEntry:
        told = await asyncio.to_thread(self._told_before, issue)
        if told is not None:
            return await asyncio.to_thread(self._settle, issue, told)
        setting = await asyncio.to_thread(self.settings.get, self._setting)
        for last in (False,) * (ROUNDS - 1) + (True,):
            head = await asyncio.to_thread(self.blueprints.read_head, issue.blueprint_id)
            run = self._run(issue, setting, head, token)  # not on a thread: nobody is cancelled between run and await
            ctx = unmasked(await run)
            concluded = commit.read(ctx)
            entry = self._entry(issue, concluded, ctx, run.id)
            try:
                if isinstance(concluded, commit.Commit):
                    await asyncio.to_thread(self._write, entry, concluded, ctx)
            except bp.HeadMoved as moved:
                if not last:
                    continue
                entry = msgspec.structs.replace(entry, new_hash="", status="rejected", reasons=(str(moved),))
            break
        await asyncio.to_thread(self.log.append, entry)
        return await asyncio.to_thread(self._settle, issue, entry)

    def _run(
        self, issue: Issue, setting: EnhanceSetting, head: bp.Traced[bp.Blueprint], token: CancelToken | None
    ) -> Run:
        earlier = self.issues.get(issue.issue_id).run_id
        run = self._resumed(earlier, head.trace.version, setting, token) if earlier else None
        if run is None:
            run = self._launched(issue, setting, head, token)
            self.issues.remember_run(issue.issue_id, run.id)
        return run

    def _launched(
        self, issue: Issue, setting: EnhanceSetting, head: bp.Traced[bp.Blueprint], token: CancelToken | None
    ) -> Run:
        flow = bp.resolve(self.blueprints, setting.blueprint_id, setting.version).value
        version = head.trace.version
        ctx = {
            "issue": msgspec.to_builtins(issue),
            "prev_bp_json": bp.to_json(head.value),
            "prev_hash": version,
            "epoch_id": {
                "blueprint_id": issue.blueprint_id,
                "start_version": version,
                "started_at_ms": int(self._clock() * 1000),
            },
            "verifiers": list(setting.verifier_axes),
        }
        return launch(flow, masked(ctx), **self._how(setting, token))

    def _resumed(self, run_id: str, head: str, setting: EnhanceSetting, token: CancelToken | None) -> Run | None:
        """The run of a process that died, gone on with; None if it is of no use any more."""
        try:
            if recall(run_id).ctx.get("prev_hash") != head:
                return None
            return resume(run_id, **self._how(setting, token))
        except (RunError, bp.BlueprintError):
            return None

    def _how(self, setting: EnhanceSetting, token: CancelToken | None) -> Common:
        return {"timeout": setting.ttl_secs, "token": token, **self._options}

    def _told_before(self, issue: Issue) -> LogEntry | None:
        """What became of it already, if a process died between its last acts: version, log, issue."""
        try:
            return self.log.get(issue.issue_id)
        except LogNotFound:
            pass
        run_id = self.issues.get(issue.issue_id).run_id
        try:
            past = recall(run_id) if run_id else None
        except RunError:
            return None
        if past is None or past.state != "done":
            return None
        ctx = unmasked(past.ctx)
        concluded = commit.read(ctx)
        if not isinstance(concluded, commit.Commit):
            return None
        for each in self.blueprints.history(issue.blueprint_id, SEARCHED):
            if each.version == concluded.new_version and ctx["prev_hash"] in each.trace.parents:
                entry = self._entry(issue, concluded, ctx, run_id)
                self.log.append(entry)
                return entry
        return None

    def _entry(self, issue: Issue, concluded: commit.Commit | commit.Refusal, ctx: Any, run_id: str) -> LogEntry:
        is_kept = isinstance(concluded, commit.Commit)
        return LogEntry(
            issue_id=issue.issue_id,
            blueprint_id=issue.blueprint_id,
            prev_hash=str(ctx.get("prev_hash", "")),
            new_hash=concluded.new_version if isinstance(concluded, commit.Commit) else "",
            intent=issue.intent,
            rationale=concluded.rationale,
            verdicts=concluded.verdicts_summary,
            status="applied" if is_kept else "rejected",
            reasons=concluded.reasons if isinstance(concluded, commit.Refusal) else (),
            ts_ms=int(self._clock() * 1000),
            run_id=run_id,
        )

    def _write(self, entry: LogEntry, concluded: commit.Commit, ctx: Any) -> None:
        """The new version. Raises: HeadMoved where somebody has written another one: that is not overwritten."""
        id = entry.blueprint_id
        made = commit.blueprint_of(concluded, f"Blueprint '{id}' as enhanced for {entry.issue_id}")
        epoch = msgspec.convert(ctx["epoch_id"], bp.EpochId)
        metadata = bp.CommitMetadata(epoch, concluded.rationale, bp.text_hash(compact(ctx.get("patch"))))
        self.blueprints.write_new(id, made, [entry.prev_hash], metadata)

    def _settle(self, issue: Issue, entry: LogEntry) -> LogEntry:
        """After the log, so that whoever sees an issue settled finds its entry."""
        denied = "; ".join(entry.reasons)
        why = denied if denied.startswith("head moved") else f"verifier deny: {denied}"
        status = Applied(entry.new_hash) if entry.status == "applied" else Rejected(why)
        self.issues.update_status(issue.issue_id, status)
        return entry


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
