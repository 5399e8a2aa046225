import { type ByteRange, BytesMissing } from '../blobs/blob-store.ts';
import type { BlobStream } from '../blobs/blob-stream.ts';
import type { RepositoryBlob } from '../metadata/blobs.ts';
import { Fault } from '../model/fault.ts';
import { type FoundBlob, findBlob } from '../registry/layer/find-blobs.ts';
import { namesOf, type RepositoryPath } from '../registry/repository/repository-path.ts';
import { parseRange } from './byte-range.ts';
import { cacheHeaders, isKnown, notModified } from './caching.ts';
import type { Answer, Call } from './call.ts';
import { refuse } from './faults.ts';
import type { OciEdge } from './oci-edge.ts';

type Needs = Pick<OciEdge, 'metadata' | 'blobs' | 'frontServer'>;
type Target = RepositoryPath & { readonly digest: string };

/** What every answer about a blob says of it. */
export function describeBlob({ digest, size }: Pick<RepositoryBlob, 'digest' | 'size'>): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(size),
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ...cacheHeaders(digest, 'digest'),
  };
}

/**
 * The blob as a stream, or the one part of it that Range asks for. What a front server is to send is named to it instead, and
 * of Range it then sees to itself.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`
 */
export async function serveBlob(
  needs: Needs,
  target: Target,
  { method, headers }: Pick<Call, 'method' | 'headers'>,
): Promise<Answer> {
  const found = await getBlob(needs, target);
  const { blob } = found;
  const described = describeBlob(blob);
  if (isKnown(headers['if-none-match'], blob.digest)) return notModified(described);
  if (method === 'HEAD') return { status: 200, headers: described };
  const ifRange = headers['if-range'];
  const wanted = ifRange === undefined || ifRange === described['ETag'] ? headers.range : undefined;
  const range = parseRange(wanted, blob.size);
  if (range === 'unsatisfiable') {
    return refuse(new Fault('RangeNotSatisfiable', { size: blob.size }), { 'Content-Range': `bytes */${blob.size}` });
  }
  const place = needs.frontServer?.placeOf(found, headers);
  if (place !== undefined) return { status: 200, headers: handedOver(described, place) };
  if (range === undefined) return { status: 200, headers: described, body: await open(needs, target, blob) };
  const length = range.last - range.first + 1;
  return {
    status: 206,
    headers: {
      ...described,
      'Content-Length': String(length),
      'Content-Range': `bytes ${range.first}-${range.last}/${blob.size}`,
    },
    body: await open(needs, target, blob, range),
  };
}

/** The length and what is done about Range are the front server's to say. */
function handedOver(described: Readonly<Record<string, string>>, place: string): Record<string, string> {
  const { 'Content-Length': _length, 'Accept-Ranges': _ranges, ...kept } = described;
  return { ...kept, 'X-Accel-Redirect': place };
}

async function getBlob(needs: Needs, target: Target): Promise<FoundBlob> {
  const found = await findBlob(needs, target, target.digest);
  if (found) return found;
  throw new Fault('BlobUnknown', { ...namesOf(target), digest: target.digest });
}

async function open(needs: Needs, target: Target, blob: RepositoryBlob, range?: ByteRange): Promise<BlobStream> {
  // Under the Content-Length that is promised, an answer that ended early in good order would leave the client waiting.
  const part = range ?? { first: 0, last: blob.size - 1 };
  try {
    return await needs.blobs.open(blob.storageKey, part);
  } catch (error) {
    if (!(error instanceof BytesMissing)) throw error;
    // Without a grace the bytes may go between the look and the opening: then the blob is gone, or has other bytes by now.
    const { blob: now } = await getBlob(needs, target);
    if (now.storageKey === blob.storageKey) throw error;
    return open(needs, target, now, range);
  }
}
