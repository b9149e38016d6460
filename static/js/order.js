// Rows in an order: buttons and keys that step, a handle that drags, and the numbers that the server reads.
// Without this script the numbers are typed by hand. A row of an inline, or of any list with the class ordered-rows.

const GROUP = ".inline-group:has(fieldset.ordered), .ordered-rows";
const ROW = "tr.form-row:not(.empty-form), .ordered-row";

const rowsOf = (group) => [...group.querySelectorAll(ROW)];
const numberOf = (row) => row.querySelector("input[name$='-position']");

// A row that was only added, with nothing chosen, must stay as it is: a number would make it a faulty one.
const isFilled = (row) =>
  row.matches(".has_original") ||
  [...row.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), select, textarea")].some(
    (input) => input !== numberOf(row) && input.value,
  );

function renumber(group) {
  rowsOf(group)
    .filter(isFilled)
    .forEach((row, index) => (numberOf(row).value = index + 1));
}

// What keeps drafts hears of it as of something typed.
const tell = (row) => numberOf(row).dispatchEvent(new Event("input", { bubbles: true }));

const nameOf = (row) =>
  row.dataset.name ||
  row.querySelector("input[name$='-title']")?.value ||
  row.querySelector("select option:checked")?.textContent.trim() ||
  "row";

function step(row, by) {
  const group = row.closest(GROUP);
  const rows = rowsOf(group);
  const other = rows[rows.indexOf(row) + by];
  if (!other) return;
  const focused = document.activeElement;
  if (by < 0) other.before(row);
  else other.after(row);
  focused.focus();
  renumber(group);
  tell(row);
  statuses.get(group).textContent = `${nameOf(row)}: place ${rowsOf(group).indexOf(row) + 1}`;
}

function button(row, label, sign, by) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "order-step";
  made.textContent = sign;
  made.title = `${label} (Alt + ${sign})`;
  made.setAttribute("aria-label", `${label}: ${nameOf(row)}`);
  made.setAttribute("aria-keyshortcuts", by < 0 ? "Alt+ArrowUp" : "Alt+ArrowDown");
  made.addEventListener("click", () => step(row, by));
  return made;
}

function enhance(row) {
  const number = numberOf(row);
  if (!number || row.querySelector(".order-step")) return;
  const handle = document.createElement("span");
  handle.className = "order-handle";
  handle.textContent = "⠿";
  handle.title = "Drag";
  handle.setAttribute("aria-hidden", "true");
  handle.addEventListener("pointerdown", () => (row.draggable = true));
  handle.addEventListener("pointerup", () => (row.draggable = false));
  number.after(handle, button(row, "Move up", "↑", -1), button(row, "Move down", "↓", 1));
}

let dragged = null;
const statuses = new Map(); // by group: what is said aloud

function start(group) {
  const status = document.createElement("p");
  status.className = "order-status visually-hidden";
  status.setAttribute("role", "status");
  group.after(status);
  statuses.set(group, status);
  rowsOf(group).forEach(enhance);

  group.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const row = event.target.closest(ROW);
    if (!by || !event.altKey || !row || !numberOf(row) || event.target.matches("select, textarea")) return;
    event.preventDefault();
    step(row, by);
  });
  group.addEventListener("dragstart", (event) => (dragged = event.target.closest?.(ROW)));
  group.addEventListener("dragover", (event) => {
    const over = event.target.closest?.(ROW);
    if (!dragged || !over || over === dragged || !group.contains(dragged)) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  group.addEventListener("drop", (event) => event.preventDefault());
  group.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.draggable = false;
    renumber(group);
    tell(dragged);
    dragged = null;
  });
  group.addEventListener("order:changed", () => {
    rowsOf(group).forEach(enhance);
    renumber(group);
  });
}

const groups = [...document.querySelectorAll(GROUP)];
groups.forEach(start);
document.addEventListener("formset:added", ({ target }) => {
  if (target.closest(GROUP)) enhance(target);
});
document.querySelector("#content-main form")?.addEventListener("submit", () => groups.forEach(renumber));
