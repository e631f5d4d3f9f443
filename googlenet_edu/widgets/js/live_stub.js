// The living network's code is a script of its own, beside this one: it comes when a reader first
// sees the widget, whose static picture stays until then. Its weights come in the same way.

const SCRIPT_HOME = document.currentScript?.src || document.baseURI;
const besides = {};
function loadBeside(file) {
  return (besides[file] ??= new Promise((good, bad) => {
    document.head.append(
      h("script", { src: new URL(file, SCRIPT_HOME).href, onload: good, onerror: bad }),
    );
  }).catch((error) => {
    delete besides[file];
    throw error;
  }));
}

const live_network = {
  initial: { network: "digits" },
  fields: [{ name: "network", type: "choice", options: ["digits", "fashion"] }],
  render(context) {
    const { el } = context;
    let stop = () => {};
    el.classList.add("gn-widget", "gn-static");
    el.gnType = () => {};
    const start = () => {
      el.classList.remove("gn-widget", "gn-static");
      stop = WIDGETS.live_network.renderNow(context);
    };
    const watch = new IntersectionObserver(
      async (seen) => {
        if (!seen.some((one) => one.isIntersecting)) return;
        watch.disconnect();
        try {
          await loadBeside("googlenet-live.js");
        } catch {
          return;
        }
        if (stop) start();
      },
      { rootMargin: "300px" },
    );
    if (live_network.renderNow) start();
    else watch.observe(el);
    return () => {
      watch.disconnect();
      stop();
      stop = null;
    };
  },
};
