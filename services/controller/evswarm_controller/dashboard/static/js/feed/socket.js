/** The shell around the feed machine: one WebSocket, one interval, the page's visibility. */

import { FeedMachine } from "./machine.js";

const CHECK_MS = 250;

/**
 * Keep a connection to the feed for as long as the page lives.
 *
 * @param {string} url ws: or wss:
 * @param {(frame: import("../protocol.js").ServerFrame) => void} apply called with every frame to be shown, in order
 * @param {(machine: FeedMachine) => void} changed called whenever the connection's phase changed
 */
export function openFeed(url, apply, changed) {
  const machine = new FeedMachine(Math.random);
  const now = () => performance.now() / 1000;
  /** @type {WebSocket | null} */
  let socket = null;

  /** @param {import("./machine.js").Action[]} actions */
  const run = (actions) => {
    for (const action of actions) {
      if (action.do === "connect") connect();
      else if (action.do === "close") drop();
      else if (action.do === "send") socket?.send(JSON.stringify(action.frame));
      else if (action.do === "apply") apply(action.frame);
      else changed(machine);
    }
  };

  const drop = () => {
    const old = socket;
    socket = null;
    old?.close();
  };

  const connect = () => {
    drop();
    const mine = new WebSocket(url);
    socket = mine;
    mine.onmessage = (event) => {
      if (socket === mine) run(machine.receive(JSON.parse(event.data), now()));
    };
    mine.onclose = (event) => {
      if (socket !== mine) return;
      socket = null;
      run(machine.closed(now(), event.code));
    };
  };

  document.addEventListener("visibilitychange", () => run(machine.visibility(document.hidden, now())));
  setInterval(() => run(machine.tick(now())), CHECK_MS);
  run(machine.start(now()));
  if (document.hidden) run(machine.visibility(true, now()));

  return {
    machine,
    /** Seconds since the last frame. */
    silence: () => (machine.heardAt === 0 ? 0 : now() - machine.heardAt),
    /** Seconds to the next attempt. */
    untilRetry: () => Math.max(0, machine.retryAt - now()),
    /** @param {import("../protocol.js").ClientFrame} frame */
    send: (frame) => run(machine.send(frame)),
    /** Close it until the token is given. */
    lock: () => run(machine.lock()),
    /** The token was given. */
    unlock: () => run(machine.unlock(now())),
  };
}
