import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { processTerminal } from '../../src/cli/terminal.ts';

function listening() {
  const signals = new EventEmitter();
  const heard: string[] = [];
  const stop = processTerminal(signals).onSignal((signal) => heard.push(signal));
  return { signals, heard, stop };
}

test('signals are heard until somebody stops listening', () => {
  const { signals, heard, stop } = listening();
  signals.emit('SIGTERM', 'SIGTERM');
  signals.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual(['SIGTERM', 'SIGINT']);
  stop();
  expect(signals.eventNames()).toEqual([]);
});

test('the same signal twice in a breath is one, as npm passes on what the terminal has sent already', () => {
  const { signals, heard } = listening();
  signals.emit('SIGINT', 'SIGINT');
  signals.emit('SIGINT', 'SIGINT');
  expect(heard).toEqual(['SIGINT']);
});
