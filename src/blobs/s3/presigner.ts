import { hash } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { ALGORITHM } from '../../aws/sigv4/authorization-header.ts';
import { TERMINATOR } from '../../aws/sigv4/credential-scope.ts';
import { basicFormat } from '../../aws/sigv4/request-date.ts';
import { sign, signingKeys } from '../../aws/sigv4/signing-key.ts';
import { percentEncodeText } from '../../aws/sigv4/uri-encoding.ts';
import type { Clock } from '../../model/clock.ts';

/** Where objects of a bucket are, as the SDK finds it for the region, the endpoint and the style. */
interface Place {
  readonly origin: string;
  readonly host: string;
  /** What the path of every object begins with, slash included. */
  readonly path: string;
}

/**
 * Signs addresses from which an object can be fetched. The SDK does that with some hundred microseconds of the processor each,
 * which is more than all the rest of a pull; here only what differs from one address to the next is done each time.
 */
export class Presigner {
  readonly #client: S3Client;
  readonly #place: Place;
  readonly #region: string;
  readonly #clock: Clock;
  /** One is good for a whole day. */
  readonly #keys = signingKeys(1);

  private constructor(client: S3Client, place: Place, region: string, clock: Clock) {
    this.#client = client;
    this.#place = place;
    this.#region = region;
    this.#clock = clock;
  }

  /** `client` speaks to the endpoint that those see who are given addresses. */
  static async prepare(client: S3Client, bucket: string, clock: Clock): Promise<Presigner> {
    const some = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'object' })));
    const path = some.pathname.slice(0, -'object'.length);
    const place = { origin: some.origin, host: some.host, path };
    return new Presigner(client, place, await client.config.region(), clock);
  }

  async linkTo(object: string, seconds: number): Promise<string> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#client.config.credentials();
    const at = this.#clock.now();
    const stamp = basicFormat(at);
    const scope = { date: stamp.slice(0, 8), region: this.#region, service: 's3', terminator: TERMINATOR };
    const credential = [accessKeyId, scope.date, scope.region, scope.service, scope.terminator].join('/');
    const path = this.#place.path + object.split('/').map(percentEncodeText).join('/');
    // In the order in which they are signed.
    const query = [
      `X-Amz-Algorithm=${ALGORITHM}`,
      `X-Amz-Credential=${percentEncodeText(credential)}`,
      `X-Amz-Date=${stamp}`,
      `X-Amz-Expires=${seconds}`,
      ...(sessionToken === undefined ? [] : [`X-Amz-Security-Token=${percentEncodeText(sessionToken)}`]),
      'X-Amz-SignedHeaders=host',
      `response-content-type=${percentEncodeText('application/octet-stream')}`,
    ].join('&');
    const request = ['GET', path, query, `host:${this.#place.host}`, '', 'host', 'UNSIGNED-PAYLOAD'].join('\n');
    const key = this.#keys(accessKeyId, secretAccessKey, scope);
    const signature = sign(key, { stamp, at }, scope, hash('sha256', request)).toString('hex');
    return `${this.#place.origin}${path}?${query}&X-Amz-Signature=${signature}`;
  }
}
