import { readBody } from '../../http/read-body.ts';
import { Fault } from '../../model/fault.ts';
import { MAX_MANIFEST_BYTES, type Manifest, parseManifest } from '../../model/manifest.ts';
import { type PushedImage, putImage } from '../../registry/image/put-image.ts';
import type { Answer, Call } from '../call.ts';
import { withRepository } from '../create-on-push.ts';
import { pathTo } from '../locations.ts';
import type { OciEdge } from '../oci-edge.ts';
import { getTags } from '../query.ts';

/**
 * Puts an image under a tag, or under its digest and each tag in `?tag=`; pushing the same again is no fault. Tags are taken all or
 * none; `OCI-Tag` names each that was (distribution specification, "Pushing Manifests").
 *
 * @throws Fault `RequestTooLarge`, `MalformedRequest`, `InvalidReference`, `TooManyTagParameters` and those of `putImage`
 */
export async function putManifest(
  edge: Pick<OciEdge, 'metadata' | 'clock' | 'authorizer' | 'createOnPush' | 'sparseManifests'>,
  call: Call<'manifest'>,
): Promise<Answer> {
  const { reference, repositoryName } = call.target;
  const named = getTags(call.query);
  if (named.length > 0 && reference.digest === undefined) {
    throw new Fault('MalformedRequest', { reason: "The parameter 'tag' goes with a push by digest" });
  }
  const pushed: PushedImage = {
    manifest: await readBody(call.body, { limit: MAX_MANIFEST_BYTES }),
    mediaType: declaredMediaType(call.headers['content-type']),
    tags: reference.tag === undefined ? named : [reference.tag],
    digest: reference.digest,
    onRepeat: 'accept',
    onMissing: edge.sparseManifests ? 'accept' : 'refuse',
  };
  const { digest, subject } = await withRepository(
    edge,
    call,
    () => putImage(edge, call.target, pushed),
    () => edge.sparseManifests || namesNothing(parseManifest(pushed.manifest, pushed.mediaType)),
  );
  return {
    status: 201,
    headers: {
      Location: pathTo(call, `${repositoryName}/manifests/${digest}`),
      'Docker-Content-Digest': digest,
      ...(subject && { 'OCI-Subject': subject.digest }),
      ...(named.length > 0 && { 'OCI-Tag': named }),
    },
  };
}

/** Without parameters. Tools that do not know what they push say `application/octet-stream`, which declares nothing. */
function declaredMediaType(header: string | undefined): string | undefined {
  const [mediaType = ''] = (header ?? '').split(';');
  const named = mediaType.trim();
  return named === '' || named === 'application/octet-stream' ? undefined : named;
}

/** Whether a repository without blobs and images could take the manifest. */
function namesNothing({ blobs, children }: Manifest): boolean {
  return children.length === 0 && !blobs.some((blob) => blob.required);
}
