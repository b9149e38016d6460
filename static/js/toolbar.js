// The toolbar above a Markdown field, and its keys. Tab always leaves: the toolbar is one stop, arrows go through it.

import { apply, EDITS, nextItem } from "./edits.js";
import { rove } from "./roving.js";

// [name, label, shortcut behind Ctrl or Cmd]. Letters behind Alt and digits are meant as keys, whatever they type.
const ACTIONS = [
  ["heading", "Heading", "Alt+2"],
  ["bold", "Bold", "B"],
  ["italic", "Italic", "I"],
  ["bullets", "List", "Shift+8"],
  ["numbers", "Numbered list", "Shift+7"],
  ["link", "Link", "K"],
  ["code", "Code", "E"],
  ["formula", "Formula", "Alt+M"],
  ["figure", "Figure", "Alt+G"],
  ["table", "Table", "Alt+B"],
  ["footnote", "Footnote", "Alt+F"],
  ["note", "Note", "Alt+N"],
  ["takeaways", "Takeaways", "Alt+Y"],
  ["scores", "Scores", "Alt+S"],
  ["term", "Term", "Alt+E"],
];
const isMac = navigator.platform.startsWith("Mac");

function isPressed(event, shortcut) {
  const parts = shortcut.split("+");
  const key = parts.pop();
  const meant = parts.includes("Alt") || /\d/.test(key) ? event.code.replace(/^(Key|Digit)/, "") : event.key.toUpperCase();
  return meant === key && event.altKey === parts.includes("Alt") && event.shiftKey === parts.includes("Shift");
}

// A term is nothing that is typed: its form opens with what is selected as its name.
function term(field) {
  const name = field.value.slice(field.selectionStart, field.selectionEnd).trim();
  window.open(`${field.dataset.termUrl}?${new URLSearchParams({ name })}`, "_blank", "noopener");
}

// `insertFigure(field)` is what the figure button does.
export function addToolbar(field, insertFigure) {
  const bar = document.createElement("div");
  bar.className = "markdown-toolbar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Markdown");
  bar.setAttribute("aria-controls", field.id);

  function act(name) {
    if (name === "figure") insertFigure(field);
    else if (name === "term") term(field);
    else apply(field, EDITS[name](field.value, field.selectionStart, field.selectionEnd));
  }

  const buttons = ACTIONS.map(([name, label, shortcut], index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.title = `${label} (${isMac ? "Cmd" : "Ctrl"}+${shortcut})`;
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-keyshortcuts", `${isMac ? "Meta" : "Control"}+${shortcut}`);
    button.tabIndex = index ? -1 : 0;
    button.addEventListener("click", () => act(name));
    return button;
  });
  bar.append(...buttons);
  rove(bar, buttons);
  field.before(bar);

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.getModifierState("AltGraph")) return;
    if (isMac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) {
      const action = ACTIONS.find(([, , shortcut]) => isPressed(event, shortcut));
      if (!action) return;
      event.preventDefault();
      act(action[0]);
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      const edit = nextItem(field.value, field.selectionStart, field.selectionEnd);
      if (!edit) return;
      event.preventDefault();
      apply(field, edit);
    }
  });
}
