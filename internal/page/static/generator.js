// Generates payloads at a rate. The clock is passed in.
import { generate } from "./payload.js";

// tick is the interval of the timer, in ms.
const tick = 20;

// burst is the longest delay to catch up with, in ms: timers of a background tab are slow.
const burst = 200;

// A Generator makes payloads until it is stopped. canSend reports whether another may be sent now,
// so that none are made for a connection that does not keep up.
export class Generator {
  #timer;
  #number = 0;

  constructor({ now, setTimer, clearTimer, canSend, send }) {
    Object.assign(this, { now, setTimer, clearTimer, canSend, send });
  }

  get running() { return this.#timer !== undefined; }

  // start makes rate payloads a second, of a kind ("text" or "binary") and a size in bytes.
  start({ kind, size, rate }) {
    this.stop();
    let due = 1; // the first one immediately
    let last = this.now();
    const turn = () => {
      this.#timer = this.setTimer(turn, Math.min(1000, Math.max(tick, 250 / rate)));
      const now = this.now();
      due = Math.min(due + ((now - last) * rate) / 1000, Math.max(1, (burst * rate) / 1000));
      for (last = now; due >= 1 && this.canSend(size); due--) this.send(generate(kind, size, ++this.#number));
    };
    turn();
  }

  stop() {
    this.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
