// A self-check quiz or a prediction: choose, commit, read why. Nothing is stored or sent.

const QUIZ_WORDS = wordsOf("quiz");

function quizText(node, text) {
  // `code` in backticks, everything else plain text: nothing is read as HTML.
  node.append(...text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
  return node;
}

function renderQuiz({ model, el }) {
  const lang = model.get("lang") in QUIZ_WORDS ? model.get("lang") : "en";
  const t = QUIZ_WORDS[lang];
  const id = nextId();
  const questions = model.get("questions");
  const title = questions.length === 1 ? t.predict : t.title;
  const root = outer(
    " gn-quiz",
    title,
    lang,
    h("div", { class: "gn-head" }, h("strong", { class: "gn-title" }, title)),
  );
  const score = h("p", { class: "gn-score", "aria-live": "polite" });
  const first = new Map();
  questions.forEach((question, index) => {
    const feedback = h("output", { class: "gn-feedback", "aria-live": "polite" });
    const inputs = question.options.map((_, i) =>
      h("input", { type: "radio", name: `${id}-${index}`, value: i, id: `${id}-${index}-${i}` }),
    );
    const legend = h("legend", {});
    if (questions.length > 1)
      legend.append(
        h("span", { class: "gn-muted" }, `${t.question(index + 1, questions.length)} `),
      );
    quizText(legend, question.question);
    const form = h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          const chosen = inputs.findIndex((input) => input.checked);
          feedback.replaceChildren();
          if (chosen < 0) return feedback.append(t.choose);
          const right = chosen === question.answer;
          if (!first.has(index)) first.set(index, right);
          form.classList.toggle("gn-right", right);
          form.classList.toggle("gn-wrong", !right);
          feedback.append(h("strong", {}, right ? `✓ ${t.right} ` : `✗ ${t.wrong} `));
          quizText(feedback, right ? question.why : question.hint || question.why);
          if (questions.length > 1 && first.size === questions.length)
            score.textContent = t.score(
              [...first.values()].filter(Boolean).length,
              questions.length,
            );
        },
      },
      h(
        "fieldset",
        {},
        legend,
        ...question.options.map((option, i) =>
          h(
            "label",
            { class: "gn-option", for: `${id}-${index}-${i}` },
            inputs[i],
            quizText(h("span", {}), option),
          ),
        ),
      ),
      h("button", { type: "submit" }, t.commit),
      feedback,
    );
    root.append(form);
  });
  root.append(score);
  el.replaceChildren(root);
  return () => el.replaceChildren();
}

const quiz = { render: renderQuiz };
