// Explains why an upgrade failed, and what to do about it.
import { isFinal } from "./codes.js";
import { formatSeconds } from "./stats.js";

const nginx = "nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";";

// refusals has the cause and the remedies for the reasons of this server's refusals.
const refusals = {
  upgrade: { title: "A proxy removed “Upgrade: websocket”", fix: [nginx, "Apache: mod_proxy_wstunnel, or upgrade=websocket in ProxyPass", "A CDN or an application gateway: enable WebSockets"] },
  connection: { title: "A proxy removed “Connection: Upgrade”", fix: [nginx] },
  http_version: { title: "A proxy sent the upgrade as HTTP/1.0", fix: [nginx] },
  key: { title: "A proxy removed or changed Sec-WebSocket-Key", fix: ["Make the proxy forward all header fields that begin with Sec-WebSocket-"] },
  version: { title: "A proxy removed or changed Sec-WebSocket-Version", fix: ["Make the proxy forward all header fields that begin with Sec-WebSocket-"] },
  host: { title: "A proxy sent a wrong Host", fix: ["nginx: proxy_set_header Host $host;"] },
  body: { title: "A proxy added a body to the upgrade", fix: ["Make the proxy send neither Content-Length nor Transfer-Encoding with an upgrade"] },
  too_large: { title: "The request head is too large", fix: ["Delete this site's cookies; look for a proxy that adds large header fields"] },
  control: { title: "The server refused a control", fix: ["Correct the control in the form"] },
  draining: { title: "The server is shutting down", fix: ["Wait: the page reconnects, and a load balancer should choose another replica"] },
};

// statuses has the usual meaning of a proxy's status.
const statuses = {
  401: "The proxy requires a login. A WebSocket cannot show a login form, so the proxy must accept a cookie or a token for the upgrade.",
  403: "The proxy denies access: check its access rules and its web application firewall.",
  404: "The proxy has no route for this path.",
  429: "The proxy limits the rate of requests.",
  502: "The proxy could not reach the server, or did not understand its answer.",
  503: "The proxy has no healthy server to forward the request to.",
  504: "The server did not answer the proxy in time.",
};

// explain returns {title, detail, fix, quote} for what ask found. attempt has the url, the page's
// origin, and asked: the status that the control refuse asks for. quote is what the server or the
// proxy said.
export function explain(found, { url, origin, asked }) {
  const probe = `In a terminal, run: echosvc probe ${url.replace(/[?&]_page=[^&]*/, "")}`;
  switch (found.kind) {
    case "refused": return refused(found, origin, asked);
    case "accepted": return {
      title: "The server accepted the upgrade, but its answer did not arrive whole",
      detail: `The pod ${found.pod} answered with 101. A proxy changed or withheld the answer, or the browser rejected the subprotocol or an extension in it.`,
      fix: [probe, "Compare Sec-WebSocket-Accept, -Protocol and -Extensions in the answer with what the server sent"],
    };
    case "plain": return {
      title: "A proxy turned the upgrade into plain HTTP",
      detail: `The request arrived at ${found.pod} as an ordinary GET, without the header fields of an upgrade.`,
      fix: [nginx, "A CDN or an application gateway: enable WebSockets"],
    };
    case "unknown": return { title: "The upgrade failed", detail: "The server does not remember whether it arrived: too many other attempts followed.", fix: [probe] };
    case "restarted": return { title: "The server was not running", detail: `It started ${formatSeconds(Math.max(1, Math.round(found.seconds)))} ago, after the upgrade was sent.`, fix: [] };
    case "proxy": return byProxy(found, probe);
    case "absent": return {
      title: "The upgrade never reached the server",
      detail: `Plain HTTP reaches ${found.pods.join(", ")}, but the upgrade did not: a proxy, a firewall or a browser extension answered it. ` +
        "With several replicas, another one may have received it.",
      fix: ["Look up its status in the browser's developer tools (F12), under Network", probe],
    };
    default: return { title: "Nothing answers", detail: `Neither an upgrade nor plain HTTP gets an answer from ${new URL(url).host}: the server or the network is down.`, fix: [probe] };
  }
}

function refused({ status, reason, pod, text: quote }, origin, asked) {
  const by = `${pod} answered the upgrade with ${status}.`;
  if (asked && status === Number(asked)) {
    return {
      title: `The server refused with ${status}, as asked`,
      detail: `${by} The control refuse=${asked} is in the URL.${isFinal(status) ? " The page does not try again: the answer would be the same." : ""}`,
      fix: ["Reset the controls and connect, to be accepted again"],
    };
  }
  if (reason === "origin") {
    return {
      title: "The server does not allow this page's origin",
      detail: `${by} A page at ${origin} may connect only if it is on the list.`,
      fix: [`Add ${origin} to ALLOWED_ORIGINS of the server`, "If a proxy rewrites Origin or Host, make it forward them unchanged"],
      quote,
    };
  }
  const known = refusals[reason];
  if (known) return { title: known.title, detail: by, fix: known.fix, quote };
  if (status === 503) return { title: "The server is full", detail: by, fix: ["Wait: the page tries again", "Raise the limit that the text names, or add replicas"], quote };
  return { title: `The server refused the upgrade with ${status}`, detail: by, fix: [], quote };
}

function byProxy({ status, title, redirected }, probe) {
  const fix = [probe];
  if (redirected) return { title: "A proxy redirects", detail: `Plain HTTP to this path ends at ${redirected}. A WebSocket does not follow redirects.`, fix: ["Connect to where the redirect leads", ...fix], quote: title };
  const meaning = statuses[status] ?? (status < 300 ? "Something else answers for this path, perhaps with the start page of an application." : "");
  return { title: `A proxy answered with ${status}, not this server`, detail: `Plain HTTP gets ${status} from it, and most likely the upgrade does too. ${meaning}`.trim(), fix, quote: title };
}
