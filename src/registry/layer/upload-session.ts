import type { MetadataTransaction, MetadataView } from '../../metadata/metadata-store.ts';
import type { Upload } from '../../metadata/uploads.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath, useRepository } from '../repository/repository-path.ts';

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
export async function getUpload({ metadata }: Pick<Ports, 'metadata'>, path: UploadPath): Promise<Upload> {
  return metadata.read((view) => findUpload(view, path));
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

/** Ends an upload that may have ended already; its bytes go the way of collection. */
export async function endUpload(
  tx: Pick<MetadataTransaction, 'uploads' | 'collection'>,
  upload: Pick<Upload, 'id' | 'storageKey' | 'offset'>,
  now: number,
): Promise<void> {
  await tx.uploads.delete(upload.id);
  await tx.collection.discard({ storageKey: upload.storageKey, size: upload.offset, notBefore: now });
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
