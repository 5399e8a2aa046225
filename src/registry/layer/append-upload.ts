import { BytesMissing, UploadBusy, type UploadPosition } from '../../blobs/blob-store.ts';
import type { Upload } from '../../metadata/uploads.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import type { Ports } from '../ports.ts';
import { Arrival } from './arrival.ts';
import { holdUpload } from './hold-upload.ts';
import { discardNames, factsOf, getUpload, movedOn, positionOf, type UploadPath } from './upload-session.ts';

/** ECR's quotas (fidelity facts, section 4.7): 52,000 MiB a layer, 5 MiB a part that is not the last. */
export const MAX_LAYER_BYTES = 52_000 * 1024 * 1024;
export const MIN_PART_BYTES = 5 * 1024 * 1024;

type Needs = Pick<Ports, 'metadata' | 'uploads' | 'clock' | 'retention'>;

export interface Chunk {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Where the client says the chunk begins; without it, wherever the upload stands. */
  readonly first: number | undefined;
  /** How many bytes the client says the chunk has. */
  readonly length: number | undefined;
  /** Asked before any of the bytes is taken, by who knows where the upload stands: throws if they do not belong there. */
  readonly check?: (offset: number) => void;
}

/**
 * So many bytes of a chunk are noted in one go. What is noted outlives the process: a client whose chunk is cut short by its
 * end goes on from there.
 */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/**
 * Adds a chunk to the upload and answers where it stands then. A chunk that is refused counts for nothing. One whose sender
 * breaks off counts as far as it came, and the sender's error comes through: the client asks where the upload stands and goes
 * on from there. Its bytes are durable once the upload is completed; until then a loss of power may cost the upload, never a
 * blob.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `RangeOutOfOrder`, `UploadBusy`, `UploadTooLarge`
 */
export async function appendToUpload(ports: Needs, path: UploadPath, chunk: Chunk): Promise<Upload> {
  return holdUpload(ports, path, async () => {
    const upload = await getUpload(ports, path);
    chunk.check?.(upload.offset);
    const outOfOrder = () => new Fault('RangeOutOfOrder', { ...factsOf(path), offset: upload.offset });
    if (chunk.first !== undefined && chunk.first !== upload.offset) throw outOfOrder();
    await using arrival = new Arrival(chunk.bytes, (received) => {
      if (upload.offset + received > MAX_LAYER_BYTES)
        throw new Fault('UploadTooLarge', { ...factsOf(path), limit: MAX_LAYER_BYTES });
      if (chunk.length !== undefined && received > chunk.length) throw outOfOrder();
    });
    const isShort = () => !arrival.isBroken && chunk.length !== undefined && arrival.received < chunk.length;
    let noted = upload;
    try {
      while (!arrival.isOver) {
        const end = await write(ports, path, noted, arrival.segment(SEGMENT_BYTES));
        await failpoint('upload.written');
        if (arrival.received === 0) arrival.expectWhole();
        if (arrival.isOver && isShort()) {
          await discardEnd(ports, end);
          throw outOfOrder();
        }
        noted = await note(ports, path, { begun: upload, noted, end, isOver: arrival.isOver });
      }
    } catch (error) {
      if (noted !== upload) await takeBack(ports, upload, noted);
      throw error;
    }
    arrival.expectWhole();
    return noted;
  });
}

async function write(
  { uploads, metadata, clock }: Needs,
  path: UploadPath,
  upload: Upload,
  bytes: AsyncIterable<Uint8Array>,
): Promise<UploadPosition> {
  const at = positionOf(upload);
  try {
    return await uploads.append(at, bytes);
  } catch (error) {
    // If the upload ended meanwhile, what was written of the chunk came after the erasure of its names.
    await metadata.write((tx) => discardNames(tx, uploads.namesOf(at), clock.now()));
    if (error instanceof UploadBusy) throw new Fault('UploadBusy', { ...factsOf(path), offset: upload.offset });
    if (error instanceof BytesMissing) throw new Fault('UploadNotFound', factsOf(path));
    throw error;
  }
}

/** Nobody will note this position, so nobody else would know of the names that it has and no other. */
async function discardEnd({ metadata, uploads, clock }: Needs, end: UploadPosition): Promise<void> {
  await metadata.write((tx) => discardNames(tx, uploads.namesOf(end), clock.now()));
}

/** An upload before a chunk, what of the chunk is noted, where its bytes end by now, and whether those are the last. */
interface Progress {
  readonly begun: Upload;
  readonly noted: Upload;
  readonly end: UploadPosition;
  readonly isOver: boolean;
}

/** Moves the upload on to `end`, unless somebody else has moved or ended it in the meantime. */
async function note(
  { metadata, uploads, clock, retention }: Needs,
  path: UploadPath,
  { begun, noted, end, isOver }: Progress,
): Promise<Upload> {
  const next = {
    offset: end.length,
    state: end.state,
    parts: begun.parts + 1,
    hasSmallPart: begun.hasSmallPart || (begun.parts > 0 && begun.lastPartSize < MIN_PART_BYTES),
    lastPartSize: end.length - begun.offset,
    expiresAt: clock.now() + retention.upload,
  };
  // Until the chunk is over it may be refused: then the upload goes back to where it began.
  const names = [...uploads.namesOf(end), ...(isOver ? [] : uploads.namesOf(positionOf(begun)))];
  const kept = await metadata.write(async (tx) => {
    const dropped = await tx.uploads.advance(noted, next, names);
    // Of an upload that ended, or was moved on by somebody else, while these bytes came in, nobody else may know of them, and
    // they may have been written after the erasure of their names.
    await discardNames(tx, dropped ?? names, clock.now());
    return dropped !== undefined;
  });
  await failpoint('upload.advanced');
  if (!kept) throw await movedOn({ metadata }, path);
  return { ...noted, ...next };
}

/** Undoes what was noted of a chunk that is refused after all; its space may be what others are waiting for. */
async function takeBack({ metadata, uploads, clock, retention }: Needs, begun: Upload, noted: Upload): Promise<void> {
  const to = { ...begun, expiresAt: clock.now() + retention.upload };
  const taken = await metadata.write(async (tx) => {
    const dropped = await tx.uploads.advance(noted, to, uploads.namesOf(positionOf(begun)));
    await discardNames(tx, dropped ?? [], clock.now());
    return dropped !== undefined;
  });
  if (taken) await uploads.truncate(positionOf(noted), positionOf(begun));
}
