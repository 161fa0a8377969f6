// A WebSocket that is in the worker.

const worker = new Worker(new URL("./worker.js", import.meta.url));
const sockets = new Map();
let lastID = 0;

// RemoteSocket has of a WebSocket what the page uses. Its events have the time at which
// they came (at), and onsent is called with the time at which each message left, in their
// order and before their echo.
export class RemoteSocket {
  protocol = "";
  extensions = "";
  #id = ++lastID;

  constructor(url, protocols) {
    sockets.set(this.#id, this);
    this.#tell("open", { url, protocols });
  }

  send(data) { this.#tell("send", { data }); }
  close(code, reason) { this.#tell("close", { code, reason }); }

  #tell(type, what) { worker.postMessage({ id: this.#id, type, ...what }); }
}

worker.onmessage = ({ data: event }) => {
  const ws = sockets.get(event.id);
  if (event.type === "open") Object.assign(ws, { protocol: event.protocol, extensions: event.extensions });
  if (event.type === "close") sockets.delete(event.id);
  ws[`on${event.type}`]?.(event);
};
