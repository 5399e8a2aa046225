import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { algorithmOf, type Digest } from '../../model/digest.ts';

/** The sha256 of an upload so far, so that the bytes need not be read again when they arrived in order in this process. */
export interface RunningHash {
  readonly hash: Hash;
  readonly length: number;
}

export function freshHash(): RunningHash {
  return { hash: createHash('sha256'), length: 0 };
}

/** The digest of the first `size` bytes of the file, in the algorithm of `wanted`. */
export async function hashFile(file: FileHandle, size: number, wanted: Digest): Promise<string> {
  const hash = createHash(algorithmOf(wanted));
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return `${algorithmOf(wanted)}:${hash.digest('hex')}`;
}
