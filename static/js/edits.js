// Changes of a Markdown text. An edit is {from, to, insert, select: [start, end]}: `insert` takes the place of what is
// between `from` and `to`, then `select` is selected. All but apply() are pure: (text, start, end) → edit or null.

// Let the edit happen in the field so that its own undo knows it.
export function apply(field, { from, to, insert, select }) {
  field.focus();
  field.setSelectionRange(from, to);
  const command = insert ? "insertText" : "delete";
  if (from !== to || insert) {
    if (!document.execCommand(command, false, insert)) {
      field.setRangeText(insert);
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    }
  }
  field.setSelectionRange(...select);
}

// The line breaks that are missing to a blank line between a block and the text beside it.
const gap = (text, edge) => (text ? "\n".repeat(Math.max(0, 2 - text.match(edge)[0].length)) : "");

// `insert` as a block of its own; `from` and `to` of it are selected.
export function block(text, start, end, insert, from = insert.length, to = from) {
  const lead = gap(text.slice(0, start), /\n*$/);
  const at = start + lead.length;
  return { from: start, to: end, insert: lead + insert + gap(text.slice(end), /^\n*/), select: [at + from, at + to] };
}

const length = (text, edge) => text.match(edge)[0].length;

// Marks around what is selected, or away from it; around `sample` where nothing is.
const around = (mark, sample) => (text, start, end) => {
  const chosen = text.slice(start, end);
  if (chosen.trim()) {
    start += length(chosen, /^\s*/);
    end -= length(chosen, /\s*$/);
  }
  const [sign, size] = [mark[0], mark.length];
  const edge = { "*": [/\**$/, /^\**/], "`": [/`*$/, /^`*/], $: [/\$*$/, /^\$*/] }[sign];
  const marks = Math.min(length(text.slice(0, start), edge[0]), length(text.slice(end), edge[1]));
  const inner = text.slice(start, end) || sample;
  if (size === 2 ? marks >= 2 : marks % 2 === 1) {
    const from = start - size;
    return { from, to: end + size, insert: text.slice(start, end), select: [from, end - size] };
  }
  return { from: start, to: end, insert: mark + inner + mark, select: [start + size, start + size + inner.length] };
};

// A change of each whole line that the selection touches.
const eachLine = (change) => (text, start, end) => {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", end);
  const to = next < 0 ? text.length : next;
  const insert = change(text.slice(from, to).split("\n")).join("\n");
  return { from, to, insert, select: start === end ? [from + insert.length, from + insert.length] : [from, from + insert.length] };
};

const MARKER = /^(\s*)(?:[-*+]|\d{1,9}[.)]) +/;

const listed = (isOne, marker) =>
  eachLine((lines) => {
    const filled = lines.filter((line) => line.trim());
    if (filled.length && filled.every((line) => isOne.test(line))) return lines.map((line) => line.replace(MARKER, "$1"));
    let number = 0;
    return lines.map((line) => {
      if (!line.trim() && lines.length > 1) return line;
      const [, indent] = line.match(/^(\s*)/);
      return indent + marker(++number) + line.replace(MARKER, "$1").slice(indent.length);
    });
  });

// None, #, ##, ###, none.
const heading = eachLine((lines) =>
  lines.map((line) => {
    const [, signs, rest] = line.match(/^(#{0,6})\s*(.*)$/);
    return signs.length > 2 ? rest : `${signs}# ${rest}`;
  }),
);

// A block with `sample`, or what is selected, in the place of "…" in `frame`.
const framed = (frame, sample) => (text, start, end) => {
  const inner = text.slice(start, end).trim() || sample;
  const at = frame.indexOf("…");
  return block(text, start, end, frame.replace("…", () => inner), at, at + inner.length);
};

const isAlone = (text, start, end) => /(^|\n)$/.test(text.slice(0, start)) && /^(\n|$)/.test(text.slice(end));

const code = (text, start, end) =>
  isAlone(text, start, end) || text.slice(start, end).includes("\n")
    ? framed("```python\n…\n```", "answer = 42")(text, start, end)
    : around("`", "code")(text, start, end);

const formula = (text, start, end) =>
  isAlone(text, start, end) ? framed("$$\n…\n$$", "x^2")(text, start, end) : around("$", "x^2")(text, start, end);

function link(text, start, end) {
  const chosen = text.slice(start, end);
  if (/^https?:\/\/\S+$/.test(chosen)) {
    return { from: start, to: end, insert: `[](${chosen})`, select: [start + 1, start + 1] };
  }
  const address = "https://";
  const at = start + chosen.length + 3;
  return { from: start, to: end, insert: `[${chosen}](${address})`, select: [at, at + address.length] };
}

// The reference where the caret is and the note at the end, as one edit, so that one undo takes both away.
function footnote(text, start, end) {
  const labels = [...text.matchAll(/\[\^(\d{1,6})\]/g)].map((found) => Number(found[1]));
  const label = `[^${Math.max(0, ...labels) + 1}]`;
  const rest = text.slice(end).trimEnd();
  const last = (text.slice(0, end) + rest).trimEnd().split("\n").at(-1);
  const insert = `${label}${rest}${/^\[\^[^\]]+\]:/.test(last) && rest ? "\n" : "\n\n"}${label}: `;
  const caret = end + insert.length;
  return { from: end, to: text.length, insert, select: [caret, caret] };
}

export const EDITS = {
  heading,
  bold: around("**", "bold"),
  italic: around("*", "italic"),
  bullets: listed(/^\s*[-*+] +/, () => "- "),
  numbers: listed(/^\s*\d{1,9}[.)] +/, (number) => `${number}. `),
  link,
  code,
  formula,
  table: framed("| … | Score |\n|:------|------:|\n| Orca  |    50 |", "Model"),
  footnote,
  note: framed("::: note\n…\n:::", "What an editor adds."),
  takeaways: framed("::: takeaways\n## Key takeaways\n- …\n:::", "What stays."),
  scores: framed("```scores …\nmetric: accuracy, higher is better\n*This model = 50%\nAnother model = 40%\n```", "Benchmark"),
};

// What Enter does in a list: the next item, or the end of the list where the item is empty. null elsewhere.
export function nextItem(text, start, end) {
  if (start !== end) return null;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const found = text.slice(from, start).match(/^(\s*)(?:([-*+])|(\d{1,9})([.)]))( +)(\[[ xX]\] +)?/);
  if (!found || (text.slice(0, from).match(/^ *(?:```|~~~)/gm)?.length || 0) % 2) return null;
  const [marker, indent, bullet, number, point, space, task] = found;
  const next = text.indexOf("\n", start);
  const to = next < 0 ? text.length : next;
  if (!text.slice(from + marker.length, to).trim()) return { from, to, insert: "", select: [from, from] };
  const insert = `\n${indent}${bullet ?? Number(number) + 1 + point}${space}${task ? "[ ] " : ""}`;
  return { from: start, to: start, insert, select: [start + insert.length, start + insert.length] };
}
