// The messages that the page keeps: the newest, as many as fit.
import { byteLength, kindOf, preview } from "./payload.js";
import { visible } from "./visible.js";

export const maxMessages = 1000;
const maxBytes = 64 << 20; // of their payloads
const searched = 1 << 16; // how much of a payload a filter looks at, in characters

// A MessageLog keeps records: {number, time, direction, kind, size, preview, payload, judged}.
// direction is "sent" or "received", judged the ledger's verdict. payload is undefined once
// newer ones take its place.
export class MessageLog {
  records = []; // oldest first
  sent = 0; // ever
  received = 0;
  #bytes = 0;
  #number = 0;

  // add keeps a message and returns its record.
  add({ time, direction, payload, judged }) {
    const size = byteLength(payload);
    const record = { number: ++this.#number, time, direction, payload, judged, size, kind: kindOf(payload), preview: visible(preview(payload), true) };
    this[direction]++;
    this.#bytes += size;
    this.records.push(record);
    if (this.records.length > maxMessages) this.#drop(this.records.shift());
    for (let i = 0; this.#bytes > maxBytes && i < this.records.length - 1; i++) this.#drop(this.records[i]);
    return record;
  }

  #drop(record) {
    if (record.payload === undefined) return;
    this.#bytes -= record.size;
    record.payload = undefined;
  }

  clear() {
    this.records = [];
    this.sent = this.received = this.#bytes = 0;
  }
}

// matches reports whether a record passes a filter. text is searched for in the payload, in
// any case; show is all, sent, received or odd: what is neither sent nor an identical echo.
export function matches({ direction, judged, payload, preview }, { text, show }) {
  const odd = judged && judged.verdict !== "identical";
  if (show === "odd" ? !odd : show !== "all" && show !== direction) return false;
  if (!text) return true;
  const wanted = text.toLowerCase();
  return preview.toLowerCase().includes(wanted) || (typeof payload === "string" && payload.slice(0, searched).toLowerCase().includes(wanted));
}
