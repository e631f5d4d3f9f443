// The sentences of googlenet_edu/words.json; checks.filled in Python reads the same places.
// {name} stands for a value of the object given, {name.0} for a part of it, {0} for the first
// argument; {n:,} in groups of three, {x:6} with 6 significant digits (of a list the first 8
// numbers), {n:MB} as megabytes, {text:q} in quotation marks; {list/、} says what stands between;
// {flag?yes|no} is one of two texts.

const PLACE = /\{([\w.]+)(?::([^}/?]+))?(?:\/([^}]*))?(?:\?([^|}]*)\|([^}]*))?\}/g;

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
// 6 significant digits; of a list the first 8 numbers.
const shortNumber = (x) => String(Number(x.toPrecision(6)));
const listText = (values) =>
  values.slice(0, 8).map(shortNumber).join(", ") + (values.length > 8 ? ", ..." : "");
// n / unit with two digits, as Python writes it: halves go to the even neighbor.
function fixed2(n, unit) {
  const hundredths = n / (unit / 100),
    low = Math.floor(hundredths);
  return hundredths - low === 0.5 && ((n / unit) * 8) % 1 === 0
    ? ((low + (low % 2)) / 100).toFixed(2)
    : (n / unit).toFixed(2);
}
const FORMATS = {
  ",": grouped,
  6: (x) => (Array.isArray(x) ? listText(x) : shortNumber(x)),
  MB: (n) => fixed2(n, 1e6),
  q: (text) => `'${text}'`,
};

function filled(text, given) {
  return text.replace(PLACE, (_, path, format, between = ", ", yes = "", no = undefined) => {
    const [first, ...rest] = path.split(".");
    const start = /^\d/.test(first) ? given[first] : given[0][first];
    const value = rest.reduce((from, key) => from[key], start);
    if (no !== undefined) return value ? yes : no;
    const write = FORMATS[format] ?? String;
    return Array.isArray(value) && format !== "6"
      ? value.map((one) => write(one)).join(between)
      : write(value);
  });
}

// A section of the words in both languages; sentences with places are functions of their values.
const wordsOf = (section) => phrase(WORDS[section]);
function phrase(text) {
  if (typeof text === "object")
    return Object.fromEntries(Object.entries(text).map(([key, one]) => [key, phrase(one)]));
  return text.includes("{") ? (...given) => filled(text, given) : text;
}
