import { join } from 'node:path';
import { startBerth } from '../../test/support/berth-process.ts';
import { EcrClient } from '../delete/ecr-client.ts';
import type { Contender } from './contender.ts';
import { untilItAnswers } from './peer-process.ts';

export const berth: Contender = {
  name: 'berth',
  forces: 'blobs, folders and every commit of the database',
  start: async (folder) => {
    const server = await startBerth(['--data-dir', join(folder, 'data'), '--log-level', 'error']);
    await untilItAnswers(server.origin);
    return {
      origin: server.origin,
      authorize: () => authorizationFor(server.origin),
      pids: [server.pid],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};

/** What `docker login` would send. */
export async function authorizationFor(origin: string): Promise<string> {
  using client = new EcrClient(origin);
  const { authorizationData } = await client.call('GetAuthorizationToken', {});
  return `Basic ${authorizationData[0].authorizationToken}`;
}
