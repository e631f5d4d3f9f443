// Boxes that scroll sideways can be reached and moved with the keyboard.
"use strict";
(() => {
  const LABELS = {
    "math-box": "Formula, scrolls sideways",
    output: "Output, scrolls sideways",
    "code-map-box": "Picture, scrolls sideways",
    "table-box": "Table, scrolls sideways",
  };

  function markBoxes() {
    for (const [name, label] of Object.entries(LABELS)) {
      for (const box of document.querySelectorAll(`.bd-article .${name}`)) {
        if (box.scrollWidth > box.clientWidth && !box.querySelector("a, button, input")) {
          box.tabIndex = 0;
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", label);
        } else if (box.getAttribute("aria-label") === label) {
          for (const one of ["tabindex", "role", "aria-label"]) box.removeAttribute(one);
        }
      }
    }
  }

  // The book's name in the side bar belongs to a landmark.
  const brand = document.querySelector(".bd-sidebar-primary .navbar-brand")?.parentElement;
  brand?.setAttribute("role", "navigation");
  brand?.setAttribute("aria-label", "To the introduction");
  // The arrow that unfolds a chapter's pages says whose.
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const chapter = summary.closest("li").querySelector("a").textContent.trim();
    summary.setAttribute("aria-label", `Pages of ${chapter}`);
  }
  document.fonts.ready.then(markBoxes);
  addEventListener("resize", markBoxes);
  markBoxes();
})();
