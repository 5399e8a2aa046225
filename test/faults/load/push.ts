import type { Blob, Content } from './content.ts';
import type { Dice } from './dice.ts';
import type { Journal } from './findings.ts';
import { jsonOf, quote, type Reply, type Wire } from './wire.ts';

/** One client: who it is, what it may do, and what it was promised. */
export interface Pusher {
  readonly wire: Wire;
  readonly dice: Dice;
  readonly journal: Journal;
  /** Milliseconds for which an uploaded or mounted blob is promised to stay; half of that for one that was asked for. */
  readonly lease: number;
  /** Repositories to try to mount from. */
  readonly sources: readonly string[];
  /** Whether it pushes where others delete the repository itself, so that promises are void and refusals no findings. */
  readonly doomed?: boolean;
  /** Whether it deletes no image that others refer to, for those would go as well, at a time that it does not know. */
  readonly keepsSubjects?: boolean;
}

/** Until when the server has promised that a blob stays, by digest, as `performance.now()` counts. */
export type Promises = Map<string, number>;

export type Pushed = 'ok' | 'unknown' | 'refused';

const OCTETS = { 'content-type': 'application/octet-stream' };
/** A promise that ends this soon is asked for again before it is built upon. */
const MARGIN = 300;

/**
 * Pushes a manifest and what it names, as clients do: what the server says it has is not sent. The client relies on every
 * such word for as long as it is good, also across a crash: `promises` is what it remembers.
 *
 * A refusal of the manifest while all promises hold is a failed push, and a finding.
 */
export async function push(
  pusher: Pusher,
  repository: string,
  content: Content,
  tag: string | undefined,
  promises: Promises,
): Promise<Pushed> {
  for (let attempt = 0; attempt < 5; attempt++) {
    for (const blob of content.blobs) {
      if ((promises.get(blob.digest) ?? 0) > performance.now() + MARGIN) continue;
      const given = await give(pusher, repository, blob, promises);
      if (given !== 'ok') return given;
    }
    const put = await pusher.wire.oci(
      'put-manifest',
      'PUT',
      `/v2/${repository}/manifests/${tag ?? content.digest}`,
      { 'content-type': content.mediaType },
      content.bytes,
    );
    if (put.outcome !== 'refused' || pusher.doomed) return put.outcome;
    if (content.blobs.every((blob) => (promises.get(blob.digest) ?? 0) >= performance.now())) {
      pusher.journal.find('failed push', `${repository} ${tag ?? content.digest}: ${quote(put)}`);
      return 'refused';
    }
    // The answer came after a promise had run out: on a busy machine that proves nothing.
    pusher.journal.count('manifest put too late');
    promises.clear();
  }
  pusher.journal.count('push given up');
  return 'refused';
}

/** Sees to it that the repository has the blob, in one of the many ways that clients have. */
async function give(pusher: Pusher, repository: string, blob: Blob, promises: Promises): Promise<Pushed> {
  const { wire, dice, lease, sources, journal } = pusher;
  if (dice.chance(0.7)) {
    const head = await wire.oci('head-blob', 'HEAD', `/v2/${repository}/blobs/${blob.digest}`);
    if (head.outcome === 'unknown') return 'unknown';
    if (head.outcome === 'ok') {
      journal.count('told by HEAD');
      promises.set(blob.digest, head.sent + lease / 2);
      return 'ok';
    }
  }
  let location: string | undefined;
  const source = dice.chance(0.5) ? dice.oneOf(sources.filter((name) => name !== repository)) : undefined;
  if (source !== undefined) {
    const path = `/v2/${repository}/blobs/uploads/?mount=${blob.digest}&from=${source}`;
    const mount = await wire.oci('mount-blob', 'POST', path);
    if (mount.outcome !== 'ok') return failedUpload(pusher, repository, mount);
    if (mount.status === 201) {
      journal.count('told by mount');
      promises.set(blob.digest, mount.sent + lease);
      return 'ok';
    }
    location = locationOf(mount);
  }
  const sent = await upload(pusher, repository, blob, location);
  if (sent.outcome !== 'ok') return failedUpload(pusher, repository, sent);
  journal.count('told by upload');
  promises.set(blob.digest, sent.sent + lease);
  return 'ok';
}

/** Uploads the blob in one request, in two, in chunks or through the ECR API. Answers the reply that ended it. */
async function upload(
  { wire, dice }: Pusher,
  repository: string,
  { digest, bytes }: Blob,
  begun: string | undefined,
): Promise<Reply> {
  const uploads = `/v2/${repository}/blobs/uploads/`;
  const way = dice.below(5);
  if (begun === undefined && way === 0) {
    return wire.oci('upload-blob', 'POST', `${uploads}?digest=${digest}`, OCTETS, bytes);
  }
  if (begun === undefined && way === 1) return uploadByApi(wire, repository, { digest, bytes });
  let location = begun;
  if (location === undefined) {
    const post = await wire.oci('begin-upload', 'POST', uploads);
    if (post.outcome !== 'ok') return post;
    location = locationOf(post);
  }
  const pieces = way === 2 ? [] : way === 3 ? [bytes] : halves(bytes);
  let first = 0;
  for (const piece of pieces) {
    const range = { ...OCTETS, 'content-range': `${first}-${first + piece.byteLength - 1}` };
    const patch = await wire.oci('upload-chunk', 'PATCH', location, pieces.length > 1 ? range : OCTETS, piece);
    if (patch.outcome !== 'ok') return patch;
    location = locationOf(patch);
    first += piece.byteLength;
  }
  const query = `${location.includes('?') ? '&' : '?'}digest=${digest}`;
  const rest = first === 0 ? bytes : undefined;
  return wire.oci('upload-blob', 'PUT', location + query, rest ? OCTETS : {}, rest);
}

async function uploadByApi(wire: Wire, repositoryName: string, { digest, bytes }: Blob): Promise<Reply> {
  const begun = await wire.api('InitiateLayerUpload', { repositoryName });
  if (begun.outcome !== 'ok') return begun;
  const { uploadId } = jsonOf<{ uploadId: string }>(begun);
  const layerPartBlob = bytes.toString('base64');
  const part = { repositoryName, uploadId, partFirstByte: 0, partLastByte: bytes.byteLength - 1, layerPartBlob };
  const sent = await wire.api('UploadLayerPart', part);
  if (sent.outcome !== 'ok') return sent;
  const completed = await wire.api('CompleteLayerUpload', { repositoryName, uploadId, layerDigests: [digest] });
  // ECR refuses a layer that is there already, which is a yes as well.
  const there = jsonOf<{ __type: string }>(completed).__type === 'LayerAlreadyExistsException';
  return there ? { ...completed, outcome: 'ok' } : completed;
}

function failedUpload({ journal, doomed }: Pusher, repository: string, reply: Reply): Pushed {
  if (reply.outcome === 'refused' && !doomed) journal.find('failed push', `a blob of ${repository}: ${quote(reply)}`);
  return reply.outcome;
}

/** As the server wrote it: a path, or a whole address. */
export function locationOf({ headers }: Reply): string {
  return String(headers['location']);
}

function halves(bytes: Buffer): Buffer[] {
  const middle = Math.ceil(bytes.byteLength / 2);
  return [bytes.subarray(0, middle), bytes.subarray(middle)].filter((half) => half.byteLength > 0);
}
