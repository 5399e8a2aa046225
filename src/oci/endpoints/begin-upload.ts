import type { Digest } from '../../model/digest.ts';
import { isFault } from '../../model/fault.ts';
import { parseRepositoryName } from '../../model/repository-name.ts';
import { appendToUpload } from '../../registry/layer/append-upload.ts';
import { completeUpload } from '../../registry/layer/complete-upload.ts';
import { findSources } from '../../registry/layer/find-sources.ts';
import { mountBlob } from '../../registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload, type UploadPath } from '../../registry/layer/upload-session.ts';
import type { RepositoryPath } from '../../registry/repository/repository-path.ts';
import { type Answer, authorize, type Call } from '../call.ts';
import { withRepository } from '../create-on-push.ts';
import { blobHeaders, uploadHeaders } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { checkDigestAlgorithm, findSole, getDigest } from '../query.ts';
import { chunksOf } from '../receive-chunk.ts';

type Needs = Pick<
  OciEdge,
  'metadata' | 'blobs' | 'uploads' | 'clock' | 'ids' | 'retention' | 'authorizer' | 'createOnPush'
>;
type UploadsCall = Call<'uploads'>;

/**
 * Begins an upload. `?mount=<digest>&from=<name>` links a blob of another repository instead, without `from` one of any
 * repository that the caller may pull from; a mount that cannot be, for whatever reason, is answered with an upload and no word
 * about the source. `?digest=<digest>` takes the blob from the body of this same request.
 *
 * @throws Fault `RepositoryNotFound`, `InvalidDigest`, `InvalidLayer`, `UploadTooLarge`, `AccessDenied`
 */
export async function beginUploadOrMount(edge: Needs, call: UploadsCall): Promise<Answer> {
  const { query, target } = call;
  checkDigestAlgorithm(query);
  const digest = query.has('digest') ? getDigest(query, 'digest') : undefined;
  const mount = query.has('mount') ? getDigest(query, 'mount') : undefined;
  if (digest !== undefined) {
    await authorize(edge, call, 'ecr:UploadLayerPart', target.repositoryName);
    await authorize(edge, call, 'ecr:CompleteLayerUpload', target.repositoryName);
  }
  if (mount !== undefined && (await tryMount(edge, call, mount))) {
    return { status: 201, headers: blobHeaders(call, mount) };
  }
  const uploadId = await withRepository(edge, call, () => beginUpload(edge, target));
  if (digest === undefined) return { status: 202, headers: uploadHeaders(call, { id: uploadId, offset: 0 }) };
  await receiveWhole(edge, call, { ...target, uploadId }, digest);
  return { status: 201, headers: blobHeaders(call, digest) };
}

async function tryMount(edge: Needs, call: UploadsCall, digest: Digest): Promise<boolean> {
  const source = await findSource(edge, call, digest);
  return source !== undefined && withRepository(edge, call, () => mountBlob(edge, call.target, source, digest));
}

/** The repository that is named, or else the first of a few that see the blob; only one that the caller may pull from. */
async function findSource(edge: Needs, call: UploadsCall, digest: Digest): Promise<RepositoryPath | undefined> {
  const { registry } = call.target;
  const from = findSole(call.query, 'from');
  const repositoryName = parseRepositoryName(from ?? '');
  const named = repositoryName === undefined ? [] : [{ registry, repositoryName }];
  const candidates = from === undefined ? await findSources(edge, registry, digest) : named;
  for (const candidate of candidates) if (await mayPull(edge, call, candidate.repositoryName)) return candidate;
  return undefined;
}

/** Whoever may not read a source must not learn from the answer what is in it. */
async function mayPull(edge: Needs, call: UploadsCall, repositoryName: string): Promise<boolean> {
  try {
    await authorize(edge, call, 'ecr:BatchCheckLayerAvailability', repositoryName);
    await authorize(edge, call, 'ecr:GetDownloadUrlForLayer', repositoryName);
    return true;
  } catch (error) {
    if (isFault(error, 'AccessDenied')) return false;
    throw error;
  }
}

/** Nobody but this request knows the upload, so one that fails must not stay behind. */
async function receiveWhole(edge: Needs, call: UploadsCall, upload: UploadPath, digest: Digest): Promise<void> {
  try {
    await appendToUpload(edge, upload, { bytes: chunksOf(call, upload), first: 0, length: undefined });
    await completeUpload(edge, upload, digest);
  } catch (error) {
    await abandon(edge, upload);
    throw error;
  }
}

async function abandon(edge: Needs, upload: UploadPath): Promise<void> {
  try {
    await cancelUpload(edge, upload);
  } catch (error) {
    if (!isFault(error, 'UploadNotFound') && !isFault(error, 'RepositoryNotFound')) throw error;
  }
}
