import { BytesMissing, DigestMismatch, UploadBusy } from '../../blobs/blob-store.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { Upload } from '../../metadata/uploads.ts';
import type { Digest } from '../../model/digest.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { holdUpload } from './hold-upload.ts';
import { endUpload, factsOf, getUpload, type UploadPath } from './upload-session.ts';

type Needs = Pick<Ports, 'metadata' | 'uploads' | 'clock' | 'retention'>;

/**
 * Makes the upload a blob that the repository may see, durably and under a lease. When the registry has the bytes already,
 * those are linked and the new copy goes the way of collection; the caller has proved to have them all the same.
 *
 * Answers whether the repository saw the blob before. An upload whose bytes have another digest is ended: no more bytes
 * could make it right.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `InvalidLayer`, `UploadBusy`
 */
export async function completeUpload(
  ports: Needs,
  path: UploadPath,
  digest: Digest,
): Promise<{ readonly alreadyThere: boolean; readonly size: number }> {
  const done = await holdUpload(ports, path, async () => {
    const upload = await getUpload(ports, path);
    await commitBytes(ports, path, upload, digest);
    return makeBlob(ports, upload, digest);
  });
  if (!done) throw new Fault('UploadNotFound', factsOf(path));
  return done;
}

/** Turns the committed upload into a blob of its repository; answers nothing when the upload has ended in the meantime. */
async function makeBlob({ clock, metadata, retention }: Needs, upload: Upload, digest: Digest) {
  return metadata.write(async (tx) => {
    if (!(await tx.uploads.delete(upload.id))) {
      await tx.collection.discard({ storageKey: upload.storageKey, size: upload.offset, notBefore: clock.now() });
      return undefined;
    }
    const alreadyThere = (await tx.blobs.find(upload.repositoryId, digest)) !== undefined;
    const blobId = await adopt(tx, upload, digest, clock.now());
    const leaseUntil = clock.now() + retention.lease;
    await tx.blobs.link(upload.repositoryId, blobId, leaseUntil);
    await tx.collection.nominate(upload.repositoryId, blobId, leaseUntil);
    return { alreadyThere, size: upload.offset };
  });
}

async function commitBytes(ports: Needs, path: UploadPath, upload: Upload, digest: Digest): Promise<void> {
  try {
    await ports.uploads.commit(upload.storageKey, upload.offset, digest);
  } catch (error) {
    if (error instanceof DigestMismatch) {
      await ports.metadata.write((tx) => endUpload(tx, upload, ports.clock.now()));
      throw new Fault('InvalidLayer', { ...factsOf(path), layerDigest: digest });
    }
    if (error instanceof UploadBusy) throw new Fault('UploadBusy', { ...factsOf(path), offset: upload.offset });
    if (error instanceof BytesMissing) throw new Fault('UploadNotFound', factsOf(path));
    throw error;
  }
}

async function adopt(tx: MetadataTransaction, upload: Upload, digest: Digest, now: number): Promise<number> {
  const existing = await tx.blobs.findAnywhere(digest);
  if (existing !== undefined) {
    await tx.collection.discard({ storageKey: upload.storageKey, size: upload.offset, notBefore: now });
    return existing;
  }
  return tx.blobs.insert({ digest, size: upload.offset, storageKey: upload.storageKey, createdAt: now });
}
