// The page's side of the WebSockets in the worker.

const worker = new Worker(new URL("./worker.js", import.meta.url));
const sockets = new Map();
let lastID = 0;

// A RemoteSocket has the part of WebSocket's interface that the page uses. Every event has the
// time at which it happened (at). onsent is called once for each message, in order and before
// its echo, with the time at which it was sent.
export class RemoteSocket {
  protocol = "";
  extensions = "";
  #id = ++lastID;

  constructor(url, protocols) {
    sockets.set(this.#id, this);
    this.#post("open", { url, protocols });
  }

  send(data) { this.#post("send", { data }); }
  close(code, reason) { this.#post("close", { code, reason }); }

  #post(type, fields) { worker.postMessage({ id: this.#id, type, ...fields }); }
}

worker.onmessage = ({ data: event }) => {
  const ws = sockets.get(event.id);
  if (event.type === "open") Object.assign(ws, { protocol: event.protocol, extensions: event.extensions });
  if (event.type === "close") sockets.delete(event.id);
  ws[`on${event.type}`]?.(event);
};

// onWorkerFailure sets a function that is called if the worker cannot be loaded.
export function onWorkerFailure(then) { worker.onerror = then; }
