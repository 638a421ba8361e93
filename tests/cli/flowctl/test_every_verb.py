"""Every verb: each one of the original, and each of its options, is there."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest

from flowbench.cli.flowctl.verbs import flowctl

VERBS = """\
init
detect
status --interrupted
doctor
validate --epic --all
state-path --task
migrate-state --clean
config get KEY
config set KEY VALUE
review-backend --compare --epic
parse-findings --file --epic --register --source
guard --layer
worker-prompt --task --tdd --review
completions SHELL
epic create --title --branch
epic set-plan EPIC --file
epic set-plan-review-status EPIC --status
epic set-completion-review-status EPIC --status
epic set-branch EPIC --branch
epic set-title EPIC --title
epic close EPIC --skip-gap-check
epic reopen EPIC
epic archive EPIC --force
epic clean
epic add-dep EPIC DEPENDS_ON
epic rm-dep EPIC DEPENDS_ON
epic set-backend EPIC --impl --review --sync
epic set-auto-execute EPIC --pending --done
task create --epic --title --deps --acceptance-file --priority --domain --files
task set-description TASK --file
task set-acceptance TASK --file
task set-spec TASK --file --description --acceptance
task reset TASK --cascade
task skip TASK --reason
task split TASK --titles --chain
task set-backend TASK --impl --review --sync
task show-backend TASK
task set-deps TASK --deps
dep add TASK DEPENDS_ON
dep rm TASK DEPENDS_ON
show ID
epics
tasks --epic --status --domain
list
cat ID
files --epic
lock --task --files
unlock --task --files --all
lock-check --file
ready --epic
next --epics-file --require-plan-review --require-completion-review
queue
start TASK --force --note
done TASK --summary-file --summary --evidence-json --evidence --force
block TASK --reason-file
restart TASK --dry-run --force
fail TASK --reason --force
worker-phase next --task --tdd --review
worker-phase done --task --phase
checkpoint save --epic
checkpoint restore --epic
checkpoint delete --epic
stats summary
stats epic --id
stats weekly --weeks
stats tokens --epic
stats bottlenecks --limit
stats dora
stats rollup
stats cleanup
gap add --epic --capability --title --priority --source --task
gap list --epic --status
gap resolve --epic --capability --id --evidence
gap check --epic
memory init
memory add TYPE TEXT
memory read --type
memory list
memory search PATTERN
memory inject --type --tags --full
memory verify ID
memory gc --days --dry-run
stack detect --dry-run
stack set --file
stack show
invariants init --force
invariants show
invariants check
ralph pause --run
ralph resume --run
ralph stop --run
ralph status --run
recover --epic --dry-run
rp windows
rp pick-window --repo-root
rp ensure-workspace --window --repo-root
rp builder --window --summary --response-type
rp prompt-get --window --tab
rp prompt-set --window --tab
rp select-get --window --tab
rp select-add PATHS --window --tab
rp chat-send --window --tab
rp prompt-export --window --tab
rp setup-review --repo-root --summary --response-type --create
prep-chat --message-file --mode --new-chat --chat-name --selected-paths -o
codex check
codex impl-review TASK --base --focus --receipt --sandbox --effort
codex plan-review EPIC --files --base
codex completion-review EPIC
codex adversarial --base --focus
reindex
export
import
outputs write TASK
outputs list
outputs show TASK
approvals create
approvals list
approvals show ID --wait
approvals approve ID
approvals reject ID
epic audit EPIC
epic plan EPIC --file
epic review EPIC --status
epic completion EPIC --status
task spec TASK --file
block TASK --reason
dag --epic
run TASK
review impl TASK --reviewer
""".splitlines()


def found(words: list[str]) -> click.Command | None:
    command: click.Command | None = flowctl
    for word in words:
        if not isinstance(command, click.Group):
            return None
        command = command.get_command(click.Context(command), word)
    return command


@pytest.mark.parametrize("line", VERBS)
def test_a_verb_is_there_with_its_options_and_arguments(line: str) -> None:
    words = [word for word in line.split() if word.islower() and not word.startswith("-")]
    options = {word for word in line.split() if word.startswith("-")}
    arguments = [word for word in line.split() if word.isupper() and not word.startswith("-")]
    command = found(words)

    assert command is not None
    assert not isinstance(command, click.Group)
    known = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    assert options - known == set()
    taken = [each for each in command.params if isinstance(each, click.Argument)]
    assert len(taken) >= len(arguments)
    assert sum(each.required for each in taken) <= len(arguments)


_READING = """\
detect, status, show, epics, tasks, list, cat, files, ready, next, queue, dag, epic audit, task show-backend
gap check, gap list, memory list, memory read, memory search, lock-check, worker-phase next, worker-prompt
validate, doctor, state-path, config get, stack show, guard, invariants check, invariants show, export
outputs list, outputs show, approvals list, approvals show, ralph status, completions
stats bottlenecks, stats dora, stats epic, stats summary, stats tokens, stats weekly
review-backend, prep-chat, codex check"""
READING = {words for line in _READING.splitlines() for words in line.split(", ")}
"""Verbs that change nothing of a project."""


def leaves(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for word in command.list_commands(context):
        below = command.get_command(context, word)
        assert below is not None
        yield from leaves(below, (*words, word))


def test_every_verb_that_changes_something_can_say_what_it_would_change() -> None:
    without = [words for words, verb in leaves(flowctl) if not any("--dry-run" in each.opts for each in verb.params)]

    assert [words for words in without if words not in READING and not words.startswith("rp ")] == []
