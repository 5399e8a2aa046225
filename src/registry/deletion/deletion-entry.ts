import type { ReleasedBytes } from '../../metadata/link-reader.ts';
import type { ImageFailure, ImageIdentifier } from '../image/image-identifier.ts';
import type { Target } from './selection.ts';

/** One line of a plan, or of what a deletion did. */
export type DeletionEntry =
  /** The image goes, with all its tags. */
  | {
      readonly kind: 'image';
      readonly imageDigest: string;
      readonly imageTags: readonly string[];
      /** Of the blobs that the image names, whoever else needs them. */
      readonly logicalBytes: number;
    }
  /** The tag goes, the image stays. */
  | { readonly kind: 'tag'; readonly imageDigest: string; readonly imageTag: string }
  | { readonly kind: 'failure'; readonly imageId: ImageIdentifier; readonly code: string; readonly reason: string }
  /** This image loses the subject it refers to. */
  | {
      readonly kind: 'referrer';
      readonly imageDigest: string;
      readonly subjectDigest: string;
      readonly artifactType: string | undefined;
    };

/** What the entries come to. */
export interface DeletionTotal {
  readonly images: number;
  /** Tags that go, with their images or without. */
  readonly tags: number;
  readonly failures: number;
  readonly referrers: number;
  /** What comes back, once leases, graces and undo windows are over. */
  readonly bytes: ReleasedBytes;
}

export function imageEntry({ image }: Target): DeletionEntry {
  return { kind: 'image', imageDigest: image.digest, imageTags: image.tags, logicalBytes: image.blobBytes };
}

export function failureEntry(failure: ImageFailure): DeletionEntry {
  return { kind: 'failure', imageId: failure.imageId, code: failure.code, reason: failure.reason };
}

/** Adds up entries and bytes. */
export class Tally {
  #total: DeletionTotal = {
    images: 0,
    tags: 0,
    failures: 0,
    referrers: 0,
    bytes: { repository: 0, registry: 0, store: 0 },
  };

  get total(): DeletionTotal {
    return this.#total;
  }

  count(entry: DeletionEntry): void {
    const { images, tags, failures, referrers } = this.#total;
    this.#total = {
      ...this.#total,
      images: images + (entry.kind === 'image' ? 1 : 0),
      tags: tags + (entry.kind === 'image' ? entry.imageTags.length : entry.kind === 'tag' ? 1 : 0),
      failures: failures + (entry.kind === 'failure' ? 1 : 0),
      referrers: referrers + (entry.kind === 'referrer' ? 1 : 0),
    };
  }

  addBytes({ repository, registry, store }: ReleasedBytes): void {
    const { bytes } = this.#total;
    this.#total = {
      ...this.#total,
      bytes: {
        repository: bytes.repository + repository,
        registry: bytes.registry + registry,
        store: bytes.store + store,
      },
    };
  }
}
