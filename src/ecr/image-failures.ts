import type { ImageFailure } from '../registry/image/image-identifier.ts';

/** Failures of a batch as ECR writes them. */
export function describeFailures(failures: readonly ImageFailure[]) {
  return failures.map(({ imageId, code, reason }) => ({ imageId, failureCode: code, failureReason: reason }));
}
