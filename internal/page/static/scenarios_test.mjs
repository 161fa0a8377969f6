import assert from "node:assert/strict";
import test from "node:test";
import { conflicts, controls, validate } from "./controls.js";
import { scenarioOf, scenarios } from "./scenarios.js";

const byName = Object.fromEntries(controls.map((control) => [control.name, control]));

for (const scenario of scenarios) {
  test(`the scenario ${scenario.name} is a valid form`, () => {
    for (const [name, value] of Object.entries(scenario.values)) assert.equal(validate(byName[name], value), "");
    assert.deepEqual(conflicts(scenario.values), {});
    assert.equal(scenarioOf({ ...scenario.values, greet: "1", delay: scenario.values.delay ?? "" }), scenario);
  });
}

test("a changed form is no scenario", () => {
  assert.equal(scenarioOf({}), undefined);
  assert.equal(scenarioOf({ drop_in: "6s" }), undefined);
  assert.equal(scenarioOf({ drop_in: "5s", delay: "1s" }), undefined);
});
