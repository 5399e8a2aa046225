import type * as sdk from '@aws-sdk/client-ecr';
import { type Fault, isFault } from '../model/fault.ts';
import type { FaultCode } from '../model/fault-messages.ts';
import type { ExceptionName } from './exception-names.ts';

/**
 * The exception that stands for each fault on the JSON API. Codes that only a path of the distribution protocol can raise
 * have an entry too, so that none can ever fall through to a 500.
 */
export const EXCEPTIONS = {
  InvalidParameter: 'InvalidParameterException',
  MalformedRequest: 'SerializationException',
  RequestTooLarge: 'InvalidParameterException',
  UnknownOperation: 'UnknownOperationException',
  TooManyRequests: 'ThrottlingException',
  StorageFull: 'ServerException',
  StoreUnavailable: 'ServerException',

  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
  InvalidSignature: 'InvalidSignatureException',
  UnrecognizedClient: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  ExpiredAuthorizationToken: 'ExpiredTokenException',
  AccessDenied: 'AccessDeniedException',

  RepositoryNotFound: 'RepositoryNotFoundException',
  RepositoryAlreadyExists: 'RepositoryAlreadyExistsException',
  RepositoryNotEmpty: 'RepositoryNotEmptyException',
  InvalidTagParameter: 'InvalidTagParameterException',
  TooManyTags: 'TooManyTagsException',

  ImageNotFound: 'ImageNotFoundException',
  MalformedIdentifier: 'InvalidParameterException',
  ManifestUnknown: 'ImageNotFoundException',
  ImageReferencedByManifestList: 'InvalidParameterException',
  ImageAlreadyExists: 'ImageAlreadyExistsException',
  ImageTagAlreadyExists: 'ImageTagAlreadyExistsException',
  ImageDigestDoesNotMatch: 'ImageDigestDoesNotMatchException',
  LayersNotFound: 'LayersNotFoundException',
  ReferencedImagesNotFound: 'ReferencedImagesNotFoundException',
  InvalidManifest: 'InvalidParameterException',
  TagLimitExceeded: 'LimitExceededException',

  LayerNotFound: 'LayersNotFoundException',
  LayerInaccessible: 'LayerInaccessibleException',
  LayerAlreadyExists: 'LayerAlreadyExistsException',
  UploadNotFound: 'UploadNotFoundException',
  EmptyUpload: 'EmptyUploadException',
  LayerPartTooSmall: 'LayerPartTooSmallException',
  InvalidLayerPart: 'InvalidLayerPartException',
  InvalidLayer: 'InvalidLayerException',
  RangeOutOfOrder: 'InvalidLayerPartException',
  UploadBusy: 'InvalidLayerPartException',
  UploadTooLarge: 'LimitExceededException',
  BlobUnknown: 'LayersNotFoundException',
  BlobReferenced: 'InvalidParameterException',
  RangeNotSatisfiable: 'InvalidParameterException',

  InvalidName: 'InvalidParameterException',
  InvalidReference: 'InvalidParameterException',
  InvalidDigest: 'InvalidParameterException',
  TooManyTagParameters: 'LimitExceededException',
  Unsupported: 'InvalidParameterException',
} as const satisfies Record<FaultCode, ExceptionName>;

/** The status of an error of ours. */
export const ERROR_STATUS = 500;

/**
 * The status of a refusal: 400, access denied and not found included (fidelity facts, section 2.1). Only where the caller
 * asked for nothing wrong is it a server's: then AWS's clients try again by themselves.
 */
export function statusOf(fault: Fault): 400 | 500 {
  return EXCEPTIONS[fault.code] === 'ServerException' ? ERROR_STATUS : 400;
}

type PartMembers = Omit<sdk.InvalidLayerPartException, keyof sdk.ECRServiceException>;

export interface ErrorBody extends PartMembers {
  readonly __type: ExceptionName;
  readonly message?: string;
  readonly Message?: string;
}

/** The body of a refusal. ECR writes `message`, except for access denied, where it is `Message`. */
export function errorBody(fault: Fault): ErrorBody {
  const __type = EXCEPTIONS[fault.code];
  if (__type === 'AccessDeniedException') return { __type, Message: fault.message };
  return { __type, message: fault.message, ...partMembers(fault) };
}

/** InvalidLayerPartException is the one exception here with members of its own; -1 says that no byte has arrived yet. */
function partMembers(fault: Fault): PartMembers | undefined {
  if (isFault(fault, 'InvalidLayerPart')) {
    const { registryId, repositoryName, uploadId, lastValidByteReceived } = fault.facts;
    return { registryId, repositoryName, uploadId, lastValidByteReceived };
  }
  if (isFault(fault, 'RangeOutOfOrder') || isFault(fault, 'UploadBusy')) {
    const { registryId, repositoryName, uploadId, offset } = fault.facts;
    return { registryId, repositoryName, uploadId, lastValidByteReceived: offset - 1 };
  }
  return undefined;
}

/** The body of an error of ours: it says nothing but where to look in the log. */
export function serverErrorBody(requestId: string): ErrorBody {
  return { __type: 'ServerException', message: `The server failed to answer the request ${requestId}` };
}
