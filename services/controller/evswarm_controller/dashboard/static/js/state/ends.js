/** Asks what became of the operations that this page waits for, whenever it may have missed their end. */

import { ApiError, fetchOperation } from "../api.js";
import { listen, tell } from "../model.js";
import { frameOf, Unsettled } from "./unsettled.js";

const unsettled = new Unsettled();
let asking = false;

listen("op", (frame) => unsettled.put(frame));
// A greeting begins every connection; without a feed there are only snapshots.
listen("hello", () => void ask());
listen("snapshot", ({ part, parts }) => {
  if (part === parts) void ask();
});

/** Wait for the end of an operation that this page has begun. @param {string} id */
export const awaitEnd = (id) => unsettled.add(id);

async function ask() {
  if (asking) return;
  asking = true;
  for (const id of [...unsettled.waiting.keys()]) {
    try {
      const frame = frameOf(await fetchOperation(id));
      // The feed may have told of its end meanwhile.
      if (unsettled.waiting.has(id)) tell(frame);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) break;
      tell(unsettled.forgotten(id));
    }
  }
  asking = false;
}
