// The form of the idle time-out finder, its progress and its conclusion.
import { byId, clock, element, setError, setText } from "./dom.js";
import { buildURL } from "./controls.js";
import { closeName } from "./codes.js";
import { IdleFinder, parseSteps, presets } from "./idle.js";
import { formatSeconds } from "./stats.js";

let finder;
let ticking;

function row({ step }) {
  const name = step ? formatSeconds(step) : "busy";
  const bar = element("progress", { max: step || finder.results.at(-1).step, value: 0 });
  bar.setAttribute("aria-label", step ? `Idle for ${name}` : "Kept busy");
  return element("li", {}, element("span", { className: "step" }, name), " ", bar, " ", element("span", { className: "outcome" }));
}

function outcome({ state, step, outcome, after, code }) {
  if (state === "connecting") return "connecting";
  if (state === "checking") return "checking";
  if (state !== "done") return step ? "idle" : "busy, for comparison";
  switch (outcome) {
    case "survived": return step ? "still echoes" : "not cut";
    case "silent": return "no echo, not closed";
    case "failed": return "could not connect";
    case "stopped": return step ? `stopped after ${formatSeconds(after)}` : "stopped";
    default: return `cut after ${formatSeconds(after)}, ${code} ${closeName(code)}`;
  }
}

function draw() {
  const rows = byId("idle-results").children;
  [...finder.results, finder.busy].forEach((result, i) => {
    const [, bar, text] = rows[i].children;
    bar.value = result.state === "idle" ? (clock.now() - result.since) / 1000 : result.after ?? 0;
    rows[i].className = result.outcome ?? result.state;
    setText(text, outcome(result));
  });
}

function conclude({ title, detail, timers }) {
  byId("idle-conclusion").replaceChildren(element("h3", {}, title), element("p", {}, detail));
  if (!timers.length) return;
  byId("idle-conclusion").append(element("ul", {}, ...timers.map(({ seconds, name, setting, whole }) =>
    element("li", {}, element("b", {}, name), `: ${formatSeconds(seconds)}${whole ? " for the whole connection" : ""}, ${setting}`))));
}

function stop() {
  clearInterval(ticking);
  setText(byId("idle-toggle"), "Find");
}

// startIdle attaches the finder to its form. open makes a RemoteSocket.
export function startIdle(open) {
  const fill = () => byId("idle-steps").value = presets[byId("idle-preset").value].join(", ");
  byId("idle-preset").onchange = fill;
  fill();
  byId("idle-form").onsubmit = (event) => {
    event.preventDefault();
    setError(byId("idle-steps"), "");
    if (finder && !finder.conclusion) {
      finder.stop();
      return;
    }
    let steps;
    try {
      steps = parseSteps(byId("idle-steps").value);
    } catch (error) {
      setError(byId("idle-steps"), error.message);
      return;
    }
    byId("idle-conclusion").replaceChildren();
    finder = new IdleFinder({
      ...clock,
      open,
      onChange(changed) {
        draw();
        if (!changed.conclusion) return;
        stop();
        conclude(changed.conclusion);
      },
    });
    finder.run({ url: buildURL(location.href, "", { greet: "1", ping: "0" }), plain: buildURL(location.href), steps });
    byId("idle-results").replaceChildren(...finder.results.map(row), row(finder.busy));
    setText(byId("idle-toggle"), "Stop");
    ticking = setInterval(draw, 250);
    draw();
  };
}

// idleNow returns the result of the last test for the report, or "".
export function idleNow() {
  if (!finder) return "";
  const { title, detail } = finder.conclusion ?? { title: "The test is still running", detail: "" };
  const lines = [...finder.results, finder.busy].map((result) => `${result.step ? formatSeconds(result.step) : "busy"}: ${outcome(result)}`);
  return [title, detail, ...lines].filter(Boolean).join("\n");
}
