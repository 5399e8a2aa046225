import type { Fault } from '../model/fault.ts';
import type { FaultCode } from '../model/fault-messages.ts';

/** The statuses of the faults whose status is not 400. */
const STATUSES: Partial<Readonly<Record<FaultCode, number>>> = {
  RequestTooLarge: 413,
  UnknownOperation: 404,
  TooManyRequests: 429,
  StoreUnavailable: 503,
  Unsupported: 405,
  MissingAuthenticationToken: 401,
  IncompleteSignature: 401,
  InvalidSignature: 403,
  UnrecognizedClient: 403,
  ExpiredToken: 403,
  AccessDenied: 403,
  RepositoryNotFound: 404,
  ImageNotFound: 404,
  ManifestUnknown: 404,
  RepositoryAlreadyExists: 409,
};

/** How this edge says what went wrong. */
export interface ErrorBody {
  /** A fault's code, or `InternalError`. */
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
}

export function statusOf(fault: Fault): number {
  return STATUSES[fault.code] ?? 400;
}

export function errorBody({ code, message }: Fault, requestId: string): ErrorBody {
  return { code, message, requestId };
}

/** Of an error of ours: it says nothing but where to look in the log. */
export function serverErrorBody(requestId: string): ErrorBody {
  return {
    code: 'InternalError',
    message: `The server failed to answer; its log says more under request id ${requestId}`,
    requestId,
  };
}
