"""The quiz widget: predictions and self-checks whose answers are tested.

The questions stand in quizzes/CHAPTER.json: one prediction and three to five checks. Each names
a Python expression that is true exactly when its answer is right, and a test evaluates it.
Every chapter uses it.
"""

import json
from functools import cache
from html import escape
from pathlib import Path

import traitlets

from ...architecture import HEAD_IMAGES
from .base import Choice, StaticForm

__all__ = ["Quiz", "quizzes"]


@cache
def quizzes():
    """Return {name: [question, ...]}: "chapter-predict" and "chapter" for every chapter."""
    found = {}
    for path in sorted((Path(__file__).parents[1] / "quizzes").glob("*.json")):
        chapter = json.loads(path.read_text(encoding="utf-8").replace("{HEAD_IMAGES}", HEAD_IMAGES))
        found[f"{path.stem}-predict"] = [chapter["predict"]]
        found[path.stem] = chapter["check"]
    return found


class Quiz(StaticForm):
    """One chapter's questions by name, as `Quiz("convolution")`; wrong names list the right ones.

    A quiz of one question is a prediction. Answers are not stored or sent anywhere.
    """

    _widget = "quiz"
    lang = Choice(("en", "zh"), "en").tag(sync=True)
    questions = traitlets.List(read_only=True).tag(sync=True)

    def __init__(self, name, **settings):
        if name not in quizzes():
            raise ValueError(f"no quiz {name!r}: there are {', '.join(quizzes())}.")
        super().__init__(**settings)
        self._name = name
        shown = ("question", "options", "answer", "why", "hint")
        self.set_trait("questions", [{k: q[k] for k in shown if k in q} for q in quizzes()[name]])

    def __repr__(self):
        return f"Quiz({self._name!r})"

    def static_html(self, name=None):
        """The questions with folded answers, readable without JavaScript."""
        state = escape(json.dumps({"questions": self.questions}, ensure_ascii=False), quote=True)
        where = f' id="{escape(name, quote=True)}"' if name else ""
        title = "Predict first" if len(self.questions) == 1 else "Check yourself"
        parts = []
        for question in self.questions:
            options = "".join(f"<li>{_code(option)}</li>" for option in question["options"])
            answer = question["options"][question["answer"]]
            parts.append(
                f"<p>{_code(question['question'])}</p><ul>{options}</ul>"
                f"<details><summary>Answer</summary><p><strong>{_code(answer)}</strong>: "
                f"{_code(question['why'])}</p></details>"
            )
        return (
            f'<div{where} class="gn-widget gn-static gn-quiz" data-gn-widget="quiz" '
            f'data-gn-state="{state}"><p><strong class="gn-title">{title}</strong></p>'
            f"{''.join(parts)}</div>"
        )


def _code(text):
    parts = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))
