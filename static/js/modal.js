// Opens a dialog; the promise is kept when it is closed. Then whoever was typing goes on: Chromium gives the focus back
// without the caret, and keys would go nowhere. Not at its event "close": before that the next keys may have come, and
// with them the next time that it is opened.

export function showModal(dialog) {
  const field = document.activeElement;
  const { selectionStart, selectionEnd } = field;
  dialog.showModal();
  return new Promise((resolve) => {
    const closed = new MutationObserver(() => {
      if (dialog.open) return;
      closed.disconnect();
      resolve();
      if (document.activeElement !== field) return;
      field.blur();
      field.focus();
      if (selectionEnd != null) field.setSelectionRange(selectionStart, selectionEnd);
    });
    closed.observe(dialog, { attributeFilter: ["open"] });
  });
}
