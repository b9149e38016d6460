// What is written on the page of a merge is kept in this browser, and offered there and on the form, until it is what
// is saved.

const place = `merge:${location.pathname.replace(/[a-z]+\/$/, "")}`; // of both pages
const merging = document.querySelector(".merging");
const template = document.querySelector("template.written");

const plain = (text) => text.replaceAll("\r\n", "\n").trim();

// What this browser has under that key, as far as it stands in no field of this page.
function offer(key) {
  const fields = Object.entries(JSON.parse(localStorage.getItem(key)))
    .map(([name, text]) => [document.querySelector(`[name="${CSS.escape(merging ? `text-${name}` : name)}"]`), text])
    .filter(([field, text]) => !field || plain(field.value) !== plain(text));
  if (!fields.length) localStorage.removeItem(key);
  for (const [field, text] of fields) {
    const note = template.content.firstElementChild.cloneNode(true);
    note.querySelector("textarea").value = text;
    note.querySelector(".put").disabled = !field;
    note.querySelector(".put").addEventListener("click", () => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      note.remove();
    });
    note.querySelector(".discard").addEventListener("click", () => {
      localStorage.removeItem(key);
      note.remove();
    });
    template.before(note);
  }
}

if (template) for (const key of Object.keys(localStorage)) if (key.startsWith(place)) offer(key);

merging?.addEventListener("input", (event) => {
  if (!event.target.matches("textarea")) return;
  const texts = [...merging.querySelectorAll("textarea[name]")].map((area) => [area.name.replace("text-", ""), area.value]);
  try {
    // Another one for each state of the row, which others may save meanwhile.
    const key = `${place}${location.search}&revision=${merging.elements.revision.value}`;
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(texts)));
  } catch {
    // No room, or not allowed: then it is on this page alone.
  }
});
