// Judges the path by the counts of verdicts.

const some = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

// judgement returns {text, level} for counts of the ledger's verdicts and of lost echoes. A message
// whose connection ended before its echo says nothing about the echoes that came. level is good,
// bad, warn or "".
export function judgement({ identical, different, order, stray, lost }) {
  const wrong = [
    different && some(different, "echo was changed", "echoes were changed"),
    order && some(order, "echo came out of order", "echoes came out of order"),
    stray && some(stray, "message was not an echo", "messages were not echoes"),
  ].filter(Boolean);
  const ended = lost ? some(lost, "message had no echo when its connection ended", "messages had no echo when their connection ended") : "";
  if (wrong.length) return { text: [...wrong, ended].filter(Boolean).join("; "), level: "bad" };
  const every = identical ? "Every echo identical, byte for byte, in order" : "";
  if (ended) return { text: every ? `${every}; ${ended}` : ended, level: "warn" };
  return { text: every || "No echo yet", level: every && "good" };
}
