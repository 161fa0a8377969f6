// Generated payloads at a rate. The clock is passed in.
import { generate } from "./payload.js";

// tick is the time between two looks at the clock, in ms.
const tick = 20;

// burst is how much is made up for after a delay, as of a tab in the background, in ms.
const burst = 200;

// Generator makes payloads until it is stopped. room says whether another may be sent now:
// nothing is made for a connection that does not keep up.
export class Generator {
  #timer;
  #number = 0;

  constructor({ now, setTimer, clearTimer, room, send }) {
    Object.assign(this, { now, setTimer, clearTimer, room, send });
  }

  get running() { return this.#timer !== undefined; }

  // start makes payloads of a kind ("text" or "binary") and size in bytes, rate of them a second.
  start({ kind, size, rate }) {
    this.stop();
    let due = 1; // the first at once
    let last = this.now();
    const turn = () => {
      this.#timer = this.setTimer(turn, Math.min(1000, Math.max(tick, 250 / rate)));
      const now = this.now();
      due = Math.min(due + ((now - last) * rate) / 1000, Math.max(1, (burst * rate) / 1000));
      for (last = now; due >= 1 && this.room(size); due--) this.send(generate(kind, size, ++this.#number));
    };
    turn();
  }

  stop() {
    this.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
