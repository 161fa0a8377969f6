// Matches received messages with sent ones, and tells echoes from the server's own messages.
import { difference, same } from "./payload.js";

// reorderWindow is how many messages beyond the next expected echo are searched for one that was
// echoed early.
const reorderWindow = 64;

// A Ledger judges the messages of one connection. The verdicts are
//   greeting   the first message, if greet=1 was requested and it is one
//   push       the next number of every=
//   identical  the echo that was due, byte for byte
//   order      an identical echo that was not due yet
//   different  the echo that was due, but changed
//   stray      not the echo of anything sent
export class Ledger {
  #sent = []; // {payload, at}
  #awaitGreeting;
  #nextPush; // every= counts from 1

  constructor({ greet = false, every = false } = {}) {
    this.#awaitGreeting = greet;
    this.#nextPush = every ? 1 : NaN;
    this.bytes = 0; // awaited
  }

  get awaited() { return this.#sent.length; }

  // send records a message and its size. watched is true if its echo is to be announced.
  send(payload, size, watched = false) {
    this.#sent.push({ payload, size, watched });
    this.bytes += size;
  }

  // markSent records when the next of them was sent, in ms.
  markSent(at) {
    const next = this.#sent.find((sent) => sent.at === undefined);
    if (next) next.at = at;
  }

  // receive judges a message: {verdict, rtt, note, watched, greeting}. Only echoes have an rtt.
  receive(payload, at) {
    if (this.#awaitGreeting) {
      this.#awaitGreeting = false;
      const greeting = parseGreeting(payload);
      if (greeting) return { verdict: "greeting", greeting };
    }
    const due = this.#sent.findIndex(({ payload: sent }, i) => i < reorderWindow && same(sent, payload));
    if (due < 0 && payload === String(this.#nextPush)) {
      this.#nextPush++;
      return { verdict: "push" };
    }
    if (due < 0 && this.#sent.length === 0) return { verdict: "stray" };
    const [{ payload: sent, size, watched, at: sentAt }] = this.#sent.splice(Math.max(due, 0), 1);
    this.bytes -= size;
    const rtt = at - sentAt;
    if (due === 0) return { verdict: "identical", rtt, watched };
    if (due > 0) return { verdict: "order", rtt, watched, note: `${due} sent before it are still awaited` };
    return { verdict: "different", rtt, watched, note: difference(sent, payload) };
  }
}

// parseGreeting parses the answer to greet=1. It returns undefined if payload is not one.
export function parseGreeting(payload) {
  if (typeof payload !== "string" || payload[0] !== "{") return undefined;
  try {
    const greeting = JSON.parse(payload);
    return typeof greeting.pod === "string" && Array.isArray(greeting.headers) ? greeting : undefined;
  } catch {
    return undefined;
  }
}
