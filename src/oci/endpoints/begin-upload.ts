import type { Digest } from '../../model/digest.ts';
import { isFault } from '../../model/fault.ts';
import { parseRepositoryName } from '../../model/repository-name.ts';
import { appendToUpload } from '../../registry/layer/append-upload.ts';
import { completeUpload } from '../../registry/layer/complete-upload.ts';
import { mountBlob } from '../../registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload, type UploadPath } from '../../registry/layer/upload-session.ts';
import { type Answer, authorize, type Call } from '../call.ts';
import { withRepository } from '../create-on-push.ts';
import { blobHeaders, uploadHeaders } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { findSole, getDigest } from '../query.ts';
import { chunksOf } from '../receive-chunk.ts';

type Needs = Pick<
  OciEdge,
  'metadata' | 'blobs' | 'uploads' | 'clock' | 'ids' | 'retention' | 'authorizer' | 'createOnPush'
>;
type UploadsCall = Call<'uploads'>;

/**
 * Begins an upload. `?mount=<digest>&from=<name>` links a blob of another repository instead; a mount that cannot be, for
 * whatever reason, is answered with an upload and no word about the source. `?digest=<digest>` takes the blob from the body
 * of this same request. `mount` without `from` is not supported yet and begins an upload.
 *
 * @throws Fault `RepositoryNotFound`, `InvalidDigest`, `InvalidLayer`, `UploadTooLarge`, `AccessDenied`
 */
export async function beginUploadOrMount(edge: Needs, call: UploadsCall): Promise<Answer> {
  const { query, target } = call;
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
  const { registry } = call.target;
  const repositoryName = parseRepositoryName(findSole(call.query, 'from') ?? '');
  if (repositoryName === undefined) return false;
  try {
    await authorize(edge, call, 'ecr:BatchCheckLayerAvailability', repositoryName);
    await authorize(edge, call, 'ecr:GetDownloadUrlForLayer', repositoryName);
  } catch (error) {
    // Whoever may not read the source must not learn from the answer what is in it.
    if (isFault(error, 'AccessDenied')) return false;
    throw error;
  }
  return withRepository(edge, call, () => mountBlob(edge, call.target, { registry, repositoryName }, digest));
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
