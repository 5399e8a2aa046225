import { hasDigestSyntax, parseDigest } from '../../../model/digest.ts';
import { Fault } from '../../../model/fault.ts';
import { MAX_MANIFEST_BYTES } from '../../../model/manifest.ts';
import { parseTag } from '../../../model/tag.ts';
import { putImage } from '../../../registry/image/put-image.ts';
import { namesOf } from '../../../registry/repository/repository-path.ts';
import type { EcrPorts } from '../../ecr-ports.ts';
import type { Operation, Parsed } from '../../operation.ts';
import { arnOf, pathOf } from '../../repository-path.ts';
import { PutImageRequest } from '../../shapes/image.ts';

/** A manifest whose every byte is written as a `\u` escape, and the other members beside it. */
const MAX_BODY_BYTES = MAX_MANIFEST_BYTES * 6 + 64 * 1024;

export const PutImage = (ports: Pick<EcrPorts, 'metadata' | 'clock'>): Operation<'PutImage'> => ({
  input: PutImageRequest,
  maxBodyBytes: MAX_BODY_BYTES,
  resource: arnOf,
  run: async (input, call) => {
    const path = pathOf(input, call);
    const { imageTag } = input;
    const tag = imageTag === undefined ? undefined : parseTag(imageTag);
    const manifest = await putImage(ports, path, {
      manifest: bytesOf(input.imageManifest),
      mediaType: input.imageManifestMediaType,
      tags: tag === undefined ? [] : [tag],
      digest: digestOf(input, call.registry.id),
      onRepeat: 'refuse',
      onMissing: 'refuse',
    });
    return {
      image: {
        ...namesOf(path),
        imageId: { imageDigest: manifest.digest, imageTag },
        imageManifest: input.imageManifest,
        imageManifestMediaType: manifest.mediaType,
      },
    };
  },
});

/** The model's limit counts characters; what is stored, here as on the distribution protocol, is limited in bytes. */
function bytesOf(imageManifest: string): Uint8Array {
  const bytes = Buffer.from(imageManifest, 'utf8');
  if (bytes.byteLength <= MAX_MANIFEST_BYTES) return bytes;
  throw new Fault('InvalidParameter', {
    parameter: 'imageManifest',
    constraint: `Member must have length less than or equal to ${MAX_MANIFEST_BYTES}`,
  });
}

/** A digest that no bytes can have is one that the manifest does not match. */
function digestOf(input: Parsed<'PutImage'>, callerId: string) {
  const { imageDigest } = input;
  if (imageDigest === undefined) return undefined;
  if (!hasDigestSyntax(imageDigest)) {
    throw new Fault('InvalidParameter', {
      parameter: 'imageDigest',
      constraint: "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    });
  }
  const digest = parseDigest(imageDigest);
  if (digest === undefined) {
    const registryId = input.registryId ?? callerId;
    throw new Fault('ImageDigestDoesNotMatch', { registryId, repositoryName: input.repositoryName, imageDigest });
  }
  return digest;
}
