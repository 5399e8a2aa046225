import { BytesMissing, DigestMismatch, UploadBusy } from '../../blobs/blob-store.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import { scopeOf } from '../../metadata/repositories.ts';
import type { Upload } from '../../metadata/uploads.ts';
import type { Digest } from '../../model/digest.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import { keyOf, type StorageKey } from '../../model/ids.ts';
import type { Ports } from '../ports.ts';
import { holdUpload } from './hold-upload.ts';
import { discardNames, endUpload, factsOf, getUpload, movedOn, positionOf, type UploadPath } from './upload-session.ts';

type Needs = Pick<Ports, 'metadata' | 'blobs' | 'uploads' | 'clock' | 'retention'>;

/**
 * Makes the upload a blob that the repository may see, durably and under a lease. When the registry has the bytes already,
 * those are linked and the new copy goes the way of collection; the caller has proved to have them all the same. When the
 * store has lost them, the new copy takes their place.
 *
 * `check` is asked before anything is done, and throws if an upload that stands so must not be completed.
 *
 * Answers whether the repository saw the blob before, and whether bytes that were lost are there again. An upload whose bytes have another digest is ended: no more bytes
 * could make it right.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `InvalidLayer`, `UploadBusy`
 */
export async function completeUpload(
  ports: Needs,
  path: UploadPath,
  digest: Digest,
  check: (upload: Upload) => void = () => {},
): Promise<{ readonly alreadyThere: boolean; readonly healed: boolean; readonly size: number }> {
  const done = await holdUpload(ports, path, async () => {
    const upload = await getUpload(ports, path);
    check(upload);
    const storageKey = await commitBytes(ports, path, upload, digest);
    const lost = await findLost(ports, upload, digest);
    return makeBlob(ports, path, { upload, storageKey, digest, lost });
  });
  await failpoint('upload.completed');
  if (!done) throw await movedOn(ports, path);
  return done;
}

/** An upload whose bytes are finished, under their key. */
interface Committed {
  readonly upload: Upload;
  readonly storageKey: StorageKey;
  readonly digest: Digest;
  readonly lost: Lost | undefined;
}

/**
 * Turns the committed upload into a blob of its repository; answers nothing when the upload has ended in the meantime, or
 * does not stand any more where it was committed: then its names need not be its own any more.
 */
async function makeBlob({ clock, metadata, uploads, retention }: Needs, path: UploadPath, committed: Committed) {
  const { upload, storageKey, digest } = committed;
  return metadata.write(async (tx) => {
    const now = clock.now();
    const repository = await tx.repositories.find(path.registry, path.repositoryName);
    const names = await tx.uploads.deleteAt(upload);
    // The name may belong to a repository that was created since the upload began.
    if (!names || repository?.id !== upload.repositoryId) {
      const finished = { storageKey, size: upload.offset };
      await discardNames(tx, [finished, ...uploads.namesOf(positionOf(upload)), ...(names ?? [])], now);
      return undefined;
    }
    const alreadyThere = (await tx.blobs.find(repository.id, digest)) !== undefined;
    const { blobId, healed } = await adopt(tx, committed, now);
    // What was kept apart for the bytes of the key was used up when they were finished.
    const rest = names.filter((name) => keyOf(name.storageKey) !== storageKey);
    await discardNames(tx, rest, now);
    await tx.links.put(scopeOf(repository), { id: blobId, size: upload.offset }, now + retention.lease);
    return { alreadyThere, healed, size: upload.offset };
  });
}

async function commitBytes(ports: Needs, path: UploadPath, upload: Upload, digest: Digest): Promise<StorageKey> {
  try {
    return await ports.uploads.commit(positionOf(upload), digest);
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

/** The key of a blob whose bytes the store does not have, and what it has there instead. */
interface Lost {
  readonly storageKey: StorageKey;
  readonly size: number;
}

/** Looks whether the bytes of a blob that is known already are there, outside of the transaction. */
async function findLost({ metadata, blobs }: Needs, upload: Upload, digest: Digest): Promise<Lost | undefined> {
  const known = await metadata.read((view) => view.blobs.locate(digest));
  if (!known) return undefined;
  const stored = (await blobs.stat([known.storageKey])).get(known.storageKey);
  if (stored?.kind === 'blob' && stored.size === upload.offset) return undefined;
  return { storageKey: known.storageKey, size: stored?.size ?? 0 };
}

/**
 * A key that was lost and is still the blob's was the blob's all the while, for no key is used twice: so its bytes were not
 * erased in good order between the two looks, they are lost.
 */
async function adopt(
  tx: MetadataTransaction,
  { upload, storageKey, digest, lost }: Committed,
  now: number,
): Promise<{ readonly blobId: number; readonly healed: boolean }> {
  const size = upload.offset;
  const existing = await tx.blobs.locate(digest);
  if (!existing) return { blobId: await tx.blobs.insert({ digest, size, storageKey, createdAt: now }), healed: false };
  const healed = lost !== undefined && existing.storageKey === lost.storageKey;
  if (healed) await tx.blobs.moveTo(existing.id, storageKey);
  await tx.collection.discard({ ...(healed ? lost : { storageKey, size }), notBefore: now });
  return { blobId: existing.id, healed };
}
