import { RETRY_AFTER } from '../http/surface.ts';
import type { Fault } from '../model/fault.ts';
import type { FaultCode } from '../model/fault-messages.ts';
import type { Answer } from './call.ts';

interface OciError {
  readonly status: number;
  readonly code: string;
}

/**
 * The status and code of each fault on the distribution protocol: the specification's where it has them, else ECR's, else
 * those of the nearest relative. Faults that only the JSON API can raise have an entry too, so that none can ever fall
 * through to a 500. A manifest that names what is not there is 400, as in the reference implementation, not 404: clients
 * take a 404 on PUT for a missing repository.
 *
 * A full disk is 507: of an answer above 499 docker shows no more than the status line, and "Insufficient Storage" says it.
 * A store that does not answer is 503, which clients take for what passes.
 */
export const OCI_ERRORS = {
  InvalidParameter: { status: 405, code: 'UNSUPPORTED' },
  MalformedRequest: { status: 400, code: 'UNSUPPORTED' },
  RequestTooLarge: { status: 413, code: 'SIZE_INVALID' },
  UnknownOperation: { status: 404, code: 'UNSUPPORTED' },
  TooManyRequests: { status: 429, code: 'TOOMANYREQUESTS' },
  StorageFull: { status: 507, code: 'STORAGE_FULL' },
  StoreUnavailable: { status: 503, code: 'UNAVAILABLE' },

  MissingAuthenticationToken: { status: 401, code: 'UNAUTHORIZED' },
  IncompleteSignature: { status: 403, code: 'DENIED' },
  InvalidSignature: { status: 403, code: 'DENIED' },
  UnrecognizedClient: { status: 401, code: 'UNAUTHORIZED' },
  ExpiredToken: { status: 403, code: 'DENIED' },
  ExpiredAuthorizationToken: { status: 403, code: 'DENIED' },
  AccessDenied: { status: 403, code: 'DENIED' },

  RepositoryNotFound: { status: 404, code: 'NAME_UNKNOWN' },
  RepositoryAlreadyExists: { status: 409, code: 'UNSUPPORTED' },
  RepositoryNotEmpty: { status: 409, code: 'UNSUPPORTED' },
  InvalidTagParameter: { status: 400, code: 'UNSUPPORTED' },
  TooManyTags: { status: 400, code: 'UNSUPPORTED' },

  ImageNotFound: { status: 404, code: 'MANIFEST_UNKNOWN' },
  MalformedIdentifier: { status: 400, code: 'MANIFEST_INVALID' },
  ManifestUnknown: { status: 404, code: 'MANIFEST_UNKNOWN' },
  ImageReferencedByManifestList: { status: 405, code: 'UNSUPPORTED' },
  ImageAlreadyExists: { status: 400, code: 'MANIFEST_INVALID' },
  ImageTagAlreadyExists: { status: 400, code: 'TAG_INVALID' },
  ImageDigestDoesNotMatch: { status: 400, code: 'DIGEST_INVALID' },
  LayersNotFound: { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  ReferencedImagesNotFound: { status: 400, code: 'MANIFEST_BLOB_UNKNOWN' },
  InvalidManifest: { status: 400, code: 'MANIFEST_INVALID' },
  TagLimitExceeded: { status: 403, code: 'DENIED' },

  LayerNotFound: { status: 404, code: 'BLOB_UNKNOWN' },
  LayerInaccessible: { status: 404, code: 'BLOB_UNKNOWN' },
  LayerAlreadyExists: { status: 409, code: 'BLOB_UPLOAD_INVALID' },
  UploadNotFound: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN' },
  EmptyUpload: { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  LayerPartTooSmall: { status: 400, code: 'BLOB_UPLOAD_INVALID' },
  InvalidLayerPart: { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  InvalidLayer: { status: 400, code: 'DIGEST_INVALID' },
  RangeOutOfOrder: { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  UploadBusy: { status: 416, code: 'BLOB_UPLOAD_INVALID' },
  UploadTooLarge: { status: 413, code: 'SIZE_INVALID' },
  BlobUnknown: { status: 404, code: 'BLOB_UNKNOWN' },
  BlobReferenced: { status: 405, code: 'UNSUPPORTED' },
  RangeNotSatisfiable: { status: 416, code: 'RANGE_INVALID' },

  InvalidName: { status: 400, code: 'NAME_INVALID' },
  InvalidReference: { status: 400, code: 'TAG_INVALID' },
  InvalidDigest: { status: 400, code: 'DIGEST_INVALID' },
  TooManyTagParameters: { status: 414, code: 'TAG_INVALID' },
  Unsupported: { status: 405, code: 'UNSUPPORTED' },
} as const satisfies Record<FaultCode, OciError>;

/** An answer whose body is all there. */
export interface ErrorAnswer extends Answer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A fault as the protocol says it, with what else the caller needs to go on. */
export function refuse(fault: Fault, headers: Readonly<Record<string, string>> = {}): ErrorAnswer {
  const retry = fault.code === 'StoreUnavailable' && { 'Retry-After': RETRY_AFTER };
  return errorAnswer(OCI_ERRORS[fault.code], fault.message, { ...retry, ...headers });
}

/** The answer to an error of ours: it says nothing but where to look in the log. */
export function serverError(requestId: string): Answer {
  return errorAnswer({ status: 500, code: 'UNKNOWN' }, `The server failed to answer the request ${requestId}`);
}

function errorAnswer(
  { status, code }: OciError,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ErrorAnswer {
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' },
    body: Buffer.from(`${JSON.stringify({ errors: [{ code, message }] })}\n`),
  };
}
