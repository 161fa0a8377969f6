// The idle time-out finder: it measures when idle connections are cut. The clock and the
// function that opens a RemoteSocket are passed in.
import { parseGreeting } from "./ledger.js";
import { conclude, concludeStopped } from "./timers.js";

// echoTimeout is how long to wait for the echo after the idle time, in ms.
const echoTimeout = 10000;

// presets are the lists of steps to choose from, in seconds.
export const presets = {
  10: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  60: [10, 15, 30, 45, 65],
  120: [10, 15, 30, 60, 100, 120],
  600: [10, 15, 30, 60, 100, 120, 240, 300, 600],
};

// parseSteps parses a list of seconds.
export function parseSteps(text) {
  const steps = [...new Set(text.split(/[\s,]+/).filter(Boolean).map(Number))].sort((a, b) => a - b);
  if (!steps.length || steps.length > 20 || steps.some((s) => !(s >= 1 && s <= 7200))) {
    throw new Error("Enter 1 to 20 idle times, each from 1 to 7200 seconds, separated by commas.");
  }
  return steps;
}

// An IdleFinder runs once. It calls onChange with itself whenever a result changes. results has
// {step, state, since, outcome, after, code, reason} for each step; state is connecting, idle,
// checking or done. conclusion is set at the end.
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

  // run opens one connection for each step, and one that is never idle. url has greet=1 and
  // ping=0; plain has no controls.
  run({ url, plain, steps }) {
    this.urls = [url, plain];
    this.results = steps.map((step) => ({ step, state: "connecting" }));
    this.busy = { step: 0, state: "connecting" };
    this.busyEvery = Math.min(2000, steps[0] * 500);
    for (const result of [...this.results, this.busy]) this.#begin(result, url);
  }

  // stop closes everything, and concludes from what has been measured so far.
  stop() {
    this.#close();
    if (this.conclusion) return;
    for (const result of [...this.results, this.busy]) {
      if (result.state === "done") continue;
      const after = result.since === undefined ? 0 : (this.now() - result.since) / 1000;
      Object.assign(result, { state: "done", outcome: "stopped", after });
    }
    this.conclusion = concludeStopped(this.results, this.busy, this.#plain || !this.#greeted);
    this.onChange(this);
  }

  #close() {
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
    const becomeIdle = (at) => { // nothing is sent from here on
      this.#drop(timer);
      result.state = "idle";
      result.since = at;
      timer = isBusy ? this.#after(this.busyEvery, keepBusy) : this.#after(result.step * 1000, check);
      this.onChange(this);
    };
    const keepBusy = () => {
      ws.send("busy");
      timer = this.#after(this.busyEvery, keepBusy);
    };
    const check = () => {
      result.state = "checking";
      result.after = (this.now() - result.since) / 1000;
      ws.send("still here?");
      timer = this.#after(echoTimeout, () => end({ outcome: "silent" }));
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
    ws.onopen = ({ at }) => becomeIdle(at);
    ws.onmessage = ({ at, data }) => {
      if (parseGreeting(data)) this.#greeted = true;
      if (result.state === "checking") end({ outcome: "survived" });
      else if (!isBusy) becomeIdle(at); // the greeting, or an unsolicited message
    };
    ws.onclose = ({ at, code, reason }) => {
      if (result.state === "connecting") {
        this.#sockets.delete(ws);
        if (url !== this.urls[1]) { // refused, perhaps because of the controls
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

  // finish draws the conclusion when every step has an outcome.
  #finish() {
    if (!this.conclusion && this.results.every(({ state }) => state === "done")) {
      // A timer on the whole connection cuts the busy one within the same second.
      this.#after(1000, () => {
        this.#close();
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
