// Markdown fields in the admin: a preview that the server renders, as the site would, and pictures by drop or paste.
// Events are caught on the document, so rows that are added later work too. No key is taken from the keyboard.

const FIELD = "textarea.markdownx-editor";
const PAUSE = 300; // milliseconds after the last key
const running = new WeakMap();

async function post(url, values, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(values)) body.append(name, value);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const response = await fetch(url, { method: "POST", body, signal, headers: { "X-CSRFToken": token } });
  const type = response.headers.get("Content-Type") || "";
  if (!type.startsWith("application/json")) throw new Error(`The server answered ${response.status}. Is it running?`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function say(field, text) {
  field.closest(".markdown-field").querySelector(".markdown-status").textContent = text;
}

function show(field, html) {
  const pane = field.closest(".markdown-field").querySelector(".markdown-preview");
  if (!pane.shadowRoot) {
    pane.attachShadow({ mode: "open" }).append(pane.querySelector("template").content.cloneNode(true));
  }
  pane.hidden = !html;
  pane.shadowRoot.querySelector(".prose").innerHTML = html;
}

async function preview(field) {
  running.get(field)?.abort();
  const control = new AbortController();
  running.set(field, control);
  try {
    const values = { content: field.value, prefix: field.dataset.prefix || "" };
    const { html, problems } = await post(field.dataset.markdownxUrlsPath, values, control.signal);
    say(field, problems.join(" "));
    show(field, html);
  } catch (error) {
    if (error.name !== "AbortError") say(field, `No preview: ${error.message}`);
  }
}

// The line breaks that are missing to a blank line between a figure and the text beside it.
const gap = (text, edge) => (text ? "\n".repeat(Math.max(0, 2 - text.match(edge)[0].length)) : "");

async function upload(field, files) {
  for (const file of files) {
    say(field, `Uploading ${file.name} …`);
    try {
      const { image_code } = await post(field.dataset.markdownxUploadUrlsPath, { image: file });
      field.focus();
      const [before, after] = [field.value.slice(0, field.selectionStart), field.value.slice(field.selectionEnd)];
      const text = gap(before, /\n*$/) + image_code + gap(after, /^\n*/);
      // The only way to insert that the field's undo knows.
      if (!document.execCommand("insertText", false, text)) field.setRangeText(text);
      say(field, "");
      preview(field);
    } catch (error) {
      say(field, `${file.name} was not stored: ${error.message}`);
    }
  }
}

const timers = new WeakMap();

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.(FIELD)) return;
  clearTimeout(timers.get(target));
  timers.set(target, setTimeout(preview, PAUSE, target));
});

for (const [event, source] of [["drop", "dataTransfer"], ["paste", "clipboardData"]]) {
  document.addEventListener(event, (happened) => {
    const files = happened[source]?.files;
    if (!happened.target.matches?.(FIELD) || !files?.length) return;
    happened.preventDefault();
    upload(happened.target, [...files]);
  });
}

for (const field of document.querySelectorAll(FIELD)) if (field.value) preview(field);
