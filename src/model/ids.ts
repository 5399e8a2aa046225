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

/**
 * Names something in a blob store that takes space: bytes under a key, written as the key, or what a store keeps of bytes that
 * are not finished, written as the key they are to have, `!` and the store's own name for it. Used once, like the key.
 */
export type StoredName = string & { readonly __stored: true };

/** Names bytes in a blob store. Chosen before the first byte arrives, so it carries no digest (see docs/adr). */
export type StorageKey = StoredName & { readonly __brand: 'StorageKey' };

const STORAGE_KEY = /^[0-9a-z]{26}$/;

export function parseStorageKey(text: string): StorageKey | undefined {
  return STORAGE_KEY.test(text) ? (text as StorageKey) : undefined;
}

/** The key that the bytes have, or are to have, which something in a store is named after. */
export function keyOf(name: StoredName): StorageKey {
  const end = name.indexOf('!');
  return (end < 0 ? name : name.slice(0, end)) as StorageKey;
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
