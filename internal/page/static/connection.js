// A WebSocket that is kept open: it reconnects, and falls back to a URL without controls if they
// are refused. The clock, the function that opens a RemoteSocket and the one that makes ids are
// passed in.
import { backoff } from "./backoff.js";
import { isFinal } from "./codes.js";
import { withID } from "./controls.js";

// stable is how long a connection must stay open, in ms, to reset the back-off.
const stable = 5000;

// maxFailures is how many attempts in a row may fail before accepted controls are suspected.
const maxFailures = 5;

// patience is how long a connection may take to open or to close, in ms. Browsers have no limit,
// or one of minutes.
const patience = { connecting: 20000, closing: 5000 };

// A Connection reports through four functions:
//   onState(connection)        phase, url or another property has changed
//   onMessage(payload, at)     a string or Uint8Array was received at that time
//   onSent(at)                 a payload was sent at that time
//   onEnd(end)                 an attempt is over: {id, url, began, opened, closed, code, reason, clean,
//                              why, plain, retryIn}. opened is 0 if it never opened; retryIn is in ms,
//                              or -1 for never; why is "" for the peer or the path, "requested",
//                              "replaced" by another connection, or "timeout"; plain means that it
//                              was tried without controls
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
  #began = 0;
  #opened = 0;
  #id = "";
  #timer;
  #limit; // the timer of patience

  constructor({ open, now, setTimer, clearTimer, random, newID, onState, onMessage, onSent, onEnd }) {
    Object.assign(this, { open, now, setTimer, clearTimer, random, newID, onState, onMessage, onSent, onEnd });
  }

  // controlsRefused is true if the server accepts a connection only without the controls.
  get controlsRefused() { return this.#refused; }
  get url() { return (this.#plain ? this.#target?.plain : this.#target?.url) ?? ""; }
  get protocol() { return this.#ws?.protocol ?? ""; }
  get extensions() { return this.#ws?.extensions ?? ""; }

  // connect replaces the current connection by one to a target, {url, plain, protocols, refuses}.
  // plain is the URL without controls, or url if there are none. refuses is the status with which a
  // control asks the server to refuse, if any: that is no reason to try without, and if it is final,
  // none to try again.
  connect(target) {
    if (this.#abandon("the page opens another connection")) this.#report({ closed: this.now(), code: 1000, reason: "", clean: false, why: "replaced", retryIn: -1 });
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

  // disconnect closes the connection and does not reconnect. While it closes already, it does not
  // wait any longer.
  disconnect(code = 1000, reason = "the page disconnected") {
    this.clearTimer(this.#timer);
    if (this.phase === "open" || this.phase === "connecting") {
      this.#set("closing");
      this.#limit = this.setTimer(() => this.#giveUp(), patience.closing);
      this.#ws.close(code, reason);
    } else if (this.phase === "closing") {
      this.#giveUp();
    } else if (this.phase === "waiting") {
      this.#set("off");
    }
  }

  // send sends a payload. The connection must be open.
  send(payload) { this.#ws.send(payload); }

  // abandon closes the current connection without waiting for its end. It reports whether there
  // was one that had not ended.
  #abandon(reason) {
    this.clearTimer(this.#timer);
    this.clearTimer(this.#limit);
    if (!this.#ws) return false;
    this.#ws.onopen = this.#ws.onmessage = this.#ws.onsent = this.#ws.onclose = null;
    this.#ws.close(1000, reason);
    this.#ws = undefined;
    return true;
  }

  // giveUp ends a connection that takes too long to open or to close.
  #giveUp() {
    this.#abandon("the page has waited long enough");
    this.#closed(this.now(), 1006, "", false, "timeout");
  }

  #report(end) {
    this.onEnd({ id: this.#id, url: this.url, plain: this.#plain, began: this.#began, opened: this.#opened, ...end });
  }

  #set(phase) {
    this.phase = phase;
    this.onState(this);
  }

  #attempt() {
    this.#opened = 0;
    this.#began = this.now();
    this.#id = this.newID();
    const ws = this.#ws = this.open(withID(this.url, this.#id), this.#target.protocols);
    this.#limit = this.setTimer(() => this.#giveUp(), patience.connecting);
    ws.onopen = ({ at }) => {
      this.clearTimer(this.#limit);
      this.#opened = at;
      if (this.#plain) this.#refused = true;
      else this.#accepted = true;
      this.#set("open");
    };
    ws.onmessage = ({ data, at }) => this.onMessage(typeof data === "string" ? data : new Uint8Array(data), at);
    ws.onsent = ({ at }) => this.onSent(at);
    ws.onclose = ({ at, code, reason, wasClean }) => {
      this.clearTimer(this.#limit);
      this.#ws = undefined;
      this.#closed(at, code, reason, wasClean, this.phase === "closing" ? "requested" : "");
    };
    this.#set("connecting");
  }

  #closed(closed, code, reason, clean, why) {
    const opened = this.#opened;
    this.#failures = opened && closed - opened >= stable ? 0 : this.#failures + 1;
    if (this.#failures >= maxFailures) this.#accepted = false;
    const end = { closed, code, reason, clean, why };
    const final = !opened && isFinal(Number(this.#target.refuses));
    if (this.phase === "closing" || !this.reconnects || final) {
      this.#report({ ...end, retryIn: -1 });
      this.#set("off");
      return;
    }
    // The server may have refused the upgrade because of the controls; browsers do not tell.
    const tryPlain = !opened && !this.#plain && !this.#accepted && !this.#target.refuses && this.#target.plain !== this.#target.url;
    const retryIn = tryPlain ? 0 : backoff(Math.max(0, this.#failures - 1), this.random);
    this.#report({ ...end, retryIn });
    if (!opened && this.#plain && !this.#refused) this.#plain = false; // the controls were not the cause
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
