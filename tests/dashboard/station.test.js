import assert from "node:assert/strict";
import { test } from "node:test";
import { ANYTHING } from "../../services/controller/evswarm_controller/dashboard/static/js/messages/message_log.js";
import {
  profileWords,
  scheduleColumns,
  suggested,
} from "../../services/controller/evswarm_controller/dashboard/static/js/station/detail.js";
import {
  blank,
  hints,
  labelOf,
  sent,
  withPart,
} from "../../services/controller/evswarm_controller/dashboard/static/js/station/form_model.js";
import { PowerTrail } from "../../services/controller/evswarm_controller/dashboard/static/js/station/power_trail.js";
import {
  formatStationView,
  parseStationView,
} from "../../services/controller/evswarm_controller/dashboard/static/js/station/station_view.js";

const PROFILE = {
  type: "object",
  properties: {
    connectorId: { type: "integer" },
    purpose: { type: "string", enum: ["TxProfile", "TxDefaultProfile"] },
    validFrom: { type: "string", format: "date-time" },
    schedule: {
      type: "object",
      properties: {
        periods: {
          type: "array",
          items: {
            type: "object",
            properties: { start: { type: "integer" }, limit: { type: "number", multipleOf: 0.1 } },
            required: ["start", "limit"],
          },
        },
        duration: { type: "integer" },
      },
      required: ["periods"],
    },
  },
  required: ["connectorId", "schedule"],
};

test("a new part begins with what is required, one item in each list", () => {
  assert.deepEqual(blank(PROFILE), { connectorId: "", schedule: { periods: [{ start: "", limit: "" }] } });
  assert.equal(blank({ type: "string", enum: ["Soft", "Hard"] }), "Soft");
});

test("a part is replaced, added and removed where it stands, and its neighbours stay", () => {
  const value = { a: 1, list: [{ x: 1 }, { x: 2 }], z: 3 };
  assert.deepEqual(withPart(value, ["list", 1, "x"], 9), { a: 1, list: [{ x: 1 }, { x: 9 }], z: 3 });
  assert.deepEqual(withPart(value, ["list", 0], undefined), { a: 1, list: [{ x: 2 }], z: 3 });
  assert.deepEqual(withPart(value, ["a"], undefined), { list: [{ x: 1 }, { x: 2 }], z: 3 });
  assert.deepEqual(Object.keys(withPart(value, ["a"], 5)), ["a", "list", "z"]);
  assert.deepEqual(value, { a: 1, list: [{ x: 1 }, { x: 2 }], z: 3 });
});

test("numbers are sent as numbers, and what was left empty is not sent unless it is required", () => {
  const typed = {
    connectorId: "1",
    purpose: "",
    schedule: { periods: [{ start: "0", limit: " 7.5 " }], duration: "" },
  };
  assert.deepEqual(sent(PROFILE, typed), {
    connectorId: 1,
    schedule: { periods: [{ start: 0, limit: 7.5 }] },
  });
  assert.deepEqual(sent(PROFILE, { connectorId: "one", schedule: {} }), { connectorId: "one", schedule: {} });
});

test("what looks wrong is told by its place", () => {
  const found = hints(PROFILE, {
    connectorId: 1.5,
    purpose: "Odd",
    validFrom: "tomorrow",
    schedule: { periods: [{ start: 0, limit: 7.55 }, { start: "x" }] },
  });
  assert.deepEqual(Object.keys(found).sort(), [
    "connectorId",
    "purpose",
    "schedule.periods.0.limit",
    "schedule.periods.1.limit",
    "schedule.periods.1.start",
    "validFrom",
  ]);
  assert.equal(found["schedule.periods.1.limit"], "required");
  assert.deepEqual(hints(PROFILE, { connectorId: 1, schedule: { periods: [] } }), {});
  assert.deepEqual(hints({ type: "string", maxLength: 2 }, "abc"), { "": "at most 2 characters" });
  assert.deepEqual(hints({ type: "integer", minimum: 1 }, 0), { "": "at least 1" });
});

test("names become words", () => {
  assert.equal(labelOf("chargingRateUnit"), "Charging rate unit");
  assert.equal(labelOf("id_tag"), "Id tag");
});

test("an example fits the station: its open transaction, and times that are still to come", () => {
  const detail = /** @type {any} */ ({
    connectors: [{ transaction: null }, { transaction: { transaction_id: 42 } }],
  });
  const now = Date.UTC(2026, 10, 22, 12) / 1000;
  assert.deepEqual(
    suggested({ transactionId: 1, list: [{ expiryDate: "2000-01-01T00:00:00Z" }] }, detail, now),
    {
      transactionId: 42,
      list: [{ expiryDate: "2026-11-22T13:00:00.000Z" }],
    },
  );
  assert.deepEqual(suggested({ transactionId: 1 }, null, now), { transactionId: 1 });
});

test("a composite schedule is drawn to its end", () => {
  const [times, limits] = scheduleColumns({
    connector_id: 1,
    starts_at: "2026-11-22T12:00:00.000Z",
    duration_seconds: 3600,
    periods: [
      { start_seconds: 0, limit_kw: 11 },
      { start_seconds: 600, limit_kw: 4 },
    ],
  });
  const begin = Date.UTC(2026, 10, 22, 12) / 1000;
  assert.deepEqual(times, [begin, begin + 600, begin + 3600]);
  assert.deepEqual(limits, [11, 4, 4]);
});

test("a charging profile is told in words", () => {
  const words = profileWords({
    connectorId: 0,
    csChargingProfiles: {
      chargingProfileId: 3,
      stackLevel: 1,
      chargingProfilePurpose: "ChargePointMaxProfile",
      chargingProfileKind: "Recurring",
      recurrencyKind: "Daily",
      chargingSchedule: {
        chargingRateUnit: "A",
        chargingSchedulePeriod: [0, 1, 2, 3, 26].map((h) => ({ startPeriod: h * 3600, limit: 8 })),
      },
    },
  });
  assert.equal(words.where, "whole station");
  assert.equal(words.when, "Recurring, Daily");
  assert.equal(words.limits, "+0:00 8 A · +1:00 8 A · +2:00 8 A · +3:00 8 A · 1 more");
});

/** @param {number | null} limit @param {number} power */
const outlet = (limit, power) =>
  /** @type {any} */ ({
    connector_id: 1,
    limit_kw: limit,
    power_kw: power,
    car: limit ? { soc_percent: 50 } : null,
  });

test("what the history tells goes over into what was seen, without a seam twice drawn", () => {
  const trail = new PowerTrail();
  trail.takeLook(100, [outlet(11, 7)]);
  trail.takeLook(100, [outlet(11, 8)]);
  trail.takeLook(102, [outlet(null, 0)]);
  trail.takeHistory([
    {
      connector_id: 1,
      power_kw: [
        [50, 5],
        [101, 9],
      ],
      limit_kw: [
        [10, 22],
        [60, null],
        [90, 11],
      ],
      soc_percent: [[50, 40]],
    },
  ]);
  const [times, power, limit, soc] = trail.columns(1, 40);
  assert.deepEqual(times, [40, 50, 60, 90, 100, 102]);
  assert.deepEqual(power, [undefined, 5, null, undefined, 7, null]);
  assert.deepEqual(limit, [22, 22, null, 11, 11, null]);
  assert.deepEqual(soc, [undefined, 40, null, undefined, 50, null]);
});

test("a chart of an outlet that nothing is known of is empty", () => {
  assert.deepEqual(new PowerTrail().columns(7, 0), [[], [], [], []]);
});

test("what is looked at of a station stands in the address and is read from it again", () => {
  const view = parseStationView(
    "?show=messages&action=Reset&errors=true&text=a+b&since=2026-11-22T00:00:00.000Z",
  );
  assert.equal(view.section, "messages");
  assert.equal(view.filter.errors, true);
  assert.deepEqual(parseStationView(formatStationView(view)), view);
  assert.equal(formatStationView({ ...view, section: "now" }), "");
  assert.deepEqual(parseStationView("?show=nonsense"), { section: "now", filter: ANYTHING });
});
