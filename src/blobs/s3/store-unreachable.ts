import { errorName, NotLikeS3, statusOf } from './s3-error.ts';

/** The bucket cannot be used. The message says why in words, and on its second line what to do. */
export class StoreUnreachable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'StoreUnreachable';
  }
}

/** What a first look at a bucket failed with, in words. */
export function explain(error: unknown, bucket: string, endpoint: string | undefined): StoreUnreachable {
  const where = endpoint === undefined ? '' : ` at ${endpoint}`;
  const [what, advice] = reasonOf(error, bucket, where);
  return new StoreUnreachable(`${what}\n${advice}`, error);
}

function reasonOf(error: unknown, bucket: string, where: string): readonly [string, string] {
  const name = errorName(error);
  const message = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  if (name === 'NoSuchBucket' || (status === 404 && name === 'NotFound')) {
    return [`the bucket ${bucket} does not exist${where}`, 'Create it, or name another one with --blobs.'];
  }
  if (name === 'PermanentRedirect' || name === 'AuthorizationHeaderMalformed' || status === 301) {
    return [`the bucket ${bucket} is in another region (${message})`, 'Name its region with --s3-region.'];
  }
  if (REFUSED_CREDENTIALS.includes(name) || /\baccess key\b/i.test(message)) {
    return [`the store${where} does not take the credentials (${name}: ${message})`, ADVICE_CREDENTIALS];
  }
  if (name === 'CredentialsProviderError')
    return [`there are no credentials for the bucket ${bucket}`, ADVICE_CREDENTIALS];
  if (status === 401 || status === 403) {
    return [
      `the store${where} denies access to the bucket ${bucket} (${name}: ${message})`,
      'Allow these credentials to list the bucket, and to read, write and delete its objects.',
    ];
  }
  if (name === 'Error' && message === 'Region is missing') {
    return [`the region of the bucket ${bucket} is not known`, 'Name it with --s3-region or AWS_REGION.'];
  }
  if (!(error instanceof NotLikeS3) && (status === undefined || isNetwork(error))) {
    return [`the store of the bucket ${bucket} cannot be reached${where} (${message})`, ADVICE_ENDPOINT];
  }
  return [
    `what answers for the bucket ${bucket}${where} does not answer like S3 (${status ?? 200} ${name}: ${message})`,
    ADVICE_ENDPOINT,
  ];
}

const REFUSED_CREDENTIALS = ['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidToken', 'ExpiredToken'];
const ADVICE_CREDENTIALS =
  'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role, as for any tool of AWS.';
const ADVICE_ENDPOINT = 'Check --s3-endpoint, and whether the store is running.';

function isNetwork(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code));
}
