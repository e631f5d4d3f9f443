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

// "#conv-size-1&size=112&stride=2&pool-size-1&size=50": a link to the first of these widgets, with
// the state of each, so that the Back button finds all of them.
function readAddress(id) {
  const parts = location.hash
    .slice(1)
    .split("&")
    .map((part) => decoded(part).split("="));
  const at = parts.findIndex((part) => part.length === 1 && part[0] === id);
  if (at < 0) return null;
  const next = parts.findIndex((part, i) => i > at && part.length === 1);
  return parts.slice(at + 1, next < 0 ? undefined : next).filter((part) => part.length === 2);
}
const addresses = new Map(); // id of a widget -> its part of the address, "" as the page came

function startWidget(el) {
  const spec = WIDGETS[el.dataset.gnWidget];
  if (!spec || el.dataset.gnLive) return;
  el.dataset.gnLive = "true";
  const alike = [...document.querySelectorAll(`[data-gn-widget="${el.dataset.gnWidget}"]`)];
  let place = alike.indexOf(el) + 1;
  const idAt = () => `${el.dataset.gnWidget.replaceAll("_", "-")}-${place}`;
  const taken = [...document.querySelectorAll(`#${CSS.escape(el.id || "-")}`)].some(
    (other) => other !== el && other.dataset.gnLive,
  );
  if (!el.id || taken) {
    // a page shown twice repeats its ids
    while (document.getElementById(idAt())) place++;
    el.id = idAt();
  }
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
  const region = el.firstElementChild; // each region has a name of its own
  if (place > 1 && region?.ariaLabel) region.ariaLabel += ` ${place}`;
  for (const { name } of wrong) el.gnType(name, showValue(given[name]));
  const link = () => {
    for (const [name, value] of readAddress(el.id) ?? []) el.gnType(name, value);
  };
  link();
  if (location.hash.slice(1).split("&")[0] === el.id) el.scrollIntoView();
  addEventListener("hashchange", link);
  const part = () =>
    settings() === start && readAddress(el.id) === null
      ? ""
      : el.id +
        spec.fields
          .map(
            ({ name }) =>
              `&${name}=${encodeURIComponent(showValue(model.get(name)).replaceAll(" ", ""))}`,
          )
          .join("");
  addresses.set(el.id, part);
  let timer = 0;
  el.addEventListener("gn-redraw", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!part()) return;
      const others = [...addresses].filter(([id]) => id !== el.id).map(([, other]) => other());
      try {
        history.replaceState(
          history.state,
          "",
          `#${[part(), ...others].filter(Boolean).join("&")}`,
        );
      } catch {
        /* a page that may not change its address still works */
      }
    }, 250);
  });
  el.gnStop = () => {
    clearTimeout(timer);
    addresses.delete(el.id);
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
