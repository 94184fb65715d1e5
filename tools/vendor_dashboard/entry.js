// Everything the dashboard takes from others, in one file: the page's modules import from here and from nowhere else.
export { batch, computed, effect, signal, untracked, useComputed, useSignal, useSignalEffect } from "@preact/signals";
export { html } from "htm/preact";
export { Component, createRef, Fragment, h, render } from "preact";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
export { default as UPlot } from "uplot";
