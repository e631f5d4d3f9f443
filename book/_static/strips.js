// Strips of pictures: one at a time, with two buttons. Without this script all pictures are shown.
"use strict";
(() => {
  for (const strip of document.querySelectorAll(".bd-article .gc-strip")) {
    const figures = [...strip.children];
    if (figures.length < 8) continue; // a handful is seen better side by side
    let at = 0;
    const bar = document.createElement("div");
    bar.className = "gc-strip-bar";
    const button = (words, step) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = words;
      made.addEventListener("click", () => show(at + step));
      return made;
    };
    const back = button("Back", -1);
    const on = button("Next", 1);
    const where = document.createElement("output");
    bar.append(back, where, on);
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", strip.getAttribute("aria-label"));

    function show(next) {
      at = Math.min(Math.max(next, 0), figures.length - 1);
      figures.forEach((figure, i) => figure.classList.toggle("gc-strip-away", i !== at));
      // aria-disabled, not disabled: the focus stays where it is.
      back.setAttribute("aria-disabled", at === 0);
      on.setAttribute("aria-disabled", at === figures.length - 1);
      const name = figures[at].querySelector("strong").textContent;
      where.textContent = `${at + 1} of ${figures.length}: ${name}`;
    }

    bar.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -at, End: figures.length }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      show(at + step);
    });
    strip.before(bar);
    strip.classList.add("gc-strip-steps");
    strip.removeAttribute("tabindex"); // one picture does not scroll
    show(0);
  }
})();
