import type { TaggedImage } from '../../metadata/image.ts';
import type { MetadataView } from '../../metadata/metadata-store.ts';
import type { ResolvedTag } from '../../metadata/tags.ts';
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

/** Identifiers as far as they can be told without the repository. */
export interface ReadIdentifiers {
  /** The tags and the digests that have to be looked up, each once. */
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  /** What the identifiers name, in their order, where the repository has these tags and images. */
  resolve(tags: readonly ResolvedTag[], images: readonly TaggedImage[]): ResolvedIdentifier[];
}

/**
 * The checks of each identifier come in ECR's order: both halves missing, the digest's syntax, the tag's syntax, existence and
 * match (fidelity facts, section 1.2, rows 5 and 8 to 16).
 */
export function readIdentifiers(imageIds: readonly ImageIdentifier[]): ReadIdentifiers {
  const checked = imageIds.map((imageId) => ({ imageId, failure: checkSyntax(imageId) }));
  const sound = checked.filter(({ failure }) => failure === undefined).map(({ imageId }) => imageId);
  const tags = sound.flatMap(({ imageTag }) => (imageTag === undefined ? [] : [imageTag]));
  const digests = sound.flatMap(({ imageDigest, imageTag }) =>
    imageDigest === undefined || imageTag !== undefined ? [] : [imageDigest],
  );
  return {
    tags: unique(tags),
    digests: unique(digests),
    resolve(foundTags, foundImages) {
      const byTag = new Map(foundTags.map(({ name, image }) => [name, image]));
      const byDigest = new Map(foundImages.map((image) => [image.digest, image]));
      return checked.map(({ imageId, failure }) => failure ?? match(imageId, byTag, byDigest));
    },
  };
}

/** Resolves identifiers against one state of the repository, in two statements however many there are. */
export async function resolveIdentifiers(
  view: Pick<MetadataView, 'images' | 'tags'>,
  repositoryId: number,
  imageIds: readonly ImageIdentifier[],
): Promise<ResolvedIdentifier[]> {
  const read = readIdentifiers(imageIds);
  // Asked together, for a database that is somewhere else.
  const [tags, images] = await Promise.all([
    view.tags.resolve(repositoryId, read.tags),
    view.images.identify(repositoryId, read.digests),
  ]);
  return read.resolve(tags, images);
}

function match(
  imageId: ImageIdentifier,
  byTag: ReadonlyMap<string, TaggedImage>,
  byDigest: ReadonlyMap<string, TaggedImage>,
): ResolvedIdentifier {
  const { imageDigest, imageTag } = imageId;
  const image = imageTag === undefined ? byDigest.get(imageDigest ?? '') : byTag.get(imageTag);
  if (!image) return notFound(imageId);
  if (imageTag !== undefined && imageDigest !== undefined && imageDigest !== image.digest) {
    return {
      imageId,
      code: 'ImageTagDoesNotMatchDigest',
      reason: 'Invalid request parameters: given tag does not map to the given digest',
    };
  }
  return { imageId, image, tag: imageTag };
}

export function isFailure(resolved: ResolvedIdentifier): resolved is ImageFailure {
  return 'code' in resolved;
}

/** What is wrong with an identifier, whatever images there are. */
export function checkSyntax(imageId: ImageIdentifier): ImageFailure | undefined {
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
