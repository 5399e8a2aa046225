import { test } from 'vitest';
import type { NewImage } from '../../../src/metadata/image-writer.ts';
import type { MetadataStore, MetadataTransaction } from '../../../src/metadata/metadata-store.ts';
import type { Repository } from '../../../src/metadata/repositories.ts';
import { digestOf } from '../../../src/model/digest.ts';
import { randomIds } from '../../../src/model/ids.ts';
import { OCI_IMAGE_MANIFEST } from '../../../src/model/media-type.ts';
import { DEFAULT_SETTINGS } from '../../../src/registry/repository/create-repository.ts';

export interface MetadataStoreUnderTest {
  readonly metadata: MetadataStore;
  /** Closes the store and opens it on the same data, as a process does that starts again. */
  reopen(): Promise<MetadataStore>;
  dispose(): Promise<void>;
}

export type OpenMetadata = () => Promise<MetadataStoreUnderTest>;

export const REGISTRY = { id: '000000000000', region: 'us-east-1' };
export const NOW = 1_000_000;
export const ids = randomIds();

/** Declares a test on a store of its own. */
export function metadataTest(
  name: string,
  open: OpenMetadata,
  work: (metadata: MetadataStore, store: MetadataStoreUnderTest) => Promise<void>,
): void {
  test(name, async () => {
    const store = await open();
    try {
      await work(store.metadata, store);
    } finally {
      await store.dispose();
    }
  });
}

export async function insertRepository(
  tx: MetadataTransaction,
  name: string,
  registry = REGISTRY,
): Promise<Repository> {
  const { tags: _, ...settings } = DEFAULT_SETTINGS;
  const repository = await tx.repositories.insert({ registry, name, createdAt: NOW, ...settings });
  if (!repository) throw new Error(`The repository ${name} is there already`);
  return repository;
}

export async function insertBlob(tx: MetadataTransaction, content: string): Promise<number> {
  return tx.blobs.insert({
    digest: digestOf(Buffer.from(content)),
    size: content.length,
    storageKey: ids.storageKey(),
    createdAt: NOW,
  });
}

export async function insertImage(
  tx: MetadataTransaction,
  repositoryId: number,
  digest: string,
  more: Partial<NewImage> & { readonly blobIds?: readonly number[]; readonly childIds?: readonly number[] } = {},
): Promise<number> {
  const { blobIds = [], childIds = [], ...columns } = more;
  const manifestId = await tx.images.insert({
    repositoryId,
    digest,
    mediaType: OCI_IMAGE_MANIFEST,
    bytes: Buffer.from(`manifest of ${digest}`),
    imageSize: 0,
    configMediaType: undefined,
    artifactType: undefined,
    subjectDigest: undefined,
    annotations: undefined,
    pushedAt: NOW,
    ...columns,
  });
  await tx.images.insertReferences({ repositoryId, manifestId, blobIds, childIds });
  return manifestId;
}

export async function putTags(
  tx: MetadataTransaction,
  repositoryId: number,
  manifestId: number,
  ...names: readonly string[]
): Promise<void> {
  for (const name of names) await tx.tags.put({ repositoryId, name, manifestId, taggedAt: NOW });
}
