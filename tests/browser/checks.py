"""Questions to a page that several browser tests ask, as JavaScript."""

__all__ = ["CONTRAST", "OVERFLOW"]

# [[ratio, element], ...] of all texts whose contrast is below 4.5.
CONTRAST = """(root) => {
  const lum = (c) => { const v = c.map((x) => x / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const parse = (s) => s.match(/[\\d.]+/g).map(Number);
  const back = (e) => { for (let n = e; n; n = n.parentElement) { const c = parse(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...root.querySelectorAll("*")].filter((e) => !e.closest("[hidden]") && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
    const style = getComputedStyle(e);
    const ink = lum(parse(e.closest("svg") ? style.fill : style.color).slice(0, 3)), paper = lum(back(e));
    return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), e.outerHTML.slice(0, 90)];
  }).filter(([ratio]) => ratio < 4.5);
}"""

# What makes the page wider than the window, with the outermost culprits named.
OVERFLOW = """() => {
  const limit = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= limit) return [];
  return [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > limit + 1)
    .slice(0, 5).map((e) => `${e.tagName}.${e.className?.baseVal ?? e.className}`);
}"""
