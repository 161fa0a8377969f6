// One WebSocket that is kept open: it connects, connects again, and does without controls
// where they are refused. The clock and what opens a RemoteSocket are passed in.
import { backoff } from "./backoff.js";

// stable is how long a connection has to hold, in ms, for the next failure to be the first.
const stable = 5000;

// doubt is how many attempts in a row may fail until controls that were taken once may be
// what fails.
const doubt = 5;

// Connection tells of itself through four functions:
//   onState(connection)        phase, url, ... have changed
//   onMessage(payload, at)     a string or a Uint8Array has come at that time
//   onSent(at)                 a payload has left
//   onEnd(end)                 {url, opened, closed, code, reason, clean, again}: an attempt is over.
//                              opened is 0 when it never opened, again the wait in ms, or -1
// phase is off, connecting, open, closing or waiting.
export class Connection {
  phase = "off";
  reconnects = true;
  retryAt = 0;
  #ws;
  #target;
  #failures = 0;
  #accepted = false; // the server has taken these controls before
  #refused = false; // ... has refused them
  #plain = false; // this attempt is without
  #opened = 0;
  #timer;

  constructor({ open, setTimer, clearTimer, random, onState, onMessage, onSent, onEnd }) {
    Object.assign(this, { open, setTimer, clearTimer, random, onState, onMessage, onSent, onEnd });
  }

  // controlsRefused says that the server opens a connection without the controls only.
  get controlsRefused() { return this.#refused; }
  get url() { return this.#plain ? this.#target.plain : this.#target.url; }
  get controlled() { return !this.#plain; }
  get protocol() { return this.#ws?.protocol ?? ""; }
  get extensions() { return this.#ws?.extensions ?? ""; }

  // connect begins anew with a target: {url, plain, protocols}. plain is the URL without
  // controls, the same as url when there are none.
  connect(target) {
    this.#leave();
    this.#target = target;
    this.#accepted = this.#refused = this.#plain = false;
    this.#failures = 0;
    this.#attempt();
  }

  // again connects at once to the same target.
  again() {
    this.clearTimer(this.#timer);
    this.#attempt();
  }

  // disconnect closes, and stays closed.
  disconnect(code = 1000, reason = "the page disconnected") {
    this.clearTimer(this.#timer);
    if (this.phase === "open" || this.phase === "connecting") {
      this.#set("closing");
      this.#ws.close(code, reason);
    } else if (this.phase === "waiting") {
      this.#set("off");
    }
  }

  // send sends a payload. It is for an open connection.
  send(payload) { this.#ws.send(payload); }

  // leave ends what there is, without a word of it.
  #leave() {
    this.clearTimer(this.#timer);
    if (!this.#ws) return;
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onsent = this.#ws.onclose = null;
    this.#ws.close(1000, "the page connects anew");
  }

  #set(phase) {
    this.phase = phase;
    this.onState(this);
  }

  #attempt() {
    this.#opened = 0;
    const ws = this.#ws = this.open(this.url, this.#target.protocols);
    ws.onopen = ({ at }) => {
      this.#opened = at;
      if (this.#plain) this.#refused = true;
      else this.#accepted = true;
      this.#set("open");
    };
    ws.onmessage = ({ data, at }) => this.onMessage(typeof data === "string" ? data : new Uint8Array(data), at);
    ws.onsent = ({ at }) => this.onSent(at);
    ws.onclose = ({ at, code, reason, wasClean }) => this.#closed(at, code, reason, wasClean);
    this.#set("connecting");
  }

  #closed(closed, code, reason, clean) {
    const wanted = this.phase === "closing";
    const opened = this.#opened;
    const url = this.url;
    this.#failures = opened && closed - opened >= stable ? 0 : this.#failures + 1;
    if (this.#failures >= doubt) this.#accepted = false;
    if (wanted || !this.reconnects) {
      this.onEnd({ url, opened, closed, code, reason, clean, again: -1 });
      this.#set("off");
      return;
    }
    // An upgrade that fails may have been refused for its controls: a browser does not say.
    const tryPlain = !opened && !this.#plain && !this.#accepted && this.#target.plain !== this.#target.url;
    if (!opened && this.#plain && !this.#refused) this.#plain = false; // it was not for the controls
    const again = tryPlain ? 0 : backoff(Math.max(0, this.#failures - 1), this.random);
    this.onEnd({ url, opened, closed, code, reason, clean, again });
    if (tryPlain) {
      this.#plain = true;
      this.#attempt();
      return;
    }
    this.retryAt = closed + again;
    this.#timer = this.setTimer(() => this.#attempt(), again);
    this.#set("waiting");
  }
}
