// The dialog that uploads a picture or film with what there is to say of it.

import { showModal } from "./modal.js";
import { post } from "./server.js";

let dialog = null; // one for the page

function made(field) {
  const template = field.closest(".markdown-field").querySelector("template.figure-dialog");
  document.body.append(template.content.cloneNode(true));
  dialog = document.body.querySelector("dialog.figure-dialog");
  const { alt, decorative } = dialog.querySelector("form").elements;
  decorative.addEventListener("change", () => {
    alt.disabled = decorative.checked;
  });
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  return dialog;
}

// Ask for a figure, with `file` chosen already if there is one: the Markdown that shows it, or "" if it was given up.
export function askForFigure(field, file = null) {
  dialog ??= made(field);
  const form = dialog.querySelector("form");
  const { image, alt } = form.elements;
  const alert = dialog.querySelector("[role=alert]");
  form.reset();
  alt.disabled = false;
  alert.textContent = "";
  if (file) {
    const chosen = new DataTransfer();
    chosen.items.add(file);
    image.files = chosen.files;
  }
  return new Promise((resolve) => {
    let code = "";
    const upload = new AbortController();
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (form.ariaBusy === "true") return;
      form.ariaBusy = "true";
      alert.textContent = "";
      try {
        const values = { alt: "", ...Object.fromEntries(new FormData(form)) };
        code = (await post(field.dataset.markdownxUploadUrlsPath, values, upload.signal)).image_code;
        dialog.close();
      } catch (error) {
        if (error.name === "AbortError") return; // nobody waits for it
        alert.textContent = `Not stored: ${error.message}`;
      } finally {
        form.ariaBusy = "false";
      }
    };
    showModal(dialog).then(() => {
      upload.abort();
      resolve(code);
    });
    (file ? alt : image).focus();
  });
}
