// Rich text from the clipboard as the Markdown of this site (docs/editing.md). Pure: nothing of the HTML runs or loads.

import { takeFootnotes } from "./footnotes.js";
import { escapedStart, written } from "./inline.js";
import { listWordItems, styles } from "./word-lists.js";

const SILENT = "script, style, template, noscript, head, title, meta, link, base, [aria-hidden=true], [hidden]";
const EMBEDDED = "iframe, object, embed, video, audio, svg, canvas, applet";
const CONTROLS = "button, select, textarea, input:not([type=checkbox])";
const BLOCKS =
  "p, div, section, article, main, header, footer, nav, aside, figure, figcaption, address, center, details, summary, " +
  "form, fieldset, h1, h2, h3, h4, h5, h6, ul, ol, li, table, pre, blockquote, hr, dl, dt, dd";
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[\w+/=\s]+$/;
const RAISED = { 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹", "+": "⁺", "-": "⁻", "−": "⁻", n: "ⁿ", i: "ⁱ" };
const PLAIN_COLOURS = /^(?:|inherit|initial|auto|transparent|none|currentcolor|windowtext|window|black|white|#0{3,6}|#f{3,6}|rgba?\((?:0, ?0, ?0|255, ?255, ?255)(?:, ?[\d.]+)?\))$/;

// An address that Markdown may hold, without Google's detour; "" where it is none of the web.
export function address(href) {
  let url;
  try {
    url = new URL(href);
    if (/(^|\.)google\.[a-z.]+$/.test(url.hostname) && url.pathname === "/url") {
      url = new URL(url.searchParams.get("q") || url.searchParams.get("url") || href);
    }
  } catch {
    return "";
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return "";
  return url.href.replace(/[()<>\\[\]]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

// {markdown, lost: what was not kept, in words, pictures: [{source, alt}]}. The Markdown shows the picture at that
// place of the list as `![](pasted:0)`, for it has no name before it is uploaded; `source` is a data: address.
export function toMarkdown(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const lost = new Set();
  const pictures = [];
  let elsewhere = 0;

  for (const each of body.querySelectorAll(`${SILENT}, ${EMBEDDED}, ${CONTROLS}`)) {
    if (each.matches(EMBEDDED)) lost.add("embedded objects and films");
    if (each.matches(CONTROLS)) lost.add("buttons and fields of forms");
    each.remove();
  }
  for (const each of body.querySelectorAll("[style]")) {
    const style = styles(each);
    if (style.get("display") === "none" || style.get("mso-hide") === "all" || style.get("visibility") === "hidden") each.remove();
  }
  listWordItems(body);
  const { numbers, notes } = takeFootnotes(body);

  // The marks of what is in `element`, from those around it.
  function marked(element, marks) {
    const style = styles(element);
    const weight = style.get("font-weight");
    const slant = style.get("font-style");
    const line = `${style.get("text-decoration") || ""} ${style.get("text-decoration-line") || ""}`;
    const now = { ...marks };
    if (element.matches("b, strong")) now.bold = true;
    if (element.matches("i, em, cite, var, dfn")) now.italic = true;
    if (element.matches("s, del, strike")) now.strike = true;
    if (element.matches("code, kbd, samp, tt")) now.code = true;
    if (weight) now.bold = /^bold|^[6-9]\d\d$/.test(weight);
    if (slant) now.italic = /^(italic|oblique)/.test(slant);
    if (line.includes("line-through")) now.strike = true;
    if (element.matches("a[href]")) {
      const href = element.getAttribute("href");
      const target = address(href);
      if (target) now.href = target;
      else lost.add(href.startsWith("#") ? "links within the document" : "links that lead nowhere on the web");
    }
    if (!now.href && (element.localName === "u" || line.includes("underline"))) lost.add("underlining");
    if (!now.href && element.textContent.trim()) {
      const background = style.get("background-color") || style.get("background") || "";
      if (![style.get("color") || element.getAttribute("color") || "", background].every((each) => PLAIN_COLOURS.test(each))) {
        lost.add("colours");
      }
    }
    if (marks.heading) now.bold = false;
    return now;
  }

  const raw = (text, marks) => ({ ...marks, text, raw: true });

  function formula(element, marks) {
    const source = element.getAttribute("alttext") || element.querySelector("annotation[encoding*=tex]")?.textContent || "";
    const tex = source.replace(/\$/g, "").trim();
    if (tex) return [raw(`$${tex.replace(/\s+/g, " ")}$`, marks)];
    lost.add("formulas, of which the text stays");
    return [{ ...marks, text: element.textContent }];
  }

  function picture(element, marks) {
    const source = element.getAttribute("src") || "";
    const alt = (element.getAttribute("alt") || "").replace(/\s+/g, " ").trim();
    if (PICTURE.test(source)) return [raw(`![](pasted:${pictures.push({ source, alt }) - 1})`, { ...marks, href: "" })];
    if (element.getAttribute("width") !== "1") elsewhere++;
    return [];
  }

  // The runs of a node within a line.
  function runs(node, marks = {}) {
    if (node.nodeType === Node.TEXT_NODE) return [{ ...marks, text: node.data.replace(/[\s\u00a0]+/g, " ").replace(/[\u200b\ufeff]/g, "") }];
    if (node.nodeType !== Node.ELEMENT_NODE) return [];
    if (numbers.has(node)) return [raw(`[^${numbers.get(node)}]`, marks)];
    if (node.localName === "br") return [{ text: marks.line ? " " : "\n" }];
    if (node.localName === "img") return picture(node, marks);
    if (node.localName === "math") return formula(node, marks);
    if (node.localName === "input") return [];
    const style = styles(node);
    const place = { sub: "sub", sup: "super" }[node.localName] || style.get("vertical-align");
    if (place === "super" || place === "sub") {
      const text = node.textContent.trim();
      if (place === "super" && text && [...text].every((sign) => sign in RAISED)) {
        return [{ ...marked(node, marks), text: [...text].map((sign) => RAISED[sign]).join("") }];
      }
      if (text) lost.add(place === "super" ? "raised text" : "lowered text");
    }
    const now = marked(node, marks);
    return [...node.childNodes].flatMap((child) => runs(child, now));
  }

  const line = (nodes, marks) => written([...nodes].flatMap((node) => runs(node, { line: true, ...marks }))).replace(/\s*\n\s*/g, " ");

  // Google Docs and Word put paragraphs apart by empty lines: a line that is only broken twice is a new paragraph.
  function paragraphs(inline, marks) {
    const parts = [[]];
    for (const run of inline.flatMap((node) => runs(node, marks))) {
      if (run.text === "\n" && parts.at(-1).at(-1)?.text === "\n") parts.push([]);
      else parts.at(-1).push(run);
    }
    return parts.map((part) => written(part).replace(/^.+$/gm, escapedStart)).filter(Boolean);
  }

  const isBlock = (node) =>
    node.nodeType === Node.ELEMENT_NODE && (node.matches(BLOCKS) || (node.localName !== "math" && node.querySelector(BLOCKS) !== null));

  // The blocks in `element`, in order.
  function blocks(element, marks = {}) {
    const found = [];
    let inline = [];
    const flush = () => {
      found.push(...paragraphs(inline, marks));
      inline = [];
    };
    for (const node of element.childNodes) {
      if (!isBlock(node)) inline.push(node);
      else {
        flush();
        found.push(...block(node, marks));
      }
    }
    flush();
    return found;
  }

  function block(element, marks) {
    const tag = element.localName;
    if (/^h[1-6]$/.test(tag)) return titled(Number(tag[1]), element);
    if (element.matches(".MsoTitle")) return titled(1, element);
    if (tag === "ul" || tag === "ol") return [list(element, marks)].filter(Boolean);
    if (tag === "table") return table(element, marks);
    if (tag === "pre") return [fenced(element)];
    if (tag === "hr") return ["---"];
    if (tag === "blockquote") {
      const quoted = blocks(element, marks).join("\n\n");
      return quoted ? [quoted.replace(/^/gm, "> ").replace(/^> $/gm, ">")] : [];
    }
    if (tag === "dd") return blocks(element, marks).map((each, at) => (at ? indented(`  ${each}`, 2) : `: ${indented(each, 2)}`));
    if (tag === "dl") return [blocks(element, marks).join("\n").replace(/\n(?!:|  )/g, "\n\n")].filter(Boolean);
    return blocks(element, marked(element, marks));
  }

  function titled(level, element) {
    const text = line(element.childNodes, { heading: true });
    return text ? [`${"#".repeat(level)} ${text}`] : [];
  }

  const indented = (text, width) => text.replace(/\n(?=[^\n])/g, `\n${" ".repeat(width)}`);

  function list(element, marks) {
    const rows = [];
    let number = Number(element.getAttribute("start") || 1);
    for (const child of element.children) {
      const marker = element.localName === "ol" ? `${number}. ` : "- ";
      // Some nest a list beside the item that it belongs to.
      if (child.matches("ul, ol") && rows.length) {
        rows[rows.length - 1] += indented(`\n${list(child, marks)}`, marker.length);
        continue;
      }
      const box = child.getAttribute("role") === "checkbox" ? child : child.querySelector(":scope > input, :scope > label > input, :scope > p > input");
      const isDone = box?.getAttribute("aria-checked") === "true" || box?.hasAttribute("checked");
      const inside = blocks(child, marked(child, marks));
      if (!inside.length) continue;
      const text = inside.reduce((all, each) => all + (/^(?:- |\d+\. )/.test(each) ? "\n" : "\n\n") + each);
      rows.push(marker + (box ? `[${isDone ? "x" : " "}] ` : "") + indented(text, marker.length));
      number++;
    }
    return rows.join("\n");
  }

  function fenced(element) {
    for (const each of element.querySelectorAll("br")) each.replaceWith("\n");
    const text = element.textContent.replace(/\s+$/, "");
    const named = `${element.className} ${element.querySelector("code")?.className || ""}`.match(/(?:lang|language)-([\w+-]+)/);
    const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
    return `${fence}${named ? named[1] : ""}\n${text}\n${fence}`;
  }

  function table(element, marks) {
    const rows = [...element.rows];
    const columns = Math.max(0, ...rows.map((row) => row.cells.length));
    if (columns < 2 || element.querySelector("table")) {
      if (columns > 1) lost.add("tables within tables");
      return rows.flatMap((row) => [...row.cells].flatMap((cell) => blocks(cell, marks)));
    }
    const grid = rows.map(() => []);
    const sides = [];
    rows.forEach((row, y) => {
      let x = 0;
      for (const cell of row.cells) {
        while (grid[y][x] !== undefined) x++;
        if (cell.colSpan > 1 || cell.rowSpan > 1) lost.add("merged table cells: their text is in the first of them");
        if (cell.querySelector("ul, ol, pre, blockquote")) lost.add("lists and blocks in table cells: their text is kept");
        for (let down = 0; down < Math.min(cell.rowSpan || 1, rows.length - y); down++) {
          for (let right = 0; right < Math.min(cell.colSpan, 50); right++) grid[y + down][x + right] = "";
        }
        grid[y][x] = cellText(cell, y === 0 || cell.localName === "th" ? { ...marks, heading: true } : marks);
        sides[x] = sideOf(cell) || sides[x]; // of the last row, which is no head
      }
    });
    const width = Math.max(...grid.map((row) => row.length));
    const filled = grid.filter((row) => row.some(Boolean)).map((row) => Array.from({ length: width }, (_, x) => row[x] || ""));
    if (!filled.length) return [];
    const rule = Array.from({ length: width }, (_, x) => ({ left: ":--", right: "--:", center: ":-:" })[sides[x]] || "---");
    const caption = element.caption ? paragraphs([...element.caption.childNodes], marks) : [];
    return [...caption, [filled[0], rule, ...filled.slice(1)].map((row) => `| ${row.join(" | ")} |`).join("\n")];
  }

  function cellText(cell, marks) {
    const parts = isBlock(cell) && cell.querySelector(BLOCKS) ? [...cell.querySelectorAll(BLOCKS)].filter((each) => !each.querySelector(BLOCKS)) : [cell];
    return parts.map((part) => line(part.childNodes, marked(part, marks))).filter(Boolean).join(" ").replace(/(?<!\\)\|/g, "\\|");
  }

  const sideOf = (cell) => {
    const inner = cell.querySelector("p, div");
    const side = styles(cell).get("text-align") || cell.getAttribute("align") || (inner && (styles(inner).get("text-align") || inner.getAttribute("align")));
    return /^(right|center)$/.test(side || "") ? side : "";
  };

  const parts = blocks(body);
  const below = notes.map((note, at) => `[^${at + 1}]: ${indented(blocks(note).join("\n\n"), 4)}`);
  if (below.length) parts.push(below.join("\n"));
  if (elsewhere) lost.add(`${elsewhere === 1 ? "1 picture" : `${elsewhere} pictures`} of another site: save and drop ${elsewhere === 1 ? "it" : "them"} here`);
  return { markdown: parts.join("\n\n"), lost: [...lost], pictures };
}
