/** An answer that is a success and not what S3 would answer: whatever it is, it says nothing about what is stored. */
export class NotLikeS3 extends Error {
  constructor() {
    super('the answer is not one of S3’s');
    this.name = 'NotLikeS3';
  }
}

/** What S3 calls what went wrong, if it was S3 that said so. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** The status of the answer, if there was one. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}

/** Whether the answer was that there is no such object. That there is no such bucket, or no access, is no such answer. */
export function isNoSuchKey(error: unknown): boolean {
  return errorName(error) === 'NoSuchKey';
}

/** Whether the answer was that there is no such gathering of parts: it was never begun, or it is finished or aborted. */
export function isNoSuchUpload(error: unknown): boolean {
  return errorName(error) === 'NoSuchUpload';
}

/** Whether parts are not those that were named: somebody else has written one of them, or it is not there. */
export function isOtherPart(error: unknown): boolean {
  return ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'].includes(errorName(error));
}

/** Whether the store does not have this operation at all. */
export function isNotImplemented(error: unknown): boolean {
  return errorName(error) === 'NotImplemented' || statusOf(error) === 501;
}
