import type { Referrer } from '../../metadata/image-listings.ts';
import { parseDigest } from '../../model/digest.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { MAX_MANIFEST_BYTES } from '../../model/manifest.ts';
import { OCI_IMAGE_INDEX } from '../../model/media-type.ts';
import { listReferrers } from '../../registry/image/list-referrers.ts';
import type { Answer, Call } from '../call.ts';
import { linkToNext } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { findSole } from '../query.ts';

/** A page is an index, and clients refuse larger ones. One referrer whose annotations fill it gets a page of its own. */
const MAX_PAGE_BYTES = MAX_MANIFEST_BYTES;
const MAX_PAGE = 1000;
/** Referrers read at once: each can bring annotations of megabytes. */
const BATCH = 20;
const [BEFORE, AFTER] = [`{"schemaVersion":2,"mediaType":"${OCI_IMAGE_INDEX}","manifests":[`, ']}'];

interface Selection {
  readonly artifactTypes: readonly string[];
  readonly after: string | undefined;
}

/**
 * The manifests that name the digest as their subject, as an index, in order of digest. A digest or a repository that does
 * not exist has none: to clients, a 404 here would mean that the registry has no referrers API.
 *
 * @throws Fault `InvalidDigest`, `MalformedRequest`
 */
export async function listImageReferrers(edge: Pick<OciEdge, 'metadata'>, call: Call<'referrers'>): Promise<Answer> {
  const { repositoryName, digest } = call.target;
  const after = findSole(call.query, 'last');
  if (after !== undefined && parseDigest(after) === undefined) throw new Fault('InvalidDigest', { digest: after });
  // No media type has a space in it: it is a plus sign that was not encoded.
  const wanted = call.query.getAll('artifactType').map((type) => type.replaceAll(' ', '+'));
  const artifactTypes = wanted.filter((type) => type !== '');
  const { descriptors, next } = await collect(edge, call, { artifactTypes, after });
  return {
    status: 200,
    headers: {
      'Content-Type': OCI_IMAGE_INDEX,
      ...(artifactTypes.length > 0 && { 'OCI-Filters-Applied': 'artifactType' }),
      ...linkToNext(
        call,
        `${repositoryName}/referrers/${digest}`,
        next,
        artifactTypes.map((type) => ['artifactType', type]),
      ),
    },
    body: Buffer.from(`${BEFORE}${descriptors.join(',')}${AFTER}`),
  };
}

async function collect(
  edge: Pick<OciEdge, 'metadata'>,
  { target }: Call<'referrers'>,
  { artifactTypes, after }: Selection,
): Promise<{ readonly descriptors: readonly string[]; readonly next: string | undefined }> {
  const descriptors: string[] = [];
  let bytes = BEFORE.length + AFTER.length;
  let last = after;
  while (descriptors.length < MAX_PAGE) {
    const batch = await findBatch(edge, target, { artifactTypes, after: last });
    for (const referrer of batch.items) {
      const descriptor = JSON.stringify(descriptorOf(referrer));
      bytes += Buffer.byteLength(descriptor) + 1;
      if (bytes > MAX_PAGE_BYTES && descriptors.length > 0) return { descriptors, next: last };
      descriptors.push(descriptor);
      last = referrer.digest;
    }
    if (batch.next === undefined) return { descriptors, next: undefined };
  }
  return { descriptors, next: last };
}

async function findBatch(edge: Pick<OciEdge, 'metadata'>, target: Call<'referrers'>['target'], selection: Selection) {
  try {
    return await listReferrers(edge, target, target.digest, { ...selection, limit: BATCH });
  } catch (error) {
    if (isFault(error, 'RepositoryNotFound')) return { items: [], next: undefined };
    throw error;
  }
}

function descriptorOf({ mediaType, digest, size, artifactType, annotations }: Referrer) {
  return { mediaType, digest, size, artifactType, annotations };
}
