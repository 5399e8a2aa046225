import type { RequestListener, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { begin } from './fake-terminal.ts';
import { otherServer } from './support/other-server.ts';

const TOTAL = { images: 2, tags: 1, failures: 0, referrers: 0, bytes: { repository: 1, registry: 1, store: 1 } };
const GONE = { kind: 'image', imageDigest: `sha256:${'0'.repeat(64)}`, imageTags: ['v1', 'v2'], logicalBytes: 1 };
const COMMAND = ['images', 'delete', 'team/app', '--untagged', '--yes'];

const line = (document: object) => `${JSON.stringify(document)}\n`;

/** A server whose plan is whole and whose deletion is what the test makes of it. */
function server(
  onDelete: (response: ServerResponse) => void,
  plan = line(GONE) + line(GONE) + line({ kind: 'total', ...TOTAL }),
) {
  const listener: RequestListener = (request, response) => {
    response.writeHead(200);
    if (request.url?.endsWith('/images/delete')) onDelete(response);
    else if (plan === '') response.write('\n');
    else response.end(plan);
  };
  return otherServer(listener);
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds).toBe(true);
}

test('Ctrl-C gives the deletion up, says what is gone so far and that the same command goes on', async () => {
  const closed = Promise.withResolvers<void>();
  await using other = await server((response) => {
    response.on('close', () => closed.resolve());
    response.write(line(GONE) + line({ ...GONE, kind: 'tag', imageTag: 'a' }) + line(GONE));
  });
  const { code, printed, send, listeners } = begin(COMMAND, { env: other.env, person: { answers: [] } });
  await until(() => printed.err.includes('1 of 2'));
  send('SIGINT');
  expect(await code).toBe(130);
  await closed.promise;
  expect(printed.err).toContain(
    'Stopped; the server ends with the batch in hand. So far 2 images and 5 tags are gone.\nRun the same command again to go on: what is gone is gone.\n',
  );
  expect([printed.out, printed.quits, listeners.size]).toEqual(['', [], 0]);
});

test('Ctrl-C during the plan leaves everything as it is', async () => {
  let asked = false;
  await using other = await server(() => {
    asked = true;
  }, '');
  const { code, printed, send, listeners } = begin(COMMAND, { env: other.env });
  await until(() => listeners.size > 0);
  send('SIGTERM');
  expect(await code).toBe(143);
  expect(printed.err).toBe('Nothing was deleted.\n');
  expect(asked).toBe(false);
});

test('a server that goes away in the middle is told with what is gone so far, and how to go on', async () => {
  await using other = await server((response) => {
    response.write(line(GONE), () => response.destroy());
  });
  const { code, printed } = begin(COMMAND, { env: other.env });
  expect(await code).toBe(1);
  expect(printed.err).toContain(`The connection to ${other.endpoint} ended before the answer did.\n`);
  expect(printed.err).toContain('So far 1 image and 2 tags are gone. Run the same command again');
});
