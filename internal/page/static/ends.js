// The connections that ended, and what they have in common.
import { closeMeaning, closeName } from "./codes.js";
import { formatSeconds } from "./stats.js";

// describe returns how a connection ended, in one line.
export function describe({ opened, closed, code, reason, why, times = 1 }) {
  const age = opened ? `, open for ${formatSeconds((closed - opened) / 1000)}` : "";
  const quoted = reason && ` “${reason}”`;
  if (why === "replaced") return opened ? `replaced by another connection${age}` : "replaced before it opened";
  if (!opened) return `${why === "timeout" ? "no answer to the upgrade" : "did not open"}${times > 1 ? `, ${times} times in a row` : ""}`;
  if (why === "timeout") return `no answer to the page's close frame${age}`;
  return `${code} ${closeName(code)}${quoted}${age}`;
}

// sentence returns how the last connection ended, in a sentence.
export function sentence({ opened, code, reason, why }) {
  if (!opened) return why === "timeout" ? "The upgrade was not answered in time." : "Could not connect.";
  if (why === "timeout") return "Closed without an answer to the page's close frame.";
  const meaning = closeMeaning(code);
  return `Closed with ${code} ${closeName(code)}${reason && ` “${reason}”`}${meaning && `: ${meaning}`}.`;
}

// ending returns how the last connection ended, for "after the last connection ...".
export function ending({ code, reason }) {
  if (code === 1006) return "was cut without a close frame (1006)";
  return `was closed with ${code} ${closeName(code)}${reason && ` “${reason}”`}`;
}

// suggestion returns what three cuts at one age suggest. query is that of their URL: a control in
// it may have asked for the cut.
export function suggestion(age, query) {
  const [asked] = /\b(drop|reset)_(in|after)=[^&]*/.exec(query) ?? [];
  return `Three connections in a row ended after ${formatSeconds(age)}, without a close frame${asked ? `, as ${asked} asks. A time-out on the path looks the same.` : ". That looks like a time-out on the path."}`;
}

// sameAge returns the age in seconds at which the last three connections were cut without a close
// frame, or NaN if they were not of one age. ends has the newest last.
export function sameAge(ends) {
  const last = ends.filter(({ opened }) => opened).slice(-3);
  if (last.length < 3 || last.some(({ code, why }) => code !== 1006 || why !== "")) return NaN;
  const ages = last.map(({ opened, closed }) => (closed - opened) / 1000);
  const [least, most] = [Math.min(...ages), Math.max(...ages)];
  return least >= 1 && most - least <= Math.max(0.5, 0.05 * most) ? most : NaN;
}

// stepsAround returns idle times, in seconds, to find a time-out of about this many seconds.
export function stepsAround(seconds) {
  const near = Math.round(seconds);
  return [...new Set([Math.ceil(near / 2), near - 1, near + 2, 2 * near + 2])].filter((step) => step >= 1).sort((a, b) => a - b);
}
