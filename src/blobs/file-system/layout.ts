import { join } from 'node:path';
import type { StorageKey } from '../../model/ids.ts';

/**
 *   <root>/uploads/<26 characters>        bytes that are still arriving
 *   <root>/blobs/<2>/<26 characters>      finished blobs, in folders by the last two characters of their name
 *
 * Paths are built from storage keys only, and those only by Berth itself: nothing a client sends becomes part of a path.
 */
export class Layout {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  get uploads(): string {
    return join(this.root, 'uploads');
  }

  get blobs(): string {
    return join(this.root, 'blobs');
  }

  upload(key: StorageKey): string {
    return join(this.uploads, key);
  }

  shard(key: StorageKey): string {
    return join(this.blobs, key.slice(-2));
  }

  blob(key: StorageKey): string {
    return join(this.shard(key), key);
  }
}

/** The path of a finished blob below the folder of blobs, as a URL has it. */
export function pathBelowBlobs(key: StorageKey): string {
  return `${key.slice(-2)}/${key}`;
}
