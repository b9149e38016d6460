// Opens a dialog. When it is closed, whoever was typing goes on: Chromium gives the focus back without the caret, and
// keys would go nowhere.

export function showModal(dialog) {
  const field = document.activeElement;
  const { selectionStart, selectionEnd } = field;
  const goOn = () => {
    if (document.activeElement !== field) return;
    field.blur();
    field.focus();
    if (selectionEnd != null) field.setSelectionRange(selectionStart, selectionEnd);
  };
  dialog.addEventListener("close", goOn, { once: true });
  dialog.showModal();
}
