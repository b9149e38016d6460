// What is pasted into or dropped on a Markdown field: files become figures, rich text becomes Markdown.

import { apply, block } from "./edits.js";
import { toMarkdown } from "./paste.js";
import { post } from "./server.js";

// Whether the Markdown says no more than the plain text: then the browser pastes that.
const isPlain = (markdown, text) => markdown.replace(/[\\\s]/g, "") === text.replace(/[\\\s\u00a0\u200b\ufeff]/g, "");

// What is no mere piece of a paragraph.
const BLOCKS = /\n|^(?:#|- |\d+\. |> |```|\||!\[)/;

const piece = (text, start, end) => {
  const caret = start + text.length;
  return { from: start, to: end, insert: text, select: [caret, caret] };
};

function fileOf({ source, alt }) {
  const [type, data] = source.slice("data:".length).split(";base64,");
  const bytes = Uint8Array.from(atob(data.replace(/\s/g, "")), (sign) => sign.charCodeAt(0));
  return new File([bytes], `${alt || "picture"}.${type.split("/")[1]}`, { type });
}

// The Markdown with its pictures uploaded; one that is refused leaves a sentence in `lost`.
async function withPictures(field, { markdown, lost, pictures }) {
  const codes = [];
  for (const picture of pictures) {
    try {
      const values = { image: fileOf(picture), ...(picture.alt && { alt: picture.alt.slice(0, 500) }) };
      codes.push((await post(field.dataset.markdownxUploadUrlsPath, values)).image_code);
      if (!picture.alt) lost.push("nobody told what a picture shows: give it its alternative text under Images");
    } catch (error) {
      codes.push("");
      lost.push(`a picture (${error.message})`);
    }
  }
  return markdown.replace(/!\[\]\(pasted:(\d+)\)/g, (_, at) => codes[at]);
}

export function addPaste(field, { say, insertFigures }) {
  const report = field.closest(".markdown-field").querySelector(".markdown-pasted");
  const sentence = report.querySelector("p");
  const instead = document.createElement("button");
  instead.type = "button";
  instead.textContent = "Paste as plain text instead";

  function tell(lost, start, end, plain) {
    sentence.textContent = `Pasted as Markdown. ${lost.length ? `Not kept: ${[...new Set(lost)].join("; ")}.` : "All of it was kept."}`;
    instead.onclick = () => {
      apply(field, piece(plain, start, end));
      sentence.textContent = "";
    };
    report.append(instead);
    // Once something else is typed nobody knows where the paste ends.
    field.addEventListener("input", () => instead.remove(), { once: true });
  }

  async function pasteRich(result, plain) {
    const waits = result.pictures.length > 0;
    if (waits) say("Uploading the pictures …");
    field.readOnly = waits;
    const markdown = await withPictures(field, result);
    field.readOnly = false;
    if (waits) say("");
    const { value, selectionStart: start, selectionEnd: end } = field;
    const edit = BLOCKS.test(markdown) ? block(value, start, end, markdown) : piece(markdown, start, end);
    apply(field, edit);
    tell(result.lost, edit.from, edit.from + edit.insert.length, plain);
  }

  field.addEventListener("paste", (event) => {
    const { files } = event.clipboardData;
    const html = event.clipboardData.getData("text/html");
    const plain = event.clipboardData.getData("text/plain");
    const result = html ? toMarkdown(html) : null;
    // An office program also brings a picture of what was copied; a copied picture also brings HTML around it.
    if (result?.markdown && !(files.length && /^!\[\]\(pasted:0\)$/.test(result.markdown))) {
      if (isPlain(result.markdown, plain)) return;
      event.preventDefault();
      pasteRich(result, plain);
    } else if (files.length) {
      event.preventDefault();
      insertFigures(field, [...files]);
    }
  });

  field.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    insertFigures(field, [...event.dataTransfer.files]);
  });
}
