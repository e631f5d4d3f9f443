"""Every quiz answer is true, and its sentences are complete."""

import pytest
import torch

from googlenet_edu import architecture, costs, layers, model, norms, sizes
from googlenet_edu.train import bn_versus_lrn
from googlenet_edu.widgets.python.quiz import Quiz, quizzes


def refuses(function, *args, **kwargs):
    try:
        function(*args, **kwargs)
    except (ValueError, RuntimeError, TypeError):
        return True
    return False


# What an expression may name: the module's public functions, torch and nn.
NAMES = {"refuses": refuses, "torch": torch, "nn": torch.nn}
NAMES |= {"load": bn_versus_lrn.load, "select": bn_versus_lrn.select}
for module in (sizes, architecture, layers, model, norms, costs):
    NAMES |= {name: getattr(module, name) for name in module.__all__}


@pytest.mark.parametrize("name", quizzes())
def test_every_answer_is_checked_by_an_expression(name):
    assert len(quizzes()[name]) == 1 or 3 <= len(quizzes()[name]) <= 5
    for question in quizzes()[name]:
        assert eval(question["check"], dict(NAMES)) is True, question["question"]
        assert 0 <= question["answer"] < len(question["options"])
        assert len(set(question["options"])) == len(question["options"]) >= 3
        assert question["why"].endswith(".") and question["hint"].endswith((".", "?"))
        for text in (question["question"], question["why"], *question["options"]):
            assert text.count("`") % 2 == 0


def test_the_answer_is_not_always_in_the_same_place():
    places = [q["answer"] for questions in quizzes().values() for q in questions]
    assert len(set(places)) > 1


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(ValueError, match="no quiz 'pool'.*pooling"):
        Quiz("pool")


def test_static_form_holds_every_question_and_answer():
    html = Quiz("convolution").static_html()
    assert html.count("<details>") == len(quizzes()["convolution"])
    assert repr(Quiz("convolution")) == "Quiz('convolution')"
