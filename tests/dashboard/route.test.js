import assert from "node:assert/strict";
import { test } from "node:test";
import {
  isPage,
  parseRoute,
  stationPath,
  titleOf,
} from "../../services/controller/evswarm_controller/dashboard/static/js/state/route.js";

test("every page has its address, with and without a slash at its end", () => {
  for (const path of ["/", "/ui", "/ui/"]) assert.deepEqual(parseRoute(path), { page: "swarm" });
  for (const page of ["workers", "messages", "about"]) {
    assert.deepEqual(parseRoute(`/ui/${page}`), { page });
    assert.deepEqual(parseRoute(`/ui/${page}/`), { page });
  }
});

test("a station's address survives whatever its id holds", () => {
  for (const id of ["CP-000001", "a b", "50%", "x?y#z", "Straße 5"]) {
    assert.deepEqual(parseRoute(stationPath(id)), { page: "station", id });
  }
});

test("an address that nothing stands at is no page", () => {
  for (const path of [
    "/ui/nothing",
    "/ui/workers/1",
    "/ui/stations",
    "/ui/stations/a/b",
    "/ui/stations/%E0%A4%A",
  ]) {
    assert.deepEqual(parseRoute(path), { page: "missing" }, path);
  }
});

test("what is longer than any station's id is none's", () => {
  assert.deepEqual(parseRoute(`/ui/stations/${"x".repeat(48)}`), { page: "station", id: "x".repeat(48) });
  assert.deepEqual(parseRoute(`/ui/stations/${"x".repeat(49)}`), { page: "missing" });
});

test("only addresses of pages are taken from the browser", () => {
  for (const path of ["/", "/ui", "/ui/workers"]) assert.ok(isPage(path), path);
  for (const path of ["/docs", "/uix", "/stations", "/live.schema.json"]) assert.ok(!isPage(path), path);
});

test("the browser's tab names the page", () => {
  assert.equal(titleOf(parseRoute("/")), "evswarm");
  assert.equal(titleOf(parseRoute("/ui/workers")), "Workers · evswarm");
  assert.equal(titleOf(parseRoute("/ui/stations/CP-000001")), "CP-000001 · evswarm");
});
