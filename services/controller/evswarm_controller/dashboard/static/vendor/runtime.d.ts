export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export type { ReadonlySignal, Signal } from "@preact/signals";
export { html } from "htm/preact";
export { Component, createRef, Fragment, h, render } from "preact";
export type { ComponentChildren, JSX, RefObject, VNode } from "preact";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { default as UPlot } from "uplot";
