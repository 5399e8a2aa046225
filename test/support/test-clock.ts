import type { Clock } from '../../src/model/clock.ts';

/** A clock that stands still until the test turns it. */
export class TestClock implements Clock {
  #now: number;

  constructor(now = Date.UTC(2026, 10, 23, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  setTo(now: number): void {
    this.#now = now;
  }
}
