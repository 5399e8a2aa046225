import { expect, test } from 'vitest';
import { Progress } from '../../src/cli/progress.ts';
import { TestClock } from '../support/test-clock.ts';
import { fakeTerminal } from './fake-terminal.ts';

test('on a terminal a bar is drawn over itself, ten times a second at most, and ends at the beginning of a line', () => {
  const clock = new TestClock();
  const { terminal, printed } = fakeTerminal({ answers: [] });
  const progress = new Progress(terminal, clock, 1000);
  for (let done = 0; done < 500; done += 1) {
    clock.advance(2);
    progress.advance();
  }
  progress.end();
  const draws = printed.err.split('\r\u001b[K').slice(1);
  expect(draws.length).toBeGreaterThanOrEqual(10);
  expect(draws.length).toBeLessThanOrEqual(12);
  expect(draws[0]).toBe('[........................] 0 %, 1 of 1000, 500 a second');
  expect(draws.at(-1)).toBe('[############............] 50 %, 500 of 1000, 500 a second\n');
});

test('elsewhere it is a line every ten seconds', () => {
  const clock = new TestClock();
  const { terminal, printed } = fakeTerminal();
  const progress = new Progress(terminal, clock, 100);
  for (let done = 0; done < 50; done += 1) {
    clock.advance(500);
    progress.advance();
  }
  progress.end();
  expect(printed.err).toBe('20 %, 20 of 100, 2 a second\n40 %, 40 of 100, 2 a second\n');
});

test('more than was planned is no more than all, and nothing planned divides nothing', () => {
  const { terminal, printed } = fakeTerminal({ answers: [] });
  const progress = new Progress(terminal, new TestClock(), 0);
  progress.advance();
  progress.end();
  expect(printed.err).toContain('100 %, 1 of 0');
});
