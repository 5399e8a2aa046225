import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TurnAway } from '../../src/http/turn-away.ts';

const REFUSAL = { status: 429, headers: { 'Retry-After': '1' }, body: 'Rate exceeded' };

let now = 0;

function turningAway() {
  const logger = { warn: () => undefined } as never;
  const turnAway = new TurnAway({ logger, clock: { now: () => now }, ids: { uuid: () => 'id' } });
  /** Refuses one request on the connection, and answers its response. */
  return (socket: Socket): ServerResponse => {
    const request = new IncomingMessage(socket);
    request.method = 'GET';
    const response = new ServerResponse(request);
    turnAway.answer(request, response, REFUSAL);
    return response;
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first request of a connection is refused at once, and so is the one that comes when it was told to', () => {
  const refuse = turningAway();
  const socket = new Socket();
  expect(refuse(socket)).toMatchObject({ statusCode: 429, headersSent: true });
  now += 1000;
  expect(refuse(socket)).toMatchObject({ statusCode: 429, headersSent: true });
  expect(refuse(new Socket()).headersSent).toBe(true);
});

test('who comes again at once hears of it a little later, however often', async () => {
  const refuse = turningAway();
  const socket = new Socket();
  refuse(socket);
  for (const wait of [10, 20, 999]) {
    now += wait;
    const again = refuse(socket);
    expect(again.headersSent).toBe(false);
    await vi.advanceTimersByTimeAsync(24);
    expect(again.headersSent).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(again).toMatchObject({ statusCode: 429, headersSent: true });
  }
});
