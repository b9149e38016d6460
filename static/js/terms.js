// A term is explained when one points at it, or comes to it with the Tab key. Without this script one presses it:
// then, as here, the browser shows the explanation, and takes it away on Escape or a press elsewhere.

const SHOW = 120; // milliseconds
const HIDE = 300; // time to come from the word to its explanation
let timer;
let open = null; // what we opened, and close again
let tabbed = false; // only after Tab: when an explanation closes, the focus comes back to its word by itself

// In the admin's preview the target is in a shadow root.
const buttonAt = (event) => event.composedPath()[0].closest?.(".term")?.querySelector("button");

function later(delay, action) {
  clearTimeout(timer);
  timer = setTimeout(action, delay);
}

function show(button) {
  const explanation = button.popoverTargetElement;
  if (!explanation || explanation.matches(":popover-open")) return;
  explanation.showPopover({ source: button });
  open = { button, explanation };
}

function hide() {
  if (!open || open.button.matches(":hover, :focus-visible") || open.explanation.matches(":hover, :focus-within")) return;
  open.explanation.hidePopover();
  open = null;
}

document.addEventListener("pointerover", (event) => {
  const button = event.pointerType !== "touch" && buttonAt(event);
  if (button) later(SHOW, () => show(button));
  else later(HIDE, hide);
});

// What was pressed stays until it is dismissed.
document.addEventListener("click", (event) => {
  if (buttonAt(event)) open = null;
});

document.addEventListener("keydown", ({ key }) => {
  tabbed = key === "Tab";
});

document.addEventListener("focusin", (event) => {
  const button = tabbed && buttonAt(event);
  if (button) show(button);
  else hide();
});
