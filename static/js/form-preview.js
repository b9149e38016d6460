// The preview of a whole form, in a frame: shown anew while somebody types, where they were reading. Without this
// script its buttons show it once each time.

const PAUSE = 800; // milliseconds after the last key
const box = document.querySelector(".form-preview");
const form = box?.closest("form");

function main() {
  const buttons = [...box.querySelectorAll("button[data-form]")];
  let chosen = buttons[0];
  let timer = 0;

  // A new frame each time: one that is sent to again and again would fill the history of the browser.
  function renew() {
    const old = box.querySelector("iframe");
    const frame = old.cloneNode();
    const top = old.contentWindow?.scrollY ?? 0;
    frame.className = `preview-frame as-${chosen.dataset.form}`;
    frame.title = `${chosen.textContent} preview`;
    frame.addEventListener("load", () => {
      if (top) frame.contentWindow.scrollTo(0, top);
      else if (chosen.dataset.form === "email") frame.contentDocument.getElementById(box.dataset.anchor)?.scrollIntoView();
    });
    old.replaceWith(frame);
  }

  form.addEventListener("submit", ({ submitter }) => {
    if (!buttons.includes(submitter)) return;
    clearTimeout(timer);
    chosen = submitter;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === chosen));
    renew();
  });
  const show = () => box.open && form.requestSubmit(chosen);
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  box.addEventListener("toggle", show);
}

if (form) main();
