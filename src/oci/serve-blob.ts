import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { type ByteRange, BytesMissing } from '../blobs/blob-store.ts';
import type { RepositoryBlob } from '../metadata/blobs.ts';
import { Fault } from '../model/fault.ts';
import { findBlob } from '../registry/layer/find-blobs.ts';
import type { Ports } from '../registry/ports.ts';
import { namesOf, type RepositoryPath } from '../registry/repository/repository-path.ts';
import { parseRange } from './byte-range.ts';
import { cacheHeaders, isKnown, notModified } from './caching.ts';
import type { Answer, Call } from './call.ts';
import { refuse } from './faults.ts';

type Needs = Pick<Ports, 'metadata' | 'blobs'>;
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
 * The blob as a stream, or the one part of it that Range asks for.
 *
 * @throws Fault `RepositoryNotFound`, `BlobUnknown`
 */
export async function serveBlob(
  needs: Needs,
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

async function getBlob(needs: Needs, target: Target): Promise<RepositoryBlob> {
  const found = await findBlob(needs, target, target.digest);
  if (found) return found.blob;
  throw new Fault('BlobUnknown', { ...namesOf(target), digest: target.digest });
}

async function open(needs: Needs, target: Target, blob: RepositoryBlob, range?: ByteRange): Promise<Readable> {
  // Under the Content-Length that is promised, an answer that ended early in good order would leave the client waiting.
  const part = range ?? { first: 0, last: blob.size - 1 };
  try {
    return await begun(await needs.blobs.open(blob.storageKey, part));
  } catch (error) {
    if (!(error instanceof BytesMissing)) throw error;
    // Without a grace the bytes may go between the look and the opening: then the blob is gone, or has other bytes by now.
    const now = await getBlob(needs, target);
    if (now.storageKey === blob.storageKey) throw error;
    return open(needs, target, now, range);
  }
}

/** Fulfils when the first bytes are there, so that what cannot be read at all is refused before an answer has begun. */
async function begun(stream: Readable): Promise<Readable> {
  await once(stream, 'readable');
  return stream;
}
