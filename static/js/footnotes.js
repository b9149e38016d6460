// Footnotes in pasted HTML: links to a place below that leads back. Word, Google Docs, Wikipedia and pandoc make them so.

const SIGN = /^\[?(?:\d{1,3}|[a-z]|[*†‡])\]?$/i;
const NOTE = "li, dd, p, div";

const fragment = (link) => decodeURI((link.getAttribute("href") || "").match(/#([^#]+)$/)?.[1] || "");

const isBefore = (one, other) => one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;

// Takes the notes, and the links between them and the text, out of `body`: {numbers: Map of the elements that refer to
// a note and its number, notes: [element, …]}.
export function takeFootnotes(body) {
  const places = new Map();
  for (const each of body.querySelectorAll("[id], a[name]")) {
    for (const name of [each.id, each.getAttribute("name")]) if (name && !places.has(name)) places.set(name, each);
  }
  const numbers = new Map();
  const notes = [];
  const links = [...body.querySelectorAll("a[href*='#']")].map((link) => {
    let place = null;
    try {
      place = places.get(fragment(link));
    } catch {
      // not a name at all
    }
    return { link, place };
  });
  for (const { link, place } of links) {
    const note = place?.closest(NOTE);
    const sign = link.textContent.trim();
    if (!note || !SIGN.test(sign) || !isBefore(link, note) || note.contains(link)) continue;
    if (!notes.includes(note)) notes.push(note);
    numbers.set(link.closest("sup") || link, notes.indexOf(note) + 1);
  }
  for (const { link, place } of links) {
    const note = notes.find((each) => each.contains(link));
    if (note && place && isBefore(place, link)) (link.closest("sup") || link).remove();
  }
  const homes = notes.map((note) => note.parentElement);
  for (const note of notes) note.remove();
  // What held nothing but notes, and the line above them.
  for (let home of homes) {
    while (home && home !== body && !home.textContent.trim() && !home.querySelector("img")) {
      const outer = home.parentElement;
      home.remove();
      home = outer;
    }
  }
  return { numbers, notes };
}
