import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** Of one request, the first try included; the waits between them grow, and are longer when the store asks for less. */
const ATTEMPTS = 4;
/** In milliseconds. */
const CONNECT_TIMEOUT = 5_000;
/** In milliseconds, from a request to the head of its answer. Finishing a large object may take a store a while. */
const ANSWER_TIMEOUT = 120_000;
/** In milliseconds without a byte either way; a client that takes its bytes slowly makes such pauses as well. */
const SILENCE_TIMEOUT = 60_000;
const CONNECTIONS = 512;

export interface S3Access {
  /** Where the store is, unless it is Amazon's own. */
  readonly endpoint?: string | undefined;
  /** Without it, what the environment or the profile says, as in every tool of AWS. */
  readonly region?: string | undefined;
  /** Whether the bucket stands in the path rather than in the host. */
  readonly pathStyle?: boolean | undefined;
  /** Without them, those that the usual chain of AWS finds. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** Bytes carry a checksum on their way in, and are held against the one that the store has on their way out. */
export function createClient({ endpoint, region, pathStyle = false, credentials }: S3Access): S3Client {
  // A store elsewhere has its own idea of regions, most of them none.
  const known = region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const config: S3ClientConfig = {
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    // To ask first whether bytes may come takes a connection of its own each time.
    expectContinueHeader: false,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT,
      requestTimeout: ANSWER_TIMEOUT,
      throwOnRequestTimeout: true,
      socketTimeout: SILENCE_TIMEOUT,
      httpAgent: { keepAlive: true, maxSockets: CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: CONNECTIONS },
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(known !== undefined && { region: known }),
    ...(credentials && { credentials }),
  };
  return new S3Client(config);
}
