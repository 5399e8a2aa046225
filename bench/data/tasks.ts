import { createHash, randomBytes } from 'node:crypto';
import { MANIFEST_TYPE, makeImages } from '../images.ts';
import { headerOf } from './answer-reader.ts';
import type { Connection } from './connection.ts';
import type { ListTags, PullBlobs, PushBlobs, PushImages, ReadManifests, Work } from './work.ts';

/** A job made ready: whatever takes processor and is not the server's is done. */
export interface Task {
  readonly digests: readonly string[];
  /** Does it over one of the connections, beside the others; answers how many units that were. */
  run(connection: Connection, until: () => boolean): Promise<number>;
}

const OCTETS = 'Content-Type: application/octet-stream\r\n';
const MANIFEST = `Content-Type: ${MANIFEST_TYPE}\r\n`;
const ACCEPT = `Accept: ${MANIFEST_TYPE}\r\n`;

export async function prepare(work: Work, open: () => Promise<Connection>): Promise<Task> {
  switch (work.kind) {
    case 'push images':
      return pushImages(work);
    case 'read manifests':
      return readManifests(work);
    case 'list tags':
      return listTags(work, open);
    case 'push blobs':
      return pushBlobs(work);
    case 'pull blobs':
      return pullBlobs(work, open);
  }
}

/** As docker does: POST, PATCH and PUT for each blob, then the manifest. */
function pushImages({ repository, count }: PushImages): Task {
  const images = makeImages(count).values();
  return {
    digests: [],
    run: async (connection) => {
      let pushed = 0;
      for (const { blobs, manifest, tag } of images) {
        for (const { digest, bytes } of blobs) await pushBlob(connection, repository, digest, bytes);
        await connection.expect(201, 'PUT', `/v2/${repository}/manifests/${tag}`, {
          headers: MANIFEST,
          body: manifest,
        });
        pushed += 1;
      }
      return pushed;
    },
  };
}

async function pushBlob(connection: Connection, repository: string, digest: string, bytes: Uint8Array): Promise<void> {
  const begun = await connection.expect(202, 'POST', `/v2/${repository}/blobs/uploads/`);
  const sent = await connection.expect(202, 'PATCH', locationOf(begun.head), { headers: OCTETS, body: bytes });
  const location = locationOf(sent.head);
  await connection.expect(201, 'PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`);
}

function locationOf(head: string): string {
  const { pathname, search } = new URL(headerOf(head, 'location') ?? '', 'http://any');
  return pathname + search;
}

function readManifests({ method, repository, tags }: ReadManifests): Task {
  let next = 0;
  return {
    digests: [],
    run: async (connection, until) => {
      let read = 0;
      while (!until()) {
        await connection.expect(200, method, `/v2/${repository}/manifests/v${next++ % tags}`, { headers: ACCEPT });
        read += 1;
      }
      return read;
    },
  };
}

async function listTags({ repository, tags }: ListTags, open: () => Promise<Connection>): Promise<Task> {
  using first = await open();
  const path = `/v2/${repository}/tags/list?n=${tags}`;
  const { body } = await first.expect(200, 'GET', path, { keepBody: true });
  const listed = JSON.parse(body?.toString('utf8') ?? '').tags.length;
  if (listed !== tags) throw new Error(`${listed} tags were listed, of ${tags}`);
  return {
    digests: [],
    run: async (connection, until) => {
      let answers = 0;
      for (; !until(); answers++) await connection.expect(200, 'GET', path);
      return answers;
    },
  };
}

function pushBlobs({ repository, count, bytes }: PushBlobs): Task {
  const blobs = Array.from({ length: count }, () => {
    const content = randomBytes(bytes);
    return { content, digest: sha256(content) };
  });
  const rest = blobs.values();
  return {
    digests: blobs.map(({ digest }) => digest),
    run: async (connection) => {
      let pushed = 0;
      for (const { content, digest } of rest) {
        await pushBlob(connection, repository, digest, content);
        pushed += bytes;
      }
      return pushed;
    },
  };
}

async function pullBlobs({ repository, digests, bytes }: PullBlobs, open: () => Promise<Connection>): Promise<Task> {
  using first = await open();
  for (const digest of digests) {
    const { body } = await first.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`, { keepBody: true });
    if (body === undefined || sha256(body) !== digest) throw new Error(`${digest} came back with other bytes`);
  }
  let next = 0;
  return {
    digests: [],
    run: async (connection, until) => {
      let pulled = 0;
      while (!until()) {
        const digest = digests[next++ % digests.length];
        const answer = await connection.expect(200, 'GET', `/v2/${repository}/blobs/${digest}`);
        if (answer.bytes !== bytes) throw new Error(`${digest} came back with ${answer.bytes} bytes`);
        pulled += bytes;
      }
      return pulled;
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
