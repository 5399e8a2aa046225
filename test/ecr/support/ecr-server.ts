import { Agent, type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { ECRClient, type ECRClientConfig } from '@aws-sdk/client-ecr';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll } from 'vitest';
import { TEST_CREDENTIAL } from '../../../src/config/credentials.ts';
import type { Settings } from '../../../src/config/settings.ts';
import { start } from '../../../src/main.ts';
import { smithy, type WireRequest } from '../../aws/sigv4/signers.ts';
import type { Bytes } from '../../support/stored/bytes.ts';
import type { Rows } from '../../support/stored/rows.ts';
import { findServerPlace, type ServerPlace } from '../../support/stored/server-place.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { TestClock } from '../../support/test-clock.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';
export const TARGET_PREFIX = 'AmazonEC2ContainerRegistry_V20150921.';
export const CONTENT_TYPE = 'application/x-amz-json-1.1';

/** A key that the server knows beside `test`, of an account of its own. */
export const KNOWN_KEY = { id: 'AKIAKNOWN', secret: 'a secret that the server knows', accountId: '123456789012' };

/** Who calls, and from where. Everything has a default: `test`/`test` in us-east-1. */
export interface Caller {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
}

/** What a signed request has besides its body. */
export interface RawOptions extends Caller {
  readonly headers?: Readonly<Record<string, string>>;
  readonly service?: string;
  readonly path?: string;
  readonly method?: string;
  /** False for a request whose length no header says. */
  readonly announceLength?: boolean;
  /** Changes the request after it was signed. */
  readonly tamper?: (signed: WireRequest) => WireRequest;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Names and values by turns, as they were on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** The real server on a port of its own, in a folder of its own, under a clock that the test turns. */
export class EcrServer implements AsyncDisposable {
  /** `127.0.0.1:<port>`: what clients of the tests write into `Host`. */
  readonly host: string;
  readonly clock: TestClock;
  /** For what would take the API too long. */
  readonly rows: Rows;
  /** For what the API does not show. */
  readonly bytes: Bytes;
  /** Signs with `test`/`test` in us-east-1. */
  readonly client: ECRClient;
  readonly #resources: AsyncDisposableStack;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(
    port: number,
    { rows, bytes }: Pick<ServerPlace, 'rows' | 'bytes'>,
    clock: TestClock,
    resources: AsyncDisposableStack,
  ) {
    this.host = `127.0.0.1:${port}`;
    this.rows = rows;
    this.bytes = bytes;
    this.clock = clock;
    this.#resources = resources;
    this.#resources.defer(() => this.#agent.destroy());
    this.client = this.clientOf();
  }

  /** A real client that signs by the server's clock and tries once. */
  clientOf({ accessKeyId = 'test', secretAccessKey = 'test', region = REGION }: Caller = {}): ECRClient {
    const client = new ECRClient({
      endpoint: `http://${this.host}`,
      region,
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
      signerConstructor: signerAt(this.clock),
    });
    this.#resources.defer(() => client.destroy());
    return client;
  }

  /** Calls an operation by name with a body of any kind, signed. */
  async call(operation: string, body: object | string | Uint8Array, options: RawOptions = {}): Promise<RawAnswer> {
    const headers = { 'x-amz-target': `${TARGET_PREFIX}${operation}`, ...options.headers };
    return this.post(body, { ...options, headers });
  }

  /** Posts a body, signed, as JSON 1.1 unless the headers say otherwise. */
  async post(body: object | string | Uint8Array, options: RawOptions = {}): Promise<RawAnswer> {
    return this.send(await this.sign(body, options));
  }

  async sign(body: object | string | Uint8Array, options: RawOptions = {}): Promise<WireRequest> {
    const bytes = bytesOf(body);
    const { accessKeyId = 'test', secretAccessKey = 'test', tamper = (signed: WireRequest) => signed } = options;
    const signed = await smithy(
      {
        method: options.method ?? 'POST',
        path: options.path ?? '/',
        query: [],
        headers: {
          host: this.host,
          'content-type': CONTENT_TYPE,
          ...(options.announceLength !== false && { 'content-length': String(bytes.byteLength) }),
          ...options.headers,
        },
        body: bytes,
      },
      {
        key: { id: accessKeyId, secret: secretAccessKey, accountId: ACCOUNT },
        region: options.region ?? REGION,
        service: options.service ?? 'ecr',
        at: this.clock.now(),
      },
    );
    return tamper(signed);
  }

  /** Sends a request just as it is. */
  async send(request: WireRequest): Promise<RawAnswer> {
    return this.#exchange(request, this.#agent, (sent) => sent.end(request.body));
  }

  /** Sends all of a request but its body, and waits for the answer to that. */
  async sendHead(request: WireRequest): Promise<RawAnswer> {
    return this.#exchange(request, false, (sent) => sent.flushHeaders());
  }

  async #exchange(
    { method, target, headers }: WireRequest,
    agent: Agent | false,
    transmit: (sent: ClientRequest) => void,
  ): Promise<RawAnswer> {
    const [host = '', port = ''] = this.host.split(':');
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ host, port, method, path: target, headers: headers.flat(), agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            rawHeaders: answer.rawHeaders,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      sent.on('error', reject);
      transmit(sent);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** Settings of a server under test: the workers never run by themselves. */
export function settingsOf(dataDir: string): Settings {
  return {
    profile: 'local',
    host: '127.0.0.1',
    port: 0,
    dataDir,
    database: { kind: 'sqlite' },
    databasePool: 20,
    databaseTimeout: 30_000,
    blobs: { kind: 'files' },
    s3Endpoint: undefined,
    s3PublicEndpoint: undefined,
    s3Region: REGION,
    s3PathStyle: false,
    s3Sse: 'off',
    s3KmsKey: undefined,
    blobRedirects: true,
    account: ACCOUNT,
    region: REGION,
    domains: [],
    createOnPush: true,
    sparseManifests: false,
    gcGrace: 3_600_000,
    gcLease: 3_600_000,
    gcInterval: 24 * 86_400_000,
    undoWindow: 0,
    referrerExpiry: 23 * 3_600_000,
    uploadExpiry: 86_400_000,
    accelRedirect: 'off',
    logLevel: 'silent',
    logFormat: 'json',
    maxRequests: 48,
    shutdownGrace: 1_000,
    credentials: [
      TEST_CREDENTIAL,
      { accessKeyId: KNOWN_KEY.id, secretAccessKey: KNOWN_KEY.secret, accountId: KNOWN_KEY.accountId },
    ],
  };
}

/** `folder` keeps the data when it is named; otherwise they go with the server. */
export async function startEcrServer(options: { folder?: string; clock?: TestClock } = {}): Promise<EcrServer> {
  await using opening = new AsyncDisposableStack();
  const folder = options.folder ?? opening.use(await tempFolder()).path;
  // Not a whole second, so that a lost millisecond shows.
  const clock = options.clock ?? new TestClock(Date.UTC(2026, 10, 23, 12, 0, 0, 663));
  const place = opening.use(await findServerPlace(folder));
  const running = await start({ ...settingsOf(folder), ...place.settings }, clock);
  opening.defer(() => running.close());
  return new EcrServer(running.address.port, place, clock, opening.move());
}

/** One server for all tests of the file that calls this; it ends with them. */
export async function serveThisFile(): Promise<EcrServer> {
  const server = await startEcrServer();
  afterAll(() => server[Symbol.asyncDispose]());
  return server;
}

export function bytesOf(body: object | string | Uint8Array): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');
}

type SignerConstructor = NonNullable<ECRClientConfig['signerConstructor']>;
type RequestSigner = InstanceType<SignerConstructor>;

/** The SDK's own signer, told what time it is. */
function signerAt(clock: TestClock): SignerConstructor {
  return class implements RequestSigner {
    readonly #signer: SignatureV4;

    constructor(...options: ConstructorParameters<SignerConstructor>) {
      this.#signer = new SignatureV4(...options);
    }

    sign(...[request, options]: Parameters<RequestSigner['sign']>): ReturnType<RequestSigner['sign']> {
      return this.#signer.sign(request, { ...options, signingDate: new Date(clock.now()) });
    }
  };
}
