"""Policies: rules out of a dict, a file or a text that answer what nobody is there to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowbench.engine import BadAnswer, Policy, PolicyError, Question, Reply, policy, reply, told

APPROVAL = Question("approve", "Send the letter?", face="hook", agent="mail", address="2.f0")
CHOICE = Question("choice", "Which size?", ("small", "large"), "small", face="operator", agent="size", address="1")
JSON = Question("json", "What is the answer?", face="bridge", agent="count", address="3")


@pytest.mark.parametrize(
    ("rule", "question", "said"),
    [
        ({"approve": True}, APPROVAL, Reply(ok=True, by="policy", rule="answers.rules[0]")),
        ({"approve": "fine"}, APPROVAL, Reply(ok=True, by="policy", rule="answers.rules[0]", reason="fine")),
        ({"reject": "no"}, APPROVAL, Reply(ok=False, by="policy", rule="answers.rules[0]", reason="no")),
        ({"reject": True}, JSON, Reply(ok=False, by="policy", rule="answers.rules[0]")),
        ({"answer": "large"}, CHOICE, Reply("large", by="policy", rule="answers.rules[0]")),
        ({"answer": [1, None]}, JSON, Reply([1, None], by="policy", rule="answers.rules[0]")),
        ({"default": True}, CHOICE, Reply("small", by="policy", rule="answers.rules[0]")),
        ({"agent": "m*l", "approve": True}, APPROVAL, Reply(by="policy", rule="answers.rules[0]")),
        ({"address": "2.f?", "approve": True}, APPROVAL, Reply(by="policy", rule="answers.rules[0]")),
        ({"question": "*LETTER*", "approve": True}, APPROVAL, Reply(by="policy", rule="answers.rules[0]")),
        ({"face": "bridge", "answer": 3}, JSON, Reply(3, by="policy", rule="answers.rules[0]")),
        ({"agent": "size", "approve": True}, APPROVAL, None),
        ({"approve": True}, CHOICE, None),
        ({"answer": "x"}, APPROVAL, None),
        ({"face": "hook", "reject": True}, JSON, None),
    ],
)
def test_a_rule_answers_what_it_matches_and_fits(rule: Any, question: Question, said: Reply | None) -> None:
    assert policy({"rules": [rule]}).decide(question) == said


def test_the_first_rule_that_matches_counts_and_then_otherwise() -> None:
    rules = policy(
        {"rules": [{"agent": "mail", "reject": "first"}, {"agent": "*", "approve": True}], "otherwise": "default"}
    )

    first, other = rules.decide(APPROVAL), rules.decide(CHOICE)

    assert first is not None
    assert (first.ok, first.reason) == (False, "first")
    assert other == Reply("small", by="policy", rule="answers.otherwise")
    with pytest.raises(
        BadAnswer, match=r"agent 'count' at 3: answers.otherwise takes the default, and the question has"
    ):
        rules.decide(JSON)


@pytest.mark.parametrize("otherwise", ["ask", "refuse"])
def test_what_no_rule_answers_is_left(otherwise: str) -> None:
    assert policy({"otherwise": otherwise}).decide(CHOICE) is None


def test_an_answer_that_does_not_fit_names_its_rule_and_what_was_meant() -> None:
    rules = policy([{"agent": "size", "answer": "smal"}])

    with pytest.raises(BadAnswer, match=r"agent 'size' at 1: answers\[0\].answer 'smal' is none .* mean 'small'\?"):
        rules.decide(CHOICE)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rule": []}, "answers.rule: no such key; did you mean 'rules'?"),
        ({"rules": {}}, "answers.rules: a list of rules is expected, not {}"),
        ({"rules": [3]}, "answers.rules[0]: a rule is a mapping, such as {'agent': '*', 'approve': True}; not 3"),
        ({"rules": [{"aprove": True}]}, "answers.rules[0].aprove: no such key; did you mean 'approve'?"),
        ([{"agent": "a"}], "answers[0]: it says nothing to do; a rule has one of answer, approve, reject, default"),
        ([{"approve": True, "answer": 1}], "answers[0]: it says answer and approve; a rule has one of"),
        ([{"agent": 3, "approve": True}], "answers[0].agent: a text with * and ? is expected, not 3"),
        ([{"face": "brige", "answer": 1}], "answers[0].face: no face 'brige'; did you mean 'bridge'?"),
        ([{"approve": False}], "answers[0].approve: true or a reason is expected, not False"),
        ([{"default": "x"}], "answers[0].default: true is expected, not 'x'; a value of your own is an answer"),
        ({"otherwise": "denied"}, "answers.otherwise: 'denied' is nothing to do; "),
        (3, "answers: a policy has rules, such as"),
    ],
)
def test_what_is_wrong_in_a_policy_is_told_with_its_place(given: Any, message: str) -> None:
    with pytest.raises(PolicyError) as raised:
        policy(given)

    assert message in str(raised.value)


def test_a_file_is_yaml_or_json_and_its_mistakes_have_lines(tmp_path: Path) -> None:
    good, bad, odd = (tmp_path / name for name in ("good.yaml", "bad.json", "odd.yaml"))
    good.write_text("rules:\n- agent: mail\n  approve: as always\notherwise: refuse\n")
    bad.write_text('{"rules": [\n  {"agnt": "mail", "approve": true}\n]}')
    odd.write_text("rules: [\n")

    read = policy(good)

    assert read.otherwise == "refuse"
    assert read.decide(APPROVAL) == Reply(by="policy", rule=f"{good}.rules[0]", reason="as always")
    assert policy('{"otherwise": "approve"}').decide(APPROVAL) is not None
    with pytest.raises(PolicyError, match=rf"{bad}, line 2: \$.rules\[0\].agnt: no such key; did you mean 'agent'"):
        policy(bad)
    with pytest.raises(PolicyError, match=f"{odd}: line"):
        policy(str(odd))
    with pytest.raises(PolicyError, match=r"answers: cannot read .*missing.yaml: No such file"):
        policy(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("question", "said", "words"),
    [
        (APPROVAL, Reply(by="button", seconds=3.21), "approved by button after 3.2 s"),
        (APPROVAL, Reply(ok=False, by="terminal", seconds=1, reason="no"), "rejected by terminal after 1.0 s: no"),
        (CHOICE, Reply("small", by="policy", rule="p.yaml.rules[1]"), "answered by policy (p.yaml.rules[1])"),
        (JSON, Reply(ok=False, by="button", seconds=2), "declined by button after 2.0 s"),
        (
            Question("approve", "?", timeout=5),
            Reply(by="timeout", seconds=5),
            "approved by default: nobody answered within 5 s",
        ),
    ],
)
def test_an_answer_is_told_in_a_few_words(question: Question, said: Reply, words: str) -> None:
    assert told(question, said) == words


@pytest.mark.parametrize(
    ("question", "value", "message"),
    [
        (APPROVAL, "yes", "the answer to an approval is true or false, not 'yes'"),
        (CHOICE, 3, "the answer to a question of kind choice is a text, not 3"),
        (JSON, {1, 2}, "the answer is no JSON"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(question: Question, value: Any, message: str) -> None:
    with pytest.raises(BadAnswer, match=message):
        reply(question, value)


def test_a_policy_is_a_policy() -> None:
    made = Policy(otherwise="approve")

    assert policy(made) is made
