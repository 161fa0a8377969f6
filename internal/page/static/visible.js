// Shows texts exactly: characters that are invisible or change the order of others are made
// visible, and JSON is indented without a change to its tokens.

// c0 are the names of the characters below U+0020. Unicode has pictures of them, which many fonts
// lack, and which are illegible in small type.
const c0 = "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");

// names are those of characters that cannot be seen, or that reorder the text around them.
const names = new Map(Object.entries({
  "\u007f": "DEL", "\u00a0": "NBSP", "\u00ad": "SHY", "\u061c": "ALM", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM",
  "\u2028": "LS", "\u2029": "PS", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO", "\u2060": "WJ",
  "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI", "\ufeff": "BOM",
}));

const invisible = /[\u0000-\u0009\u000b-\u001f\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufff9-\uffff]|(?<![\ud800-\udbff])[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])|\n/g;

// visible returns a text in which those characters are shown as ⟨NUL⟩ or ⟨RLO⟩. A line feed stays
// one unless the text is to be one line.
export function visible(text, oneLine = false) {
  return text.replace(invisible, (c) => {
    const code = c.charCodeAt(0);
    if (c === "\n" && !oneLine) return "\n";
    return `⟨${c0[code] ?? names.get(c) ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟩`;
  });
}

// indentJSON returns a JSON text with a token a line, or undefined if it is not an object or an
// array. Numbers, strings and the order of keys stay as they are: JSON.stringify would change them.
export function indentJSON(text) {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g);
  let out = "";
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((token, i) => {
    const empty = (token === "{" && tokens[i + 1] === "}") || (token === "[" && tokens[i + 1] === "]");
    if (token === "}" || token === "]") {
      depth--;
      out += tokens[i - 1] === "{" || tokens[i - 1] === "[" ? token : line() + token;
    } else if (token === "{" || token === "[") {
      depth++;
      out += empty ? token : token + line();
    } else if (token === ",") out += token + line();
    else out += token === ":" ? ": " : token;
  });
  return out;
}

// hexDump returns bytes as lines of 16, or another width, with their offset and their ASCII
// characters.
export function hexDump(bytes, width = 16) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += width) {
    const part = Array.from(bytes.subarray(at, at + width));
    const hex = part.map((b) => b.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(3 * width - 1)}  ${part.map((b) => (b > 0x1f && b < 0x7f ? String.fromCharCode(b) : "·")).join("")}`);
  }
  return lines.join("\n");
}
