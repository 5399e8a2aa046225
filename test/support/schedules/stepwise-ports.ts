import type { UploadPosition } from '../../../src/blobs/blob-store.ts';
import type { Ids } from '../../../src/model/ids.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { Touch } from './footprint.ts';
import type { Turns } from './turns.ts';

/** The same ports, where every call waits for its turn and leaves word of what it touches. */
export function stepwise(ports: Ports, turns: Turns, ids: Ids): Ports {
  const { metadata, blobs, uploads, clock } = ports;
  const step = async <T>(label: string, work: () => Promise<T>): Promise<T> => {
    await turns.pause(label);
    return work();
  };
  const namesOf = (at: UploadPosition) => [at.key, ...uploads.namesOf(at).map(({ storageKey }) => storageKey)];
  const onBytes = async <T>(how: Touch, label: string, keys: readonly string[], work: () => Promise<T>): Promise<T> => {
    await turns.pause(label);
    using _ = turns.hold(
      keys.map((key) => `bytes/${key}`),
      how,
    );
    return await work();
  };
  return {
    ...ports,
    clock: {
      now: () => {
        turns.touch('clock', 'read');
        return clock.now();
      },
    },
    ids,
    metadata: {
      read: (look) => step('read', () => metadata.read(look)),
      write: (change) => step('write', () => metadata.write(change)),
      lookUp: (look) => step('read', () => metadata.lookUp(look)),
      inspect: (look) => step('inspect', () => metadata.inspect(look)),
      check: () => step('check', () => metadata.check()),
      [Symbol.asyncDispose]: async () => {},
    },
    blobs: {
      open: (key, range) => onBytes('read', 'open', [key], () => blobs.open(key, range)),
      erase: (keys) => onBytes('write', 'erase', keys, () => blobs.erase(keys)),
      stat: (keys) => onBytes('read', 'stat', keys, () => blobs.stat(keys)),
      async *list() {
        const files = blobs.list()[Symbol.asyncIterator]();
        for (;;) {
          const next = await onBytes('read', 'list', ['*'], () => files.next());
          if (next.done) return;
          yield next.value;
        }
      },
    },
    uploads: {
      append: (at, bytes) =>
        onBytes('write', 'append', namesOf(at), async () => {
          const end = await uploads.append(at, bytes);
          // Names that the store has made up for it.
          for (const name of namesOf(end)) turns.touch(`bytes/${name}`, 'write');
          return end;
        }),
      truncate: (from, to) => onBytes('write', 'truncate', namesOf(to), () => uploads.truncate(from, to)),
      commit: (at, digest) => onBytes('write', 'commit', namesOf(at), () => uploads.commit(at, digest)),
      namesOf: (at) => uploads.namesOf(at),
    },
  };
}
