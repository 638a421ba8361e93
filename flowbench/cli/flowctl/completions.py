"""Completions: scripts that let a shell complete flowctl's words, by asking flowctl itself."""

from __future__ import annotations

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    split_arg_string,
)

from flowbench.cli.flowctl.answer import Answer
from flowbench.cli.flowctl.calling import VARIABLE
from flowbench.cli.flowctl.naming import JSON
from flowbench.cli.flowctl.session import Session
from flowbench.cli.flowctl.verb import verb

ELVISH = """\
use str
set edit:completion:arg-completer[%(prog_name)s] = {|@words|
    var line = (str:join " " $words)
    env COMP_WORDS=$line %(complete_var)s=elvish_complete %(prog_name)s | from-lines | each {|found|
        var word help = (str:split &max=2 "\\t" $found)
        edit:complex-candidate $word &display=$word" "$help
    }
}
"""

POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($word, $line, $cursor)
    $env:COMP_WORDS = $line.ToString().Substring(0, [Math]::Min($cursor, $line.ToString().Length))
    if ($word -eq "") { $env:COMP_WORDS += " " }
    $env:%(complete_var)s = "powershell_complete"
    %(prog_name)s | ForEach-Object {
        $found, $help = $_ -split "`t", 2
        if (-not $help) { $help = $found }
        [System.Management.Automation.CompletionResult]::new($found, $found, "ParameterValue", $help)
    }
    $env:%(complete_var)s = ""
    $env:COMP_WORDS = ""
}
"""


class _Words(ShellComplete):
    """Any shell. `--json` may stand anywhere, and no command knows it."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        return super().get_completions([word for word in args if word != JSON], incomplete)


class Bash(_Words, BashComplete):
    pass


class Zsh(_Words, ZshComplete):
    pass


class Fish(_Words, FishComplete):
    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )  # a help with a comma is one help


class _Line(_Words):
    """Shells that hand over the line up to the cursor, and want a word and its help on each line."""

    def get_completion_args(self) -> tuple[list[str], str]:
        import os

        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        incomplete = words.pop() if words and not line.endswith(" ") else ""
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        return f"{item.value}\t{item.help or ''}"


class ElvishComplete(_Line):
    name = "elvish"
    source_template = ELVISH


class PowershellComplete(_Line):
    name = "powershell"
    source_template = POWERSHELL


SHELLS: dict[str, type[ShellComplete]] = {
    "bash": Bash,
    "zsh": Zsh,
    "fish": Fish,
    "elvish": ElvishComplete,
    "powershell": PowershellComplete,
}


@verb()
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completions(session: Session, shell: str) -> Answer:
    """Print the script that completes flowctl's words in SHELL.

    \b
    bash:        eval "$(flowctl completions bash)"           in ~/.bashrc
    zsh:         eval "$(flowctl completions zsh)"            in ~/.zshrc
    fish:        flowctl completions fish | source            in ~/.config/fish/config.fish
    elvish:      eval (flowctl completions elvish | slurp)    in ~/.config/elvish/rc.elv
    powershell:  flowctl completions powershell | Out-String | Invoke-Expression    in $PROFILE
    """
    from flowbench.cli.flowctl.verbs import flowctl

    made = SHELLS[shell](flowctl, {}, "flowctl", VARIABLE)
    return Answer({}, ShellComplete.source(made), is_raw=True)  # click's own for bash starts a bash to ask its version


def register() -> None:
    """Lets click answer the shells in our way, also those that it does not know."""
    from click.shell_completion import add_completion_class

    for name, each in SHELLS.items():
        add_completion_class(each, name)
