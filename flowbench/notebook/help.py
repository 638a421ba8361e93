"""Help: what `%fb help` prints. No line is longer than the output of a narrow cell."""

TEXT = """\
%%blueprint NAME [--show]    the cell (YAML, JSON or Python) becomes the Blueprint in NAME;
                             --show draws it; --yaml, --json, --python say what it is

%fb run NAME [options]       run a Blueprint and wait; the Run is left in `run`
%fb resume RUN [options]     go on with a recorded run; recorded steps do not run again
%fb rerun RUN --at STEP      run this step again, and what depends on it, as a new run
%fb graph NAME | RUN         draw a Blueprint, or a run as it is now
%fb lint NAME                what is likely not meant in a Blueprint, and what to do about it
%fb explain NAME [options]   per agent: layers, operator kind, prompt, token; nothing runs
%fb agents [NAME]            who can do a step: how it runs, where it is defined, who uses it
%fb runs                     all recorded runs, the newest first
%fb ctx [RUN] [STEP]         the ctx of the newest run, or of the step where it pauses; with
                             the address of a step, such as 2.f0, what that found and left
%fb diff [RUN] [A [B]]       what changed in ctx: by step A, from A to B, from start to end;
                             `%fb diff RUN RUN` compares two runs
%fb abort [RUN]              stop the newest live run, or the one named
%fb step [next | go | abort | set PATH JSON]
                             after `run --step`: one step, on to the end, stop, write the ctx
%fb grep PATTERN [PATH]      lines of files that fit a regular expression; `foo(` is found, too
%fb glob PATTERN [PATH]      files by their paths: *.py, src/**/test_*.py
%fb fuzzy LETTERS [PATH]     files by some of their letters, the best first
%fb ast PATTERN [PATH]       code by its shape: isinstance($A, $B); --rewrite shows the diff
%fb sh COMMAND               in the notebook's own bash, which keeps its folder and variables
%fb terminal [COMMAND]       a shell, or this command, on a live terminal, left in `terminal`;
                             the cell does not wait, and the last lines stay as text
%fb help                     this list

A RUN is a part of its id or the variable that holds it. --out NAME leaves what a word gives
in a variable: the Run of run, resume and rerun, the values of the others.

Options of run, resume and rerun:
  --out NAME                 leave the Run in this variable too
  --bg                       do not wait: the cell ends at once, the run goes on
  --timeout S                stop the run after S seconds
  --limit N                  at most N step bodies at once; else plain functions cores + 4,
                             steps that start a process cores, async functions no limit
  --on-abort stop|continue   when the run is aborted: the cell fails and queued cells do not
                             run (stop, the default), or the notebook goes on (continue)
  --answers VALUE            what answers questions to people: a policy in a variable, JSON or
                             a file; what it leaves open is asked in the run's panel
  --operator NAME            who stands behind the agents, in a variable; else it is you
                             (explain knows --ctx, --answers, --operator, --out)
Options of lint alone, each as often as you like:
  --allow RULE               say nothing of what this rule finds
  --warn RULE                what it finds is a warning
  --deny RULE                what it finds is an error
Options of rerun alone:
  --at STEP|AGENT            the address of a step, such as 2.f0, or an agent: all its visits
  --with NAME                go on with this Blueprint; what is recorded before its first
                             difference stays
  --set PATH=JSON            write this into the ctx that the step sees
Options of run alone:
  --ctx VALUE                what the run begins with: a variable, JSON or a Python expression
  --step                     pause before each step; buttons or `%fb step` go on
  --check off|warn|fail      look at it with lint first: say it, or refuse to run with an error
  --durability memory|process|power
                             the journal: none; survives the kernel (the default); survives
                             a power cut, and is slower
A PATH is one, or a variable that holds one. Each word gives its result; a Stop ends it alone.
Options of grep, glob, fuzzy, ast and sh:
  --out NAME                 leave the result in this variable, too
  --timeout S                stop it after S seconds
  --max N                    at most so many; files that git ignores are left out unless
  --no-ignore                all files count; --hidden those whose names begin with a dot
  --hidden                   (glob and fuzzy; grep and ast look into them anyway)
  --glob G                   only in files with such paths (grep, ast)
  --type T                   files of a kind (grep: py, js, md, ...; glob: file, dir, symlink)
  --context N                N lines around each match (grep; -i: case does not matter)
  --files                    only which files (grep)
  --count                    only how often in each file (grep)
  --multiline                a match may go over lines (grep)
  --latest                   what was changed last comes first, with time and size (glob)
  --lang L                   read all files as this language (ast)
  --rewrite TEMPLATE         what stands there instead, e.g. type($A) is $B; a dry run (ast)
  --apply                    write it into the files
  --new                      begin a new session (sh)

A small one; @fb.agent makes a function an agent, which steps name as `ref`:
%%blueprint demo
id: demo
flow: {kind: step, ref: my_function, in: $.x, out: $.y}

The same in Python: %%blueprint demo
step(my_function, in_=ctx.x, out=ctx.y)

Nodes: step ref/in/out, seq children, branch cond/then/else, fanout items/bind/body/join/out,
       loop counter/cond/body/max, try body/catch/err_at, assign at/value"""
