import { type ByteRange, BytesMissing } from '../blobs/blob-store.ts';
import type { BlobStream } from '../blobs/blob-stream.ts';
import type { RepositoryBlob } from '../metadata/blobs.ts';
import { Fault } from '../model/fault.ts';
import { findBlob } from '../registry/layer/find-blobs.ts';
import { linkBlob } from '../registry/layer/link-blob.ts';
import { namesOf, type RepositoryPath } from '../registry/repository/repository-path.ts';
import { parseRange } from './byte-range.ts';
import { cacheHeaders, hasConditions, isKnown, notModified } from './caching.ts';
import type { Answer, Call } from './call.ts';
import { refuse } from './faults.ts';
import type { OciEdge } from './oci-edge.ts';

/** In milliseconds: for whom it takes longer to come for the bytes, he can ask again. One transfer may take as long as it likes. */
const REDIRECT_LIFETIME = 20 * 60_000;

export type ServesBlobs = Pick<OciEdge, 'metadata' | 'blobs' | 'clock' | 'retention' | 'frontServer' | 'blobRedirects'>;
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
 * what the store itself can send is had from an address there: of Range those see to themselves.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`
 */
export async function serveBlob(
  needs: ServesBlobs,
  target: Target,
  { method, headers }: Pick<Call, 'method' | 'headers'>,
): Promise<Answer> {
  const blob = await getBlob(needs, target);
  const described = describeBlob(blob);
  if (isKnown(headers['if-none-match'], blob.digest)) return notModified(described);
  if (method === 'HEAD') return { status: 200, headers: described };
  const ifRange = headers['if-range'];
  const wanted = ifRange === undefined || ifRange === described['ETag'] ? headers.range : undefined;
  const range = parseRange(wanted, blob.size);
  if (range === 'unsatisfiable') {
    return refuse(new Fault('RangeNotSatisfiable', { size: blob.size }), { 'Content-Range': `bytes */${blob.size}` });
  }
  const place = needs.frontServer?.placeOf(blob, headers);
  if (place !== undefined) return { status: 200, headers: handedOver(described, place) };
  if (needs.blobRedirects && !hasConditions(headers)) {
    const link = await linkBlob(needs, blob, REDIRECT_LIFETIME);
    if (link !== undefined) return redirected(blob, link);
  }
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

/** The address is not to be kept: it is good for a while only. Clients take no credentials along to another host. */
function redirected({ digest }: RepositoryBlob, link: string): Answer {
  const headers = {
    Location: link,
    'Docker-Content-Digest': digest,
    'Cache-Control': 'no-store',
    'Content-Length': '0',
  };
  return { status: 307, headers };
}

async function getBlob(needs: ServesBlobs, target: Target): Promise<RepositoryBlob> {
  const blob = await findBlob(needs, target, target.digest);
  if (blob) return blob;
  throw new Fault('BlobUnknown', { ...namesOf(target), digest: target.digest });
}

async function open(needs: ServesBlobs, target: Target, blob: RepositoryBlob, range?: ByteRange): Promise<BlobStream> {
  // Under the Content-Length that is promised, an answer that ended early in good order would leave the client waiting.
  const part = range ?? { first: 0, last: blob.size - 1 };
  try {
    return await needs.blobs.open(blob.storageKey, part);
  } catch (error) {
    if (!(error instanceof BytesMissing)) throw error;
    // Without a grace the bytes may go between the look and the opening: then the blob is gone, or has other bytes by now.
    const now = await getBlob(needs, target);
    if (now.storageKey === blob.storageKey) throw error;
    return open(needs, target, now, range);
  }
}
