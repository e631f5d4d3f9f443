// The sentences of googlenet_edu/words.json, which Python formats too. {name} stands for a value of
// the object given, {0} for the first argument, {n:,} for a number in groups of three.

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

function phrase(text) {
  if (typeof text === "object")
    return Object.fromEntries(Object.entries(text).map(([key, one]) => [key, phrase(one)]));
  if (!text.includes("{")) return text;
  return (...given) =>
    text.replace(/\{([\w.]+)(:,)?\}/g, (_, path, group) => {
      const [first, ...rest] = path.split(".");
      const value = rest.reduce(
        (from, key) => from[key],
        /^\d/.test(first) ? given[first] : given[0][first],
      );
      return group ? grouped(value) : value;
    });
}

// A section of the words in both languages, with what only code can say.
function wordsOf(section, more = {}) {
  const both = phrase(WORDS[section]);
  for (const [lang, words] of Object.entries(more)) Object.assign(both[lang], words);
  return both;
}
