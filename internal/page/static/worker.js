// The worker that holds the page's WebSockets. Times are taken here, where drawing the page
// delays nothing. remotesocket.js is the other side.
"use strict";

const sockets = new Map();
const now = () => performance.timeOrigin + performance.now(); // same clock as the page's

const handlers = {
  open({ id, url, protocols }) {
    const ws = new WebSocket(url, protocols);
    ws.binaryType = "arraybuffer";
    sockets.set(id, ws);
    ws.onopen = () => postMessage({ id, type: "open", at: now(), protocol: ws.protocol, extensions: ws.extensions });
    ws.onmessage = ({ data }) => postMessage({ id, type: "message", at: now(), data }, typeof data === "string" ? [] : [data]);
    ws.onclose = ({ code, reason, wasClean }) => {
      sockets.delete(id);
      postMessage({ id, type: "close", at: now(), code, reason, wasClean });
    };
  },
  send({ id, data }) {
    if (sockets.get(id)?.readyState !== WebSocket.OPEN) return; // the page will soon receive the close event
    const at = now();
    sockets.get(id).send(data);
    postMessage({ id, type: "sent", at });
  },
  close({ id, code, reason }) {
    sockets.get(id)?.close(code, reason);
  },
};

onmessage = ({ data }) => handlers[data.type](data);
