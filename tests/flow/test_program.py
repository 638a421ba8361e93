"""Programs: flat, with shared slots and addresses that fit."""

from __future__ import annotations

from flowbench.flow import Fan, compile, parse
from flowbench.flow.program import END, NEXT, STEP
from tests.flow.flows import attempt, branch, fan, let, lit, loop, path, seq, step


def test_one_slot_per_agent_wherever_it_is_called() -> None:
    program = compile(parse(seq(step("a"), fan(seq(step("b"), step("a"))), step("c"), step("b"))))

    assert program.refs == ["a", "b", "c"]
    assert [(op.ref, op.slot) for op in program.ops() if op.kind == STEP] == [
        ("a", 0),
        ("b", 1),
        ("a", 0),
        ("c", 2),
        ("b", 1),
    ]


def test_a_root_that_is_no_seq_has_the_address_of_a_first_child() -> None:
    program = compile(parse(step("a")))

    assert [op.suffix for op in program.code if op.kind == STEP] == ["0"]


def test_suffixes_start_anew_in_loops_and_fan_outs() -> None:
    inner = seq(step("a"), branch(lit(True), step("b"), attempt(step("c"), step("d"))))
    program = compile(parse(seq(loop(inner, 2), fan(inner), loop(step("e"), 1))))

    assert [op.suffix for op in program.ops() if op.kind == STEP] == [*[".0", ".1.t", ".1.e.b", ".1.e.c"] * 2, ""]


def test_every_jump_lands_inside_the_program() -> None:
    flow = seq(branch(lit(True), step("a"), seq()), loop(attempt(step("b")), 2), fan(loop(step("c"), 2)))

    program = compile(parse(flow))

    for code in (program.code, *(op.body.code for op in program.ops() if isinstance(op, Fan))):
        assert code[-1].kind == END
        assert all(-1 <= op.target < len(code) for op in code)
        assert all(code[op.target].kind not in (END, NEXT) for op in code if op.kind == NEXT)


def test_an_instruction_knows_the_paths_it_may_read() -> None:
    program = compile(parse(let("$.x", {"op": "or", "args": [path("$.a"), path("$.b.c")]})))

    assert program.code[0].paths == ("$.a", "$.b.c")
    assert program.code[-1].paths == ()
