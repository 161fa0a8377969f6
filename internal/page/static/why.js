// Shows why an upgrade failed.
import { ask } from "./ask.js";
import { explain } from "./diagnosis.js";
import { byId, clock, element, setText } from "./dom.js";
import { visible } from "./visible.js";

let newest = ""; // the id of the attempt that is shown, or asked about

// whyNow returns what is shown, as one text, or "".
export const whyNow = () => (byId("why").hidden ? "" : ["why-title", "why-detail", "why-quote"].map((id) => byId(id).textContent).filter(Boolean).join("\n"));

// hideWhy hides the explanation: a connection is open, or another target is tried.
export function hideWhy() {
  newest = "";
  byId("why").hidden = true;
}

// showWhy finds out why an attempt failed, and shows it unless a connection has opened meanwhile.
// It returns the explanation. asked is the status that the control refuse asks for, or "".
export async function showWhy(attempt, asked) {
  newest = attempt.id;
  const found = await ask({ fetch: (...args) => fetch(...args), now: clock.now, page: location.href }, attempt);
  const explanation = explain(found, { url: attempt.url, origin: location.origin, asked });
  if (newest !== attempt.id) return explanation;
  const { title, detail, fix, quote } = explanation;
  setText(byId("why-title"), title);
  setText(byId("why-detail"), detail);
  byId("why-do").hidden = !fix.length;
  byId("why-fix").replaceChildren(...fix.map((line) => element("li", {}, line)));
  byId("why-quote").hidden = !quote;
  setText(byId("why-quote"), quote ? visible(quote) : "");
  byId("why").hidden = false;
  return explanation;
}
