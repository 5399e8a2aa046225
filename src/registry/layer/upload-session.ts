import type { NamedBytes, UploadPosition } from '../../blobs/blob-store.ts';
import type { MetadataTransaction, MetadataView } from '../../metadata/metadata-store.ts';
import type { Upload } from '../../metadata/uploads.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { getRepository, lookUpIn, namesOf, type RepositoryPath, useRepository } from '../repository/repository-path.ts';

/** Names an upload: it belongs to its repository and is unknown everywhere else. */
export interface UploadPath extends RepositoryPath {
  readonly uploadId: string;
}

/** @throws Fault `RepositoryNotFound` */
export async function beginUpload(
  { metadata, clock, ids, retention }: Pick<Ports, 'metadata' | 'clock' | 'ids' | 'retention'>,
  path: RepositoryPath,
): Promise<string> {
  const id = ids.uuid();
  await metadata.write(async (tx) => {
    const repository = await useRepository(tx, path);
    const expiresAt = clock.now() + retention.upload;
    await tx.uploads.insert({ id, repositoryId: repository.id, storageKey: ids.storageKey(), expiresAt });
  });
  await failpoint('upload.begun');
  return id;
}

/** @throws Fault `RepositoryNotFound`, `UploadNotFound` */
export async function getUpload(ports: Pick<Ports, 'metadata'>, path: UploadPath): Promise<Upload> {
  const { upload } = await lookUpIn(ports, path, (lookups) => lookups.upload(path, path.uploadId));
  if (!upload) throw new Fault('UploadNotFound', factsOf(path));
  return upload;
}

/**
 * Ends the upload; its bytes go the way of collection.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`
 */
export async function cancelUpload(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: UploadPath,
): Promise<void> {
  await metadata.write(async (tx) => {
    await endUpload(tx, await findUpload(tx, path), clock.now());
  });
}

/** Ends an upload, wherever it stands and also if it has ended already; its bytes go the way of collection. */
export async function endUpload(
  tx: Pick<MetadataTransaction, 'uploads' | 'collection'>,
  { id }: Pick<Upload, 'id'>,
  now: number,
): Promise<void> {
  await discardNames(tx, (await tx.uploads.delete(id)) ?? [], now);
}

/** Sends what has these names the way of collection, but for what an upload or a blob needs. */
export async function discardNames(
  tx: Pick<MetadataTransaction, 'collection'>,
  names: readonly NamedBytes[],
  now: number,
): Promise<void> {
  const each = new Map(names.map((name) => [name.storageKey, name]));
  for (const name of each.values()) await tx.collection.discard({ ...name, notBefore: now });
}

/**
 * What to tell whoever's upload does not stand any more where he found it: it has ended, or another process is moving it on.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`
 */
export async function movedOn(ports: Pick<Ports, 'metadata'>, path: UploadPath): Promise<Fault> {
  const { offset } = await getUpload(ports, path);
  return new Fault('UploadBusy', { ...factsOf(path), offset });
}

/** Where the upload stands in its store, as far as it is noted. */
export function positionOf({
  storageKey,
  offset,
  state,
}: Pick<Upload, 'storageKey' | 'offset' | 'state'>): UploadPosition {
  return { key: storageKey, length: offset, state };
}

export async function findUpload(
  view: Pick<MetadataView, 'repositories' | 'uploads'>,
  path: UploadPath,
): Promise<Upload> {
  const repository = await getRepository(view, path);
  const upload = await view.uploads.find(repository.id, path.uploadId);
  if (!upload) throw new Fault('UploadNotFound', factsOf(path));
  return upload;
}

export function factsOf(path: UploadPath) {
  return { ...namesOf(path), uploadId: path.uploadId };
}
