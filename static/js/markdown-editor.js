// Markdown fields in the admin. Without this script they are plain fields, and all that is here can be typed.

import { apply, block } from "./edits.js";
import { askForFigure } from "./figure-dialog.js";
import { addPreview } from "./preview.js";
import { addPaste } from "./rich-paste.js";
import { addToolbar } from "./toolbar.js";

const FIELD = "textarea.markdownx-editor";

async function insertFigures(field, files = [null]) {
  for (const file of files) {
    const { value, selectionStart: start, selectionEnd: end } = field; // a field behind a dialog may forget its caret
    const code = await askForFigure(field, file);
    apply(field, code ? block(value, start, end, code) : { from: start, to: start, insert: "", select: [start, end] });
  }
}

function equip(field) {
  if (field.id.includes("__prefix__")) return; // the model of rows that may be added
  const say = addPreview(field);
  addToolbar(field, (target) => insertFigures(target));
  addPaste(field, { say, insertFigures });
}

for (const field of document.querySelectorAll(FIELD)) equip(field);
document.addEventListener("formset:added", ({ target }) => target.querySelectorAll(FIELD).forEach(equip));
