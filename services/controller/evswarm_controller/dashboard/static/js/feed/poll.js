/**
 * Asking again and again, where the feed cannot be opened (a proxy without WebSockets, say): one question at a time,
 * the next one a pause after the answer, none in a hidden page.
 */

const PAUSE_MS = 3000;

/**
 * @param {() => Promise<void>} ask gets and shows everything; its failures are its own
 * @returns {{set: (on: boolean) => void}} begins and ends it
 */
export function createPoll(ask) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let on = false;

  const round = async () => {
    if (!document.hidden) await ask();
    if (on) timer = setTimeout(round, PAUSE_MS);
  };

  return {
    set(wanted) {
      if (wanted === on) return;
      on = wanted;
      clearTimeout(timer);
      if (on) void round();
    },
  };
}
