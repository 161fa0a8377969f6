// Makes, parses, compares and formats payloads. A payload is a string (text) or a Uint8Array (binary).

const encoder = new TextEncoder();

// byteLength returns the size of a payload on the wire.
export const byteLength = (payload) => typeof payload === "string" ? encoder.encode(payload).length : payload.length;

// parseHex parses bytes in hexadecimal: "00 ff", "0x00, 0xff", "00:ff".
export function parseHex(text) {
  const digits = text.replace(/0x/gi, " ").replace(/[\s,:;-]+/g, "");
  const stray = digits.match(/[^0-9a-f]/i);
  if (stray) throw new Error(`“${stray[0]}” is not a hexadecimal digit; allowed are 0 to 9 and a to f, with spaces between bytes`);
  if (digits.length % 2) throw new Error(`${digits.length} hexadecimal digits are not whole bytes; a byte has two`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// toHex formats the first bytes of a payload, followed by … if there are more.
export function toHex(bytes, limit = 48) {
  const shown = Array.from(bytes.subarray(0, limit), (b) => b.toString(16).padStart(2, "0")).join(" ");
  return bytes.length > limit ? `${shown} …` : shown;
}

// preview returns a short line that represents a payload.
export function preview(payload, limit = 160) {
  if (typeof payload !== "string") return toHex(payload, limit / 4);
  return payload.length > limit ? `${payload.slice(0, limit)}…` : payload;
}

// formatSize formats a number of bytes: "512 B", "1.5 MiB".
export function formatSize(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < 3) {
    bytes /= 1024;
    unit++;
  }
  return `${Number(bytes.toFixed(1))} ${["B", "KiB", "MiB", "GiB"][unit]}`;
}

// generate makes a payload of a size in bytes that hardly compresses. It starts with its number,
// as far as that fits, so that no two are equal.
export function generate(kind, size, number) {
  const words = new Uint32Array(Math.ceil(size / 4));
  let x = (number * 2654435761 + 1) >>> 0 || 1;
  for (let i = 0; i < words.length; i++) { // xorshift32, Marsaglia 2003
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  const bytes = new Uint8Array(words.buffer, 0, size);
  if (kind === "text") for (let i = 0; i < size; i++) bytes[i] = 0x30 + (bytes[i] & 0x3f); // 0 to o, ASCII
  bytes.set(encoder.encode(`${number} `).subarray(0, size));
  return kind === "text" ? new TextDecoder().decode(bytes) : bytes;
}

// commonPrefix returns how many leading bytes of two arrays are equal.
function commonPrefix(a, b) {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}

// same reports whether two payloads have the same type and bytes.
export function same(a, b) {
  if (typeof a !== typeof b || a.length !== b.length) return false;
  return typeof a === "string" ? a === b : commonPrefix(a, b) === a.length;
}

// difference describes how got differs from want. They must not be the same.
export function difference(want, got) {
  if (typeof want !== typeof got) return `${kindOf(want)} came back as ${kindOf(got)}`;
  if (typeof want === "string") {
    want = encoder.encode(want);
    got = encoder.encode(got);
  }
  const at = commonPrefix(want, got);
  if (at < Math.min(want.length, got.length)) return `byte ${at} of ${want.length} differs`;
  return `${want.length} bytes came back as ${got.length}`;
}

// kindOf returns the type of message that carries a payload.
export const kindOf = (payload) => typeof payload === "string" ? "text" : "binary";
