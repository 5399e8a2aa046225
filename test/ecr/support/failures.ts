import type { ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';

/** The failures of BatchDeleteImage and BatchGetImage, in ECR's words (fidelity facts, section 1.2). */
export const failure = {
  missing: (imageId: ImageIdentifier): ImageFailure => ({
    imageId,
    failureCode: 'MissingDigestAndTag',
    failureReason: 'Invalid request parameters: both tag and digest cannot be null',
  }),
  invalidDigest: (imageId: ImageIdentifier): ImageFailure => ({
    imageId,
    failureCode: 'InvalidImageDigest',
    failureReason: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
  }),
  invalidTag: (imageId: ImageIdentifier): ImageFailure => ({
    imageId,
    failureCode: 'InvalidImageTag',
    failureReason: "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
  }),
  notFound: (imageId: ImageIdentifier): ImageFailure => ({
    imageId,
    failureCode: 'ImageNotFound',
    failureReason: 'Requested image not found',
  }),
  mismatch: (imageId: ImageIdentifier): ImageFailure => ({
    imageId,
    failureCode: 'ImageTagDoesNotMatchDigest',
    failureReason: 'Invalid request parameters: given tag does not map to the given digest',
  }),
  referenced: (imageId: ImageIdentifier, ...parents: readonly string[]): ImageFailure => ({
    imageId,
    failureCode: 'ImageReferencedByManifestList',
    failureReason: `Requested image referenced by manifest list: [${parents.join(', ')}]`,
  }),
};
