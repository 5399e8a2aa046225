import { randomUUID } from 'node:crypto';
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
  return {
    uuid: () => randomUUID(),
    storageKey: () => ulid().toLowerCase() as StorageKey,
  };
}
