import type { TaggedImage } from '../../metadata/image.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import { hasDigestSyntax } from '../../model/digest.ts';
import { FAULT_MESSAGES } from '../../model/fault-messages.ts';
import { parseTag } from '../../model/tag.ts';

/** ECR's `imageId`, as a caller sends it: unchecked, and with any half missing. */
export interface ImageIdentifier {
  readonly imageDigest?: string | undefined;
  readonly imageTag?: string | undefined;
}

/** The identifier of one image, under one of its tags if it has any. */
export function identifierOf(imageDigest: string, imageTag: string | undefined): ImageIdentifier {
  return imageTag === undefined ? { imageDigest } : { imageDigest, imageTag };
}

/** Why one identifier of a batch came to nothing. A value: it does not stop the others. */
export interface ImageFailure {
  readonly imageId: ImageIdentifier;
  readonly code: ImageFailureCode;
  readonly reason: string;
}

/** The codes that Berth answers, of those in ECR's enumeration `ImageFailureCode`. */
export type ImageFailureCode =
  | 'MissingDigestAndTag'
  | 'InvalidImageDigest'
  | 'InvalidImageTag'
  | 'ImageNotFound'
  | 'ImageTagDoesNotMatchDigest'
  | 'ImageReferencedByManifestList';

/** What an identifier turned out to name: an image as a whole, or one tag of it. */
export type ResolvedIdentifier =
  | { readonly imageId: ImageIdentifier; readonly image: TaggedImage; readonly tag: string | undefined }
  | ImageFailure;

/**
 * Resolves identifiers against one state of the repository, in two statements however many there are. The checks of each
 * come in ECR's order: both halves missing, the digest's syntax, the tag's syntax, existence and match (fidelity facts,
 * section 1.2, rows 5 and 8 to 16). The answer is in the order of the identifiers.
 */
export async function resolveIdentifiers(
  view: Pick<MetadataView, 'images' | 'tags'>,
  repositoryId: number,
  imageIds: readonly ImageIdentifier[],
): Promise<ResolvedIdentifier[]> {
  const checked = imageIds.map((imageId) => ({ imageId, failure: checkSyntax(imageId) }));
  const sound = checked.filter(({ failure }) => failure === undefined).map(({ imageId }) => imageId);
  const names = sound.flatMap(({ imageTag }) => (imageTag === undefined ? [] : [imageTag]));
  const digests = sound.flatMap(({ imageDigest, imageTag }) =>
    imageDigest === undefined || imageTag !== undefined ? [] : [imageDigest],
  );
  // Asked together, for a database that is somewhere else.
  const [foundTags, foundImages] = await Promise.all([
    view.tags.resolve(repositoryId, unique(names)),
    view.images.identify(repositoryId, unique(digests)),
  ]);
  const tags = new Map(foundTags.map((tag) => [tag.name, tag]));
  const images = new Map(foundImages.map((image) => [image.digest, image]));
  return checked.map(({ imageId, failure }) => {
    if (failure) return failure;
    const { imageDigest, imageTag } = imageId;
    if (imageTag === undefined) {
      const image = images.get(imageDigest ?? '');
      return image ? { imageId, image, tag: undefined } : notFound(imageId);
    }
    const tag = tags.get(imageTag);
    if (!tag) return notFound(imageId);
    if (imageDigest !== undefined && imageDigest !== tag.image.digest) {
      return {
        imageId,
        code: 'ImageTagDoesNotMatchDigest',
        reason: 'Invalid request parameters: given tag does not map to the given digest',
      };
    }
    return { imageId, image: tag.image, tag: tag.name };
  });
}

export function isFailure(resolved: ResolvedIdentifier): resolved is ImageFailure {
  return 'code' in resolved;
}

function checkSyntax(imageId: ImageIdentifier): ImageFailure | undefined {
  const { imageDigest, imageTag } = imageId;
  if (imageDigest === undefined && imageTag === undefined) {
    return {
      imageId,
      code: 'MissingDigestAndTag',
      reason: 'Invalid request parameters: both tag and digest cannot be null',
    };
  }
  if (imageDigest !== undefined && !hasDigestSyntax(imageDigest)) {
    return {
      imageId,
      code: 'InvalidImageDigest',
      reason: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    };
  }
  if (imageTag !== undefined && !parseTag(imageTag)) {
    return {
      imageId,
      code: 'InvalidImageTag',
      reason: "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
    };
  }
  return undefined;
}

function notFound(imageId: ImageIdentifier): ImageFailure {
  return { imageId, code: 'ImageNotFound', reason: FAULT_MESSAGES.ManifestUnknown() };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
