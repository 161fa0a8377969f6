// The buttons that fill in the form of controls with a scenario, and what came of it.
import { byId, element, setText } from "./dom.js";
import { scenarioOf, scenarios } from "./scenarios.js";

// startScenarios makes the buttons. fill puts a scenario's controls into the form. Call the
// returned show with the values of the form whenever they change.
export function startScenarios(fill) {
  const buttons = scenarios.map(({ name, values }) => {
    const button = element("button", { type: "button", onclick: () => fill(values) }, name);
    button.setAttribute("aria-pressed", "false");
    return button;
  });
  byId("scenarios").append(...buttons.map((button) => element("li", {}, button)));
  return {
    show(values) {
      const chosen = scenarioOf(values);
      scenarios.forEach((scenario, i) => buttons[i].setAttribute("aria-pressed", String(scenario === chosen)));
      setText(byId("scenario-what"), chosen ? chosen.what : "A scenario fills in the controls below.");
      setText(byId("scenario-good"), chosen ? `A good client ${chosen.good}` : "");
      byId("scenario-connect").hidden = !chosen;
      showOutcome();
    },
  };
}

// showOutcome repeats the status next to the scenario, because on a small screen the head of the page
// is not in view.
export function showOutcome() {
  const said = byId(byId("why").hidden ? "status" : "why-title").textContent;
  setText(byId("scenario-now"), byId("scenario-connect").hidden ? "" : `Now: ${said}`);
}
