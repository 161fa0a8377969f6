// What was sent and has not come back: it tells an echo from what the server says of itself.
import { difference, same } from "./payload.js";

// searched is how far behind the next expected echo one is looked for that overtook it.
const searched = 64;

// Ledger judges the messages of one connection. Verdicts are
//   greeting   the first message, when greet=1 was asked for, if it is one
//   push       the next number of every=
//   identical  the echo that was due, byte for byte
//   order      an echo that is identical, but was not due yet
//   different  the echo that was due is not what was sent
//   stray      nothing was sent that it could be the echo of
export class Ledger {
  #sent = []; // {payload, at}
  #awaitGreeting;
  #nextPush; // every= counts from 1

  constructor({ greet = false, every = false } = {}) {
    this.#awaitGreeting = greet;
    this.#nextPush = every ? 1 : NaN;
    this.bytes = 0; // that are awaited
  }

  get awaited() { return this.#sent.length; }

  // send notes a message, with its size.
  send(payload, size) {
    this.#sent.push({ payload, size });
    this.bytes += size;
  }

  // left notes when the next of them left, in ms.
  left(at) {
    const next = this.#sent.find((sent) => sent.at === undefined);
    if (next) next.at = at;
  }

  // receive judges a message: {verdict, rtt, note, greeting}. rtt is only of echoes.
  receive(payload, at) {
    if (this.#awaitGreeting) {
      this.#awaitGreeting = false;
      const greeting = parseGreeting(payload);
      if (greeting) return { verdict: "greeting", greeting };
    }
    const due = this.#sent.findIndex(({ payload: sent }, i) => i < searched && same(sent, payload));
    if (due < 0 && payload === String(this.#nextPush)) {
      this.#nextPush++;
      return { verdict: "push" };
    }
    if (due < 0 && this.#sent.length === 0) return { verdict: "stray" };
    const [{ payload: sent, size, at: sentAt }] = this.#sent.splice(Math.max(due, 0), 1);
    this.bytes -= size;
    const rtt = at - sentAt;
    if (due === 0) return { verdict: "identical", rtt };
    if (due > 0) return { verdict: "order", rtt, note: `${due} sent before it are still out` };
    return { verdict: "different", rtt, note: difference(sent, payload) };
  }
}

// parseGreeting reads the answer to greet=1, or returns undefined when it is none.
export function parseGreeting(payload) {
  if (typeof payload !== "string" || payload[0] !== "{") return undefined;
  try {
    const greeting = JSON.parse(payload);
    return typeof greeting.pod === "string" && Array.isArray(greeting.headers) ? greeting : undefined;
  } catch {
    return undefined;
  }
}
