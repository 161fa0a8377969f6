// Finds out why an upgrade failed. Browsers do not tell a page, so it asks the
// server over plain HTTP, and looks at who answers.

const tries = 3; // each on a connection of its own, and perhaps to another replica
const patience = 5000; // for an answer, in ms

// ask returns {kind, ...} for the attempt {id, url, began} of a page at an address. fetch and now
// are the browser's. The kinds are
//   refused      by this server: status, reason, text
//   accepted     by this server, but the answer was lost
//   plain        it arrived without the header fields of an upgrade
//   unknown      too many attempts of others followed
//   restarted    the server has started since, seconds ago
//   absent       plain HTTP arrives at pods, but it did not
//   proxy        something else answered plain HTTP: status, title
//   unreachable  nothing answered
export async function ask({ fetch, now, page }, { id, url, began }) {
  const get = (target) => fetch(target, { cache: "no-store", credentials: "same-origin", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(patience) });
  const pods = new Set();
  try {
    for (let i = 0; i < tries; i++) {
      const response = await get(new URL(`.ws/upgrade?id=${id}`, new URL(".", page)));
      const found = await parse(response);
      if (!found.outcome) return { kind: "proxy", ...found };
      const { outcome, ...rest } = found;
      if (outcome !== "absent") return { kind: outcome, ...rest };
      if (now() - found.up * 1000 > began) return { kind: "restarted", seconds: found.up };
      pods.add(found.pod);
    }
    const path = new URL(url);
    path.protocol = path.protocol === "wss:" ? "https:" : "http:";
    path.search = "";
    const found = await parse(await get(path));
    if (found.pod || found.status === 426) return { kind: "absent", pods: [...pods] };
    return { kind: "proxy", ...found };
  } catch {
    return { kind: "unreachable" };
  }
}

// parse returns the JSON of this server, or the status and the title of another answer.
async function parse(response) {
  const text = await response.text();
  try {
    const found = JSON.parse(text);
    if (found && typeof found.pod === "string") return found;
  } catch {
    // not JSON
  }
  return { status: response.status, title: title(text), redirected: response.redirected ? response.url : "" };
}

// title returns the title of an HTML page, or the first line of a text.
export function title(text) {
  const html = /<title[^>]*>([^<]*)/i.exec(text) ?? /<h1[^>]*>([^<]*)/i.exec(text);
  const line = html ? html[1] : /^\s*</.test(text) ? "" : text.trim().split("\n")[0];
  return line.trim().slice(0, 120);
}
