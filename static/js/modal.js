// Opens a dialog. When it is closed, whoever was typing goes on: Chromium gives the focus back without the caret, and
// keys would go nowhere. Not at its event "close", before which the next keys may have come.

export function showModal(dialog) {
  const field = document.activeElement;
  const { selectionStart, selectionEnd } = field;
  const closed = new MutationObserver(() => {
    if (dialog.open) return;
    closed.disconnect();
    if (document.activeElement !== field) return;
    field.blur();
    field.focus();
    if (selectionEnd != null) field.setSelectionRange(selectionStart, selectionEnd);
  });
  dialog.showModal();
  closed.observe(dialog, { attributeFilter: ["open"] });
}
