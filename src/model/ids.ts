import { randomFillSync, randomUUID } from 'node:crypto';
import { ulid } from 'ulid';

/** Where identifiers come from. Both kinds are unguessable enough to name things, and neither is ever given out twice. */
export interface Ids {
  /** A random UUID: uploads, requests. */
  uuid(): string;
  /** A name for bytes in a blob store, never used again once the bytes are gone: 26 characters, the first of which
   * are the time, so that what was pushed together is together in every index. */
  storageKey(): StorageKey;
}

/** Names bytes in a blob store. Chosen before the first byte arrives, so it carries no digest (see docs/adr). */
export type StorageKey = string & { readonly __brand: 'StorageKey' };

const STORAGE_KEY = /^[0-9a-z]{26}$/;

export function parseStorageKey(text: string): StorageKey | undefined {
  return STORAGE_KEY.test(text) ? (text as StorageKey) : undefined;
}

export function randomIds(): Ids {
  const random = pooledRandom();
  return {
    uuid: () => randomUUID(),
    storageKey: () => ulid(undefined, random).toLowerCase() as StorageKey,
  };
}

/** Numbers from 0 to below 1, of 256 kinds: the system is asked for many at a time, which by one takes longer than all else. */
function pooledRandom(): () => number {
  const pool = Buffer.alloc(1024);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    return pool.readUInt8(next++) / 256;
  };
}
