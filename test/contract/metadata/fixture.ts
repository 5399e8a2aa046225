import { test } from 'vitest';
import type { NamedImage } from '../../../src/metadata/image.ts';
import type { Deletion, NewImage } from '../../../src/metadata/image-writer.ts';
import type { MetadataStore, MetadataTransaction } from '../../../src/metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../../src/metadata/repositories.ts';
import type { TagPage } from '../../../src/metadata/tags.ts';
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

/** A blob that no repository sees yet. */
export interface StoredBlob {
  readonly id: number;
  readonly digest: string;
  readonly size: number;
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

export async function insertBlob(tx: MetadataTransaction, content: string): Promise<StoredBlob> {
  const blob = { digest: digestOf(Buffer.from(content)), size: content.length };
  return { ...blob, id: await tx.blobs.insert({ ...blob, storageKey: ids.storageKey(), createdAt: NOW }) };
}

/** Inserts an image and lets its repository see the blobs that it names. */
export async function insertImage(
  tx: MetadataTransaction,
  repository: Repository,
  digest: string,
  more: Partial<NewImage> = {},
): Promise<NamedImage> {
  const scope = scopeOf(repository);
  for (const blob of more.blobs ?? []) await tx.links.put(scope, blob, 0);
  const id = await tx.images.insert(scope, {
    digest,
    mediaType: OCI_IMAGE_MANIFEST,
    bytes: Buffer.from(`manifest of ${digest}`),
    imageSize: 0,
    configMediaType: undefined,
    artifactType: undefined,
    subjectDigest: undefined,
    annotations: undefined,
    pushedAt: NOW,
    blobs: [],
    childIds: [],
    missing: { blobs: [], children: [] },
    ...more,
  });
  return { id, digest };
}

/** Deletes images for good, at once; with `purgeAt` they may be restored until then. */
export async function deleteImages(
  tx: MetadataTransaction,
  repository: Repository,
  images: readonly NamedImage[],
  deletion: Partial<Deletion> = {},
): Promise<void> {
  await tx.images.delete(scopeOf(repository), images, { at: NOW, purgeAt: NOW, keepUntil: 0, ...deletion });
}

/** Purges what is due at `now`. */
export async function purgeImages(tx: MetadataTransaction, now = NOW): Promise<number[]> {
  const due = await tx.graveyard.takePurgeable(now, 100);
  for (const image of due) await tx.graveyard.purge(image, [image]);
  return due.map((image) => image.id);
}

/** The names of a page of tags that lead to live images. */
export async function tagsOf(
  tx: MetadataTransaction,
  repository: Repository,
  page: TagPage = { prefix: '', after: '', limit: 99 },
): Promise<string[]> {
  const tags = await tx.tags.list(repository.id, page);
  return tags.flatMap(({ name, digest }) => (digest === undefined ? [] : [name]));
}

export async function putTags(
  tx: MetadataTransaction,
  repository: Repository,
  image: NamedImage,
  ...names: readonly string[]
): Promise<void> {
  for (const name of names) await tx.tags.put({ repositoryId: repository.id, name, image, taggedAt: NOW });
}
