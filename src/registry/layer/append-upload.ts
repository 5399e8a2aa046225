import { BytesMissing, UploadBusy } from '../../blobs/blob-store.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import type { Upload } from '../../metadata/uploads.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { holdUpload } from './hold-upload.ts';
import { factsOf, getUpload, type UploadPath } from './upload-session.ts';

/** ECR's quotas (fidelity facts, section 4.7): 52,000 MiB a layer, 5 MiB a part that is not the last. */
export const MAX_LAYER_BYTES = 52_000 * 1024 * 1024;
export const MIN_PART_BYTES = 5 * 1024 * 1024;

export interface Chunk {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where the client says the chunk begins; without it, wherever the upload stands. */
  readonly first: number | undefined;
  /** How many bytes the client says the chunk has. */
  readonly length: number | undefined;
}

/**
 * Adds a chunk to the upload and answers where it stands then. A chunk counts as a whole or not at all. Its bytes are
 * durable once the upload is completed; until then a loss of power may cost the upload, never a blob.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `RangeOutOfOrder`, `UploadBusy`, `UploadTooLarge`
 */
export async function appendToUpload(
  ports: Pick<Ports, 'metadata' | 'uploads' | 'clock' | 'retention'>,
  path: UploadPath,
  chunk: Chunk,
): Promise<Upload> {
  return holdUpload(ports, path, async () => {
    const upload = await getUpload(ports, path);
    const outOfOrder = () => new Fault('RangeOutOfOrder', { ...factsOf(path), offset: upload.offset });
    if (chunk.first !== undefined && chunk.first !== upload.offset) throw outOfOrder();
    const end = await write(ports, path, upload, chunk);
    await failpoint('upload.written');
    if (chunk.length !== undefined && end !== upload.offset + chunk.length) throw outOfOrder();
    return keep(ports, path, upload, end);
  });
}

async function write(
  { uploads, metadata, clock }: Pick<Ports, 'uploads' | 'metadata' | 'clock'>,
  path: UploadPath,
  upload: Upload,
  chunk: Chunk,
): Promise<number> {
  try {
    return await uploads.append(upload.storageKey, upload.offset, limited(chunk, path, upload.offset));
  } catch (error) {
    // If the upload ended meanwhile, what was written of the chunk came after the erasure of its key.
    await metadata.write((tx) => discard(tx, upload, upload.offset, clock.now()));
    if (error instanceof UploadBusy) throw new Fault('UploadBusy', { ...factsOf(path), offset: upload.offset });
    if (error instanceof BytesMissing) throw new Fault('UploadNotFound', factsOf(path));
    throw error;
  }
}

/** Passes the bytes on, as long as they are no more than announced and allowed. */
async function* limited({ bytes, length }: Chunk, path: UploadPath, offset: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const piece of bytes) {
    received += piece.byteLength;
    if (offset + received > MAX_LAYER_BYTES)
      throw new Fault('UploadTooLarge', { ...factsOf(path), limit: MAX_LAYER_BYTES });
    if (length !== undefined && received > length) throw new Fault('RangeOutOfOrder', { ...factsOf(path), offset });
    yield piece;
  }
}

/** Moves the upload on to `end`, unless somebody else has moved or ended it in the meantime. */
async function keep(
  { metadata, clock, retention }: Pick<Ports, 'metadata' | 'clock' | 'retention'>,
  path: UploadPath,
  upload: Upload,
  end: number,
): Promise<Upload> {
  const next = {
    offset: end,
    parts: upload.parts + 1,
    hasSmallPart: upload.hasSmallPart || (upload.parts > 0 && upload.lastPartSize < MIN_PART_BYTES),
    lastPartSize: end - upload.offset,
    expiresAt: clock.now() + retention.upload,
  };
  const kept = await metadata.write(async (tx) => {
    if (await tx.uploads.advance(upload, next)) return true;
    // The upload ended while its bytes came in: they may have been written after the erasure of its key.
    await discard(tx, upload, end, clock.now());
    return false;
  });
  await failpoint('upload.advanced');
  if (!kept) throw new Fault('UploadNotFound', factsOf(path));
  return { ...upload, ...next };
}

/** Nothing, as long as the upload or a blob made of it is there. */
async function discard(tx: MetadataTransaction, { storageKey }: Upload, size: number, now: number): Promise<void> {
  await tx.collection.discard({ storageKey, size, notBefore: now });
}
