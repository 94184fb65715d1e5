/** The states of a station in the order of the status bar, and what each means. */

/** @type {readonly {name: string, hint: string}[]} */
export const STATION_STATES = [
  { name: "Charging", hint: "a vehicle takes energy" },
  { name: "Suspended", hint: "a transaction is open, no energy flows" },
  { name: "Occupied", hint: "a vehicle is plugged in, before or after charging" },
  { name: "Reserved", hint: "held for an id tag" },
  { name: "Available", hint: "free for the next vehicle" },
  { name: "Booting", hint: "connecting, not yet accepted" },
  { name: "Unavailable", hint: "taken out of service" },
  { name: "Offline", hint: "no connection to the central system" },
  { name: "Faulted", hint: "an error has to be cleared" },
  { name: "Stopped", hint: "switched off here" },
];

/** The class that paints a state; unknown ones are painted as unavailable. @param {string} name */
export const stateClass = (name) =>
  `st-${STATION_STATES.some((state) => state.name === name) ? name.toLowerCase() : "unavailable"}`;
