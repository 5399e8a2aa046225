import type * as sdk from '@aws-sdk/client-ecr';

type Sdk = typeof sdk;

/** The exceptions that Amazon ECR declares. */
export type DeclaredException = Exclude<Extract<keyof Sdk, `${string}Exception`>, 'ECRServiceException'>;

/** What any AWS service may answer before an operation is reached. */
export type CommonException =
  | 'AccessDeniedException'
  | 'ExpiredTokenException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'MissingAuthenticationTokenException'
  | 'SerializationException'
  | 'ThrottlingException'
  | 'UnknownOperationException'
  | 'UnrecognizedClientException';

export type ExceptionName = DeclaredException | CommonException;
