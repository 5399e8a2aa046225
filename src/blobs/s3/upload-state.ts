import type { StorageKey } from '../../model/ids.ts';
import { BytesMissing, type NamedBytes, type UploadPosition } from '../blob-store.ts';
import { type Gathering, nameOf } from './layout.ts';

/** Parts that are gathered to become an object under their key: so many of them, numbered from 1. */
export interface Gathered extends Gathering {
  readonly parts: number;
  /** Bytes in those parts together. */
  readonly size: number;
}

/** Bytes that are too few for a part: an object by themselves. */
export interface Tail {
  readonly key: StorageKey;
  readonly size: number;
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
