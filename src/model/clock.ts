/** Where "now" comes from, in milliseconds since the epoch. Rules take it as a parameter, so tests can turn it. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
