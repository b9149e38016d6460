// Shows the preflight of an issue beside its desk, and at each item what is to be mended there. Without this script
// there is the link to its page. It asks again when somebody comes back to the page: an item may be mended by then.

const sides = [...document.querySelectorAll("[data-preflight]")];

async function load(side) {
  const answer = await fetch(side.dataset.preflight);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.querySelector(".preflight");
  if (!answer.ok || !found) return;
  for (const link of found.querySelectorAll("a")) {
    const { pathname, hash } = new URL(link.getAttribute("href"), location.href);
    if (pathname === location.pathname && hash) link.setAttribute("href", hash); // no new page: what is typed stays
  }
  if ("brief" in side.dataset) side.replaceChildren(found.querySelector("p"));
  else side.replaceChildren(found);
  for (const row of document.querySelectorAll("[data-row]:not(.findings)")) mark(row, found);
}

function mark(row, found) {
  const place = row.querySelector(".desk-findings");
  const list = found.querySelector(`.findings[data-row="${row.dataset.row}"]`);
  if (!place) return;
  place.querySelector(".findings")?.remove();
  place.hidden = !list;
  if (!list) return;
  const hard = list.querySelectorAll(".hard").length;
  const soft = list.children.length - hard;
  const told = [hard && `${hard} stop${hard > 1 ? "" : "s"} publication`, soft && `${soft} worth a look`];
  place.classList.toggle("hard", hard > 0);
  place.querySelector("summary").textContent = told.filter(Boolean).join(", ");
  place.append(list.cloneNode(true));
}

const loadAll = () => sides.forEach((side) => load(side).catch(() => {}));
loadAll();
document.addEventListener("visibilitychange", () => document.hidden || loadAll());
