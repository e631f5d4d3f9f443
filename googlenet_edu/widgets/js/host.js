// The static page's host: puts a live widget in the place of each static rendering.
// A classic script, so that it also runs in a page opened from a folder (file://).

class PageModel {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const listener of [...(this.listeners.get(`change:${name}`) ?? [])]) listener();
  }
  save_changes() {}
  on(event, listener) {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event).add(listener);
  }
  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  } // a lone % in a link
}

// "#conv-size-1&size=112&stride=2": a link to this widget in this state.
function readAddress(id) {
  const [name, ...pairs] = location.hash.slice(1).split("&").map(decoded);
  if (name !== id) return null;
  return pairs.map((pair) => pair.split("=")).filter((pair) => pair.length === 2);
}

function startWidget(el) {
  const spec = WIDGETS[el.dataset.gnWidget];
  if (!spec || el.dataset.gnLive) return;
  el.dataset.gnLive = "true";
  const alike = [...document.querySelectorAll(`[data-gn-widget="${el.dataset.gnWidget}"]`)];
  const place = alike.indexOf(el) + 1;
  el.id ||= `${el.dataset.gnWidget.replaceAll("_", "-")}-${place}`;
  // A page written by hand may hold any value: each is read as if it were typed.
  const given = JSON.parse(el.dataset.gnState || "{}");
  const state = { lang: document.documentElement.lang.slice(0, 2), ...spec.initial, ...given };
  const wrong = (spec.fields ?? []).filter((field) => {
    const read = readField(field, showValue(state[field.name]), PANEL.en);
    state[field.name] = read.error ? spec.initial[field.name] : read.value;
    return read.error;
  });
  const model = new PageModel(state);
  const settings = () => JSON.stringify((spec.fields ?? []).map(({ name }) => model.get(name)));
  const start = settings();
  el.classList.remove("gn-widget", "gn-static", "gn-quiz");
  const stop = spec.render({ model, el });
  el.gnModel = model;
  if (!spec.fields) {
    el.gnStop = stop;
    return;
  } // a quiz has no settings to link to
  if (place > 1) el.firstElementChild.ariaLabel += ` ${place}`; // each region has a name of its own
  for (const { name } of wrong) el.gnType(name, showValue(given[name]));
  const link = () => {
    for (const [name, value] of readAddress(el.id) ?? []) el.gnType(name, value);
  };
  link();
  if (readAddress(el.id)) el.scrollIntoView();
  addEventListener("hashchange", link);
  let timer = 0;
  el.addEventListener("gn-redraw", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (settings() === start && readAddress(el.id) === null) return;
      const pairs = spec.fields
        .map(
          ({ name }) =>
            `&${name}=${encodeURIComponent(showValue(model.get(name)).replaceAll(" ", ""))}`,
        )
        .join("");
      try {
        history.replaceState(history.state, "", `#${el.id}${pairs}`);
      } catch {
        /* a page that may not change its address still works */
      }
    }, 250);
  });
  el.gnStop = () => {
    clearTimeout(timer);
    removeEventListener("hashchange", link);
    stop();
  };
}

// What fails to start keeps its static form.
function startOne(el) {
  const before = [el.innerHTML, el.className];
  try {
    startWidget(el);
  } catch (error) {
    [el.innerHTML, el.className] = before;
    console.error(error);
  }
}

function startAll() {
  document.querySelectorAll("[data-gn-widget]").forEach(startOne);
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
else startAll();
