import assert from "node:assert/strict";
import { test } from "node:test";
import { ANYTHING } from "../../services/controller/evswarm_controller/dashboard/static/js/messages/message_log.js";
import {
  formatFilter,
  isNarrowed,
  parseFilter,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/message_filter.js";

test("looking at everything has no address of its own", () => {
  assert.equal(formatFilter(ANYTHING), "");
  assert.deepEqual(parseFilter(""), ANYTHING);
  assert.ok(!isNarrowed(ANYTHING));
});

test("a filter survives its own address", () => {
  const filter = {
    station: "CP-000001",
    worker: "w 1",
    action: "BootNotification",
    direction: "to_station",
    kind: "error",
    errors: false,
    text: "a&b c",
    since: "2026-11-22T08:00:00.000Z",
    until: "2026-11-22T09:00:00.000Z",
  };
  assert.deepEqual(parseFilter(formatFilter(filter)), filter);
  assert.match(formatFilter(filter), /since=2026-11-22T08:00:00\.000Z/);
  assert.deepEqual(parseFilter(formatFilter({ ...ANYTHING, errors: true })), { ...ANYTHING, errors: true });
});

test("what no page ever wrote into an address is left out", () => {
  assert.deepEqual(parseFilter("?direction=sideways&kind=great&since=yesterday&errors=1&page=3"), ANYTHING);
});

test("one outcome is more than all that went wrong", () => {
  const filter = parseFilter("?kind=unanswered&errors=true");
  assert.equal(filter.errors, false);
  assert.equal(formatFilter(filter), "?kind=unanswered");
});
