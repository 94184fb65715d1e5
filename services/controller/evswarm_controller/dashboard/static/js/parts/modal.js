/** A dialog over the page, built on the browser's own, so that focus and Escape behave. */

import { html, useEffect, useRef } from "../../vendor/runtime.js";

/**
 * @param {object} props
 * @param {boolean} props.open
 * @param {string} props.title
 * @param {() => void} props.onClose
 * @param {import("../../vendor/runtime.js").ComponentChildren} [props.children]
 */
export function Modal({ open, title, onClose, children }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (open) element.current?.showModal();
    else element.current?.close();
  }, [open]);
  /** @param {MouseEvent} event */
  const onClick = (event) => {
    if (event.target === element.current) onClose();
  };
  return html`
    <dialog ref=${element} aria-label=${title} onClose=${onClose} onClick=${onClick}>
      ${open && html`<div class="dialog-body"><h2>${title}</h2>${children}</div>`}
    </dialog>
  `;
}
