import { headerOf } from '../data/answer-reader.ts';
import { Connection } from '../data/connection.ts';
import { MANIFEST_TYPE } from '../images.ts';
import type { Task } from './make-calls.ts';
import type { PulledImage, Pulls } from './work.ts';

/** A client that follows a redirect keeps its connection to wherever that leads, as docker does. */
export function preparePulls({ images, authorization }: Pulls): Task {
  const elsewhere = new Map<Connection, Connection>();
  const line = `Authorization: ${authorization}\r\n`;
  let turn = 0;
  const pullBlob = async (
    connection: Connection,
    repository: string,
    { digest, size }: PulledImage['blobs'][number],
  ) => {
    let answer = await connection.send('GET', `/v2/${repository}/blobs/${digest}`, { headers: line });
    if (answer.status === 307) {
      const { origin, pathname, search } = new URL(headerOf(answer.head, 'location') ?? '');
      const other = elsewhere.get(connection) ?? (await Connection.open(origin, undefined));
      elsewhere.set(connection, other);
      answer = await other.send('GET', `${pathname}${search}`);
    }
    if (answer.status !== 200 || answer.bytes !== size) throw new Error(`${digest} was answered: ${answer.head}`);
  };
  return {
    next: async (connection) => {
      const image = images[turn++ % images.length];
      if (!image) return false;
      const { repository, tag, blobs } = image;
      const headers = `${line}Accept: ${MANIFEST_TYPE}\r\n`;
      await connection.expect(200, 'GET', `/v2/${repository}/manifests/${tag}`, { headers });
      for (const blob of blobs) await pullBlob(connection, repository, blob);
      return true;
    },
    finish: () => {
      for (const connection of elsewhere.values()) connection[Symbol.dispose]();
      return [];
    },
  };
}
