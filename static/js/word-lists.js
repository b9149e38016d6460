// Word puts the items of a list on the clipboard as paragraphs that only a style tells from others.

// The declarations in the style attribute, whether a browser knows them or not: a Map of lower-case names and values.
export function styles(element) {
  const declared = (element.getAttribute("style") || "").split(";").map((each) => each.split(/:(.*)/s));
  return new Map(declared.map(([name, value = ""]) => [name.trim().toLowerCase(), value.trim().toLowerCase()]));
}

const levelOf = (element) => {
  if (element?.localName !== "p") return 0;
  return Number((styles(element).get("mso-list") || "").match(/\blevel(\d)/)?.[1] || 0);
};

const isMarker = (element) => styles(element).get("mso-list") === "ignore";

// Make lists of them, nested by their levels, in place.
export function listWordItems(body) {
  for (const first of body.querySelectorAll("p")) {
    if (!levelOf(first) || !first.isConnected) continue;
    const open = []; // the lists around the next item, outermost first
    for (let item = first, next; levelOf(item); item = next) {
      next = item.nextElementSibling;
      const level = levelOf(item);
      const marker = [...item.querySelectorAll("span")].find(isMarker)?.textContent.trim() || "";
      const kind = /^\(?[\da-z]{1,4}[.)]/i.test(marker) ? "ol" : "ul";
      while (open.length > level) open.pop();
      if (open.length === level && open.at(-1).localName !== kind) open.pop();
      while (open.length < level) {
        const list = body.ownerDocument.createElement(kind);
        if (open.length) (open.at(-1).lastElementChild || open.at(-1)).append(list);
        else item.before(list);
        open.push(list);
      }
      const row = body.ownerDocument.createElement("li");
      row.append(...item.childNodes);
      open.at(-1).append(row);
      item.remove();
    }
  }
  for (const span of body.querySelectorAll("span")) if (isMarker(span)) span.remove();
}
