import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { Dice } from './dice.ts';
import { Journal } from './findings.ts';
import { Load } from './load.ts';
import { ServerGone } from './wire.ts';

/** Where a server was. */
async function formerOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test('A server that ended before the first client came ends the work, and passes no check', async () => {
  const journal = new Journal(() => {});
  const load = new Load({ dice: new Dice('gone'), journal, clients: 2, lease: 1000 });
  const origin = await formerOrigin();

  await load.run(origin, new AbortController().signal);

  expect(journal.findings).toEqual([]);
  await expect(load.check(origin)).rejects.toThrow(ServerGone);
});
