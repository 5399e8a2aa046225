import type { StorageKey } from '../../model/ids.ts';
import { BytesMissing, type NamedBytes, type UploadPosition } from '../blob-store.ts';
import { type Gathering, nameOf } from './layout.ts';

/** Parts that are gathered to become an object under their key: so many of them, numbered from 1. */
export interface Gathered extends Gathering {
  readonly parts: number;
  /** Bytes in those parts together. */
  readonly size: number;
}

/** Bytes that are too few for a part: an object by themselves, or one that is still to be written. */
export interface Tail {
  readonly key: StorageKey;
  readonly size: number;
  /** In base64, when they are so few that they are in the note itself. There is no object then until the upload is completed. */
  readonly noted?: string | undefined;
}

/** So few bytes are kept in the note: most configs of images, and what comes in drops. */
export const MOST_NOTED = 16 * 1024;

export function tailOf(key: StorageKey, bytes: Uint8Array): Tail {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength > MOST_NOTED) return { key, size: byteLength };
  return { key, size: byteLength, noted: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
}

/** The bytes that the note itself has, if it has them. */
export function notedBytes({ noted }: Tail): Uint8Array | undefined {
  return noted === undefined ? undefined : Buffer.from(noted, 'base64');
}

/** Where the bytes of an upload are: in parts, and after those in a tail; in either, in both, or nowhere yet. */
export interface UploadState {
  readonly gathered?: Gathered | undefined;
  readonly tail?: Tail | undefined;
}

/**
 * The state of a position. `attempt` is a key that was never used: what two writers note is never the same, even if they wrote
 * as much after the same position.
 */
export function writeState(state: UploadState, attempt: StorageKey): string {
  return JSON.stringify({ attempt, gathered: state.gathered, tail: state.tail });
}

/** @throws BytesMissing when the state is not that of so many bytes */
export function readState({ key, length, state }: UploadPosition): UploadState {
  const read = state === undefined ? {} : (JSON.parse(state) as UploadState);
  const { gathered, tail } = read;
  if ((gathered?.size ?? 0) + (tail?.size ?? 0) !== length) throw new BytesMissing(key);
  return { gathered, tail };
}

/**
 * The parts have two names: that of their gathering, and that of the object they become, which may be there before anybody has
 * noted so.
 */
export function namesIn({ gathered, tail }: UploadState): readonly NamedBytes[] {
  return [
    ...(gathered
      ? [
          { storageKey: nameOf(gathered), size: gathered.size },
          { storageKey: gathered.key, size: 0 },
        ]
      : []),
    ...(tail ? [{ storageKey: tail.key, size: tail.size }] : []),
  ];
}
