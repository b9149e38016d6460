// The desk of an issue: an item for which another issue, or the shelf, is chosen leaves the list at once, and comes back.
// Without this script the choices are the same, and saving makes them true.

function send(row, list) {
  const from = row.closest("ol");
  list.append(row);
  for (const each of [from, list]) each.dispatchEvent(new Event("order:changed")); // static/js/order.js hears it
  count(row.closest(".desk-part"));
}

function count(part) {
  const away = part.querySelector(".desk-away");
  const number = away.querySelectorAll(".ordered-row").length;
  away.hidden = !number;
  away.querySelector(".count").textContent = number;
}

document.querySelector(".desk-items")?.addEventListener("change", ({ target }) => {
  if (!target.matches("select[data-own]")) return;
  const row = target.closest(".ordered-row");
  const part = row.closest(".desk-part");
  const isHere = target.value === target.dataset.own;
  const away = part.querySelector(".desk-away");
  if (!isHere) away.open = true;
  send(row, isHere ? part.querySelector(".desk-here") : away.querySelector("ol"));
  target.focus();
  part.querySelector(".order-status").textContent = `${row.dataset.name}: ${target.selectedOptions[0].textContent}`;
});
