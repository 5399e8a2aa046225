import { hash, type KeyObject } from 'node:crypto';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { ALGORITHM, type CredentialScope } from '../../aws/sigv4/authorization-header.ts';
import { scopeAt, scopeText } from '../../aws/sigv4/credential-scope.ts';
import { basicFormat, type RequestDate } from '../../aws/sigv4/request-date.ts';
import { deriveSigningKey, sign } from '../../aws/sigv4/signing-key.ts';
import { percentEncodePath, percentEncodeText } from '../../aws/sigv4/uri-encoding.ts';
import type { Clock } from '../../model/clock.ts';

/** Where objects of a bucket are, as the SDK finds it for the region, the endpoint and the style. */
interface Place {
  readonly origin: string;
  readonly host: string;
  /** What the path of every object begins with, slash included. */
  readonly path: string;
}

type Credentials = Awaited<ReturnType<S3Client['config']['credentials']>>;

/** What all addresses say that are made within one second with the same credentials. */
interface Said {
  readonly credentials: Credentials;
  readonly date: RequestDate;
  readonly scope: CredentialScope;
  readonly key: KeyObject;
  /** Of the query: what is before its `X-Amz-Expires`, and what is after it. */
  readonly before: string;
  readonly after: string;
}

/**
 * Signs addresses from which an object can be fetched. The SDK does that with some hundred microseconds of the processor each,
 * which is more than all the rest of a pull; here only what differs from one address to the next is done each time, and
 * the rest once a second.
 */
export class Presigner {
  readonly #client: S3Client;
  readonly #place: Place;
  readonly #region: string;
  readonly #clock: Clock;
  #said: Said | undefined;

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
    const { date, scope, key, before, after } = this.#saidNow(await this.#client.config.credentials());
    const { origin, host, path: bucket } = this.#place;
    const path = bucket + percentEncodePath(object);
    // In the order in which they are signed.
    const query = `${before}&X-Amz-Expires=${seconds}&${after}`;
    const request = `GET\n${path}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
    const signature = sign(key, date, scope, hash('sha256', request)).toString('hex');
    return `${origin}${path}?${query}&X-Amz-Signature=${signature}`;
  }

  #saidNow(credentials: Credentials): Said {
    const at = Math.floor(this.#clock.now() / 1000) * 1000;
    if (this.#said?.credentials !== credentials || this.#said.date.at !== at) this.#said = this.#say(credentials, at);
    return this.#said;
  }

  #say(credentials: Credentials, at: number): Said {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const stamp = basicFormat(at);
    const scope = scopeAt(stamp, this.#region, 's3');
    return {
      credentials,
      date: { stamp, at },
      scope,
      key: deriveSigningKey(secretAccessKey, scope),
      before: [
        `X-Amz-Algorithm=${ALGORITHM}`,
        `X-Amz-Credential=${percentEncodeText(`${accessKeyId}/${scopeText(scope)}`)}`,
        `X-Amz-Date=${stamp}`,
      ].join('&'),
      after: [
        ...(sessionToken === undefined ? [] : [`X-Amz-Security-Token=${percentEncodeText(sessionToken)}`]),
        'X-Amz-SignedHeaders=host',
        `response-content-type=${percentEncodeText('application/octet-stream')}`,
      ].join('&'),
    };
  }
}
