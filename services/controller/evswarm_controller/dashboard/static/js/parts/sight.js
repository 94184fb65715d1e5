/** Which part of a table's body the window shows, followed while the page scrolls, grows and is resized. */

import { useEffect, useState } from "../../vendor/runtime.js";

/**
 * Pixels of the body that are scrolled away under the sticky header, and pixels in sight.
 *
 * @param {HTMLElement} body
 */
export function sight(body) {
  const head = body.previousElementSibling?.getBoundingClientRect();
  const rect = body.getBoundingClientRect();
  const from = Math.max(head?.bottom ?? 0, 0);
  return { top: Math.round(from - rect.top), height: Math.max(0, innerHeight - from) };
}

/**
 * The sight, and a way to take it anew at once. Movements of less than `step` pixels are left out: rows are rendered
 * ahead on both sides.
 *
 * @param {{current: HTMLElement | null}} body
 * @param {number} step
 * @param {unknown[]} causes what may put the body into the page, or take it out
 * @returns {[ReturnType<typeof sight>, () => void]}
 */
export function useSight(body, step, causes) {
  const [seen, setSeen] = useState({ top: 0, height: 900 });
  const measure = () => {
    if (!body.current) return;
    const next = sight(body.current);
    setSeen((old) => (Math.abs(old.top - next.top) < step && old.height === next.height ? old : next));
  };
  useEffect(() => {
    let frame = 0;
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        measure();
      });
    };
    const grown = new ResizeObserver(soon);
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    grown.observe(document.body);
    measure();
    return () => {
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
      grown.disconnect();
      cancelAnimationFrame(frame);
    };
  }, causes);
  return [seen, () => body.current && setSeen(sight(body.current))];
}
