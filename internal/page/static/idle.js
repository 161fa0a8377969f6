// The idle-timeout finder: it leaves connections idle, each for a time of its own, and
// sees when they are cut. The clock and what opens a RemoteSocket are passed in.
import { parseGreeting } from "./ledger.js";
import { conclude } from "./timers.js";

// patience is how long the echo after the idle time may take, in ms.
const patience = 10000;

// presets are the steps to choose from, in seconds.
export const presets = {
  10: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  60: [10, 15, 30, 45, 65],
  120: [10, 15, 30, 60, 100, 120],
  600: [10, 15, 30, 60, 100, 120, 240, 300, 600],
};

// parseSteps reads a list of seconds.
export function parseSteps(text) {
  const steps = [...new Set(text.split(/[\s,]+/).filter(Boolean).map(Number))].sort((a, b) => a - b);
  if (!steps.length || steps.length > 20 || steps.some((s) => !(s >= 1 && s <= 7200))) {
    throw new Error("The steps must be 1 to 20 numbers of seconds, each from 1 to 7200, with commas between.");
  }
  return steps;
}

// IdleFinder runs once. onChange is called when a result has changed, with the finder:
// results has for each step {step, state, since, outcome, after, code, reason}, of which
// state is connecting, idle, checking or done; conclusion is there at the end.
export class IdleFinder {
  results = [];
  conclusion;
  #sockets = new Set();
  #timers = new Set();
  #greeted = false;
  #plain = false; // ping=0 was refused

  constructor({ open, now, setTimer, clearTimer, onChange }) {
    Object.assign(this, { open, now, setTimer, clearTimer, onChange });
  }

  // run opens a connection a step, and one that is never idle. url has greet=1 and
  // ping=0, plain has not.
  run({ url, plain, steps }) {
    this.urls = [url, plain];
    this.results = steps.map((step) => ({ step, state: "connecting" }));
    this.busy = { step: 0, state: "connecting" };
    this.busyEvery = Math.min(2000, steps[0] * 500);
    for (const result of [...this.results, this.busy]) this.#begin(result, url);
  }

  // stop ends everything. There is no conclusion, unless there was one.
  stop() {
    for (const timer of this.#timers) this.clearTimer(timer);
    for (const ws of this.#sockets) {
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close(1000, "the finder was stopped");
    }
    this.#timers.clear();
    this.#sockets.clear();
  }

  #after(ms, then) {
    const timer = this.setTimer(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #drop(timer) {
    this.clearTimer(timer);
    this.#timers.delete(timer);
  }

  #begin(result, url) {
    const ws = this.open(url);
    this.#sockets.add(ws);
    const isBusy = result === this.busy;
    let timer;
    const rest = (at) => { // from then on nothing is sent
      this.#drop(timer);
      result.state = "idle";
      result.since = at;
      timer = isBusy ? this.#after(this.busyEvery, talk) : this.#after(result.step * 1000, check);
      this.onChange(this);
    };
    const talk = () => {
      ws.send("busy");
      timer = this.#after(this.busyEvery, talk);
    };
    const check = () => {
      result.state = "checking";
      result.after = (this.now() - result.since) / 1000;
      ws.send("still here?");
      timer = this.#after(patience, () => end({ outcome: "silent" }));
      this.onChange(this);
    };
    const end = (found) => {
      this.#drop(timer);
      ws.onopen = ws.onmessage = ws.onclose = null;
      ws.close(1000, "measured");
      this.#sockets.delete(ws);
      Object.assign(result, found, { state: "done" });
      this.#finish();
    };
    ws.onopen = ({ at }) => rest(at);
    ws.onmessage = ({ at, data }) => {
      if (parseGreeting(data)) this.#greeted = true;
      if (result.state === "checking") end({ outcome: "survived" });
      else if (!isBusy) rest(at); // the greeting, or a message that nobody asked for
    };
    ws.onclose = ({ at, code, reason }) => {
      if (result.state === "connecting") {
        this.#sockets.delete(ws);
        if (url !== this.urls[1]) { // refused, maybe for its controls
          this.#plain = true;
          this.#begin(result, this.urls[1]);
          return;
        }
        end({ outcome: "failed", code, reason });
        return;
      }
      end({ outcome: "cut", after: (at - result.since) / 1000, code, reason });
    };
  }

  // finish concludes when every step has its outcome. The busy connection ends with them.
  #finish() {
    if (!this.conclusion && this.results.every(({ state }) => state === "done")) {
      // A timer on the whole connection takes the busy one within the same second.
      this.#after(1000, () => {
        this.stop();
        if (this.busy.state === "idle") {
          Object.assign(this.busy, { state: "done", outcome: "survived", after: (this.now() - this.busy.since) / 1000 });
        }
        this.conclusion = conclude(this.results, this.busy, this.#plain || !this.#greeted);
        this.onChange(this);
      });
    }
    this.onChange(this);
  }
}
