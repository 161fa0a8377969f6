// The list of connections that ended, and the suggestion to look for an idle time-out.
import { byId, clockTime, element, setText } from "./dom.js";
import { describe, sameAge, stepsAround, suggestion } from "./ends.js";

const maxEnds = 50;
export const ends = []; // newest last

function row(end) {
  const bad = end.why === "" && (!end.opened || !end.clean);
  return element("li", {}, element("time", {}, end.time), " ",
    element("span", { className: bad || end.why === "timeout" ? "bad" : "" }, describe(end)), " ",
    element("span", { className: "muted" }, end.pod));
}

// addEnd adds a connection that has ended, or a failed attempt. Failures in a row are one entry.
export function addEnd(end, pod) {
  const last = ends.at(-1);
  const list = byId("history");
  if (last && !end.opened && !last.opened && last.why === end.why && end.why !== "replaced") {
    last.times++;
    list.firstElementChild.replaceWith(row(last));
    return;
  }
  const kept = { ...end, pod, times: 1, time: clockTime(), query: new URL(end.url).search };
  ends.push(kept);
  if (ends.length > maxEnds) ends.shift();
  list.prepend(row(kept));
  while (list.children.length > maxEnds) list.lastElementChild.remove();
  byId("history-empty").hidden = true;
  suggest();
}

// suggest offers the idle test after three cuts at one age.
function suggest() {
  const age = sameAge(ends);
  byId("suggestion").hidden = Number.isNaN(age);
  if (Number.isNaN(age)) return;
  setText(byId("suggestion-text"), suggestion(age, ends.at(-1).query));
  byId("suggestion-go").onclick = () => {
    byId("suggestion").hidden = true;
    byId("idle-steps").value = stepsAround(age).join(", ");
    byId("idle-toggle").focus();
  };
}
