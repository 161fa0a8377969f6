// A WebSocket that is kept open: it reconnects, and falls back to a URL without controls if they
// are refused. The clock and the function that opens a RemoteSocket are passed in.
import { backoff } from "./backoff.js";

// stable is how long a connection must stay open, in ms, to reset the back-off.
const stable = 5000;

// maxFailures is how many attempts in a row may fail before accepted controls are suspected.
const maxFailures = 5;

// A Connection reports through four functions:
//   onState(connection)        phase, url or another property has changed
//   onMessage(payload, at)     a string or Uint8Array was received at that time
//   onSent(at)                 a payload was sent at that time
//   onEnd(end)                 an attempt is over: {url, opened, closed, code, reason, clean, retryIn}.
//                              opened is 0 if it never opened; retryIn is in ms, or -1 for never
// phase is off, connecting, open, closing or waiting.
export class Connection {
  phase = "off";
  reconnects = true;
  retryAt = 0;
  #ws;
  #target;
  #failures = 0;
  #accepted = false; // the server has accepted these controls
  #refused = false; // the server has refused them
  #plain = false; // this attempt is without controls
  #opened = 0;
  #timer;

  constructor({ open, setTimer, clearTimer, random, onState, onMessage, onSent, onEnd }) {
    Object.assign(this, { open, setTimer, clearTimer, random, onState, onMessage, onSent, onEnd });
  }

  // controlsRefused is true if the server accepts a connection only without the controls.
  get controlsRefused() { return this.#refused; }
  get url() { return this.#plain ? this.#target.plain : this.#target.url; }
  get protocol() { return this.#ws?.protocol ?? ""; }
  get extensions() { return this.#ws?.extensions ?? ""; }

  // connect drops the current connection for a target, {url, plain, protocols}. plain is the URL
  // without controls, or url if there are none.
  connect(target) {
    this.#abandon();
    this.#target = target;
    this.#accepted = this.#refused = this.#plain = false;
    this.#failures = 0;
    this.#attempt();
  }

    // retryNow connects to the same target without waiting.
  retryNow() {
    this.clearTimer(this.#timer);
    this.#attempt();
  }

  // disconnect closes the connection and does not reconnect.
  disconnect(code = 1000, reason = "the page disconnected") {
    this.clearTimer(this.#timer);
    if (this.phase === "open" || this.phase === "connecting") {
      this.#set("closing");
      this.#ws.close(code, reason);
    } else if (this.phase === "waiting") {
      this.#set("off");
    }
  }

  // send sends a payload. The connection must be open.
  send(payload) { this.#ws.send(payload); }

    // abandon closes the current connection without reporting its end.
  #abandon() {
    this.clearTimer(this.#timer);
    if (!this.#ws) return;
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onsent = this.#ws.onclose = null;
    this.#ws.close(1000, "the page opens another connection");
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
    const requested = this.phase === "closing";
    const opened = this.#opened;
    const url = this.url;
    this.#failures = opened && closed - opened >= stable ? 0 : this.#failures + 1;
    if (this.#failures >= maxFailures) this.#accepted = false;
    if (requested || !this.reconnects) {
      this.onEnd({ url, opened, closed, code, reason, clean, retryIn: -1 });
      this.#set("off");
      return;
    }
    // The server may have refused the upgrade because of the controls; browsers do not tell.
    const tryPlain = !opened && !this.#plain && !this.#accepted && this.#target.plain !== this.#target.url;
    if (!opened && this.#plain && !this.#refused) this.#plain = false; // the controls were not the cause
    const retryIn = tryPlain ? 0 : backoff(Math.max(0, this.#failures - 1), this.random);
    this.onEnd({ url, opened, closed, code, reason, clean, retryIn });
    if (tryPlain) {
      this.#plain = true;
      this.#attempt();
      return;
    }
    this.retryAt = closed + retryIn;
    this.#timer = this.setTimer(() => this.#attempt(), retryIn);
    this.#set("waiting");
  }
}
