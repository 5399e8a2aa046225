import { bodyChunks } from '../http/body-chunks.ts';
import type { Upload } from '../metadata/uploads.ts';
import { Fault, isFault } from '../model/fault.ts';
import { appendToUpload, MAX_LAYER_BYTES } from '../registry/layer/append-upload.ts';
import { factsOf, getUpload, type UploadPath } from '../registry/layer/upload-session.ts';
import type { Ports } from '../registry/ports.ts';
import { parseContentRange } from './byte-range.ts';
import type { Answer, Call } from './call.ts';
import { refuse } from './faults.ts';
import { uploadHeaders } from './locations.ts';

type Needs = Pick<Ports, 'metadata' | 'uploads' | 'clock' | 'retention'>;

/**
 * Adds the request's body to the upload, at the place its Content-Range names, or where the upload stands if there is none.
 *
 * @throws Fault `RepositoryNotFound`, `UploadNotFound`, `RangeOutOfOrder`, `UploadBusy`, `UploadTooLarge`
 */
export async function receiveChunk(edge: Needs, call: Call<'upload'>): Promise<Upload> {
  const { target, headers } = call;
  const bytes = chunksOf(call, target);
  const header = headers['content-range'];
  if (header === undefined) return appendToUpload(edge, target, { bytes, first: undefined, length: undefined });
  const range = parseContentRange(header);
  if (range === undefined) {
    const { offset } = await getUpload(edge, target);
    throw new Fault('RangeOutOfOrder', { ...factsOf(target), offset });
  }
  return appendToUpload(edge, target, { bytes, first: range.first, length: range.last - range.first + 1 });
}

/**
 * The body of a request for this upload, as it arrives.
 *
 * @throws Fault `UploadTooLarge` when the request announces more than a layer may have: better before the bytes than after
 */
export function chunksOf(
  { body, headers }: Pick<Call, 'body' | 'headers'>,
  upload: UploadPath,
): AsyncIterable<Uint8Array> {
  if (Number(headers['content-length'] ?? 0) > MAX_LAYER_BYTES) {
    throw new Fault('UploadTooLarge', { ...factsOf(upload), limit: MAX_LAYER_BYTES });
  }
  return bodyChunks(body);
}

/** Tells a client whose chunk did not fit where the upload stands, so that it can go on from there. */
export async function orWhereItStands(call: Call<'upload'>, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error, 'RangeOutOfOrder') && !isFault(error, 'UploadBusy')) throw error;
    return refuse(error, uploadHeaders(call, { id: call.target.uploadId, offset: error.facts.offset }));
  }
}
