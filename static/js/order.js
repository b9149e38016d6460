// Rows in an order: buttons that step, a handle that drags, and the numbers that the server reads.
// Without this script the numbers are typed by hand.

const rowsOf = (group) => [...group.querySelectorAll("tr.form-row:not(.empty-form)")];
const numberOf = (row) => row.querySelector("input[name$='-position']");

// A row that was only added, with nothing chosen, must stay as it is: a number would make it a faulty one.
const isFilled = (row) =>
  row.classList.contains("has_original") ||
  [...row.querySelectorAll("input:not([type=hidden]):not([type=checkbox]), select, textarea")].some(
    (input) => input !== numberOf(row) && input.value,
  );

const renumber = (group) =>
  rowsOf(group)
    .filter(isFilled)
    .forEach((row, index) => (numberOf(row).value = index + 1));

const nameOf = (row) =>
  row.querySelector("input[name$='-title']")?.value ||
  row.querySelector("select option:checked")?.textContent.trim() ||
  "row";

function step(row, by) {
  const group = row.closest(".inline-group");
  const rows = rowsOf(group);
  const other = rows[rows.indexOf(row) + by];
  if (!other) return;
  if (by < 0) other.before(row);
  else other.after(row);
  renumber(group);
  group.querySelector(".order-status").textContent = `${nameOf(row)}: place ${rowsOf(group).indexOf(row) + 1}`;
}

function button(row, label, sign, by) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "order-step";
  made.textContent = sign;
  made.title = label;
  made.setAttribute("aria-label", `${label}: ${nameOf(row)}`);
  made.addEventListener("click", () => {
    step(row, by);
    made.focus();
  });
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

function start(group) {
  const status = document.createElement("p");
  status.className = "order-status visually-hidden";
  status.setAttribute("role", "status");
  group.append(status);
  rowsOf(group).forEach(enhance);

  group.addEventListener("dragstart", (event) => (dragged = event.target.closest?.("tr.form-row")));
  group.addEventListener("dragover", (event) => {
    const over = event.target.closest?.("tr.form-row:not(.empty-form)");
    if (!dragged || !over || over === dragged || !group.contains(dragged)) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  group.addEventListener("drop", (event) => event.preventDefault());
  group.addEventListener("dragend", () => {
    if (dragged) dragged.draggable = false;
    dragged = null;
    renumber(group);
  });
}

const groups = [...document.querySelectorAll(".inline-group:has(fieldset.ordered)")];
groups.forEach(start);
document.addEventListener("formset:added", ({ target }) => {
  if (target.closest(".inline-group:has(fieldset.ordered)")) enhance(target);
});
document.querySelector("#content-main form")?.addEventListener("submit", () => groups.forEach(renumber));
