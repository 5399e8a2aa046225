import { randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'vitest';
import { createServer } from '../../../src/http/create-server.ts';
import { localHostCheck } from '../../../src/http/host-check.ts';
import { listen } from '../../../src/http/listen.ts';
import { createLogger } from '../../../src/http/logger.ts';
import type { Registry } from '../../../src/model/registry.ts';
import type { OciEdge } from '../../../src/oci/oci-edge.ts';
import { registerOci } from '../../../src/oci/register-oci.ts';
import { allowEverything } from '../../../src/policy/authorizer.ts';
import { DownloadLinks } from '../../../src/policy/download-links.ts';
import type { Principal } from '../../../src/policy/principal.ts';
import { RegistryTokens } from '../../../src/policy/registry-tokens.ts';
import { PullRecorder } from '../../../src/registry/image/pull-recorder.ts';
import type { Retention } from '../../../src/registry/ports.ts';
import { type Blob, type BuiltManifest, REGISTRY } from '../../support/images.ts';
import { openStores, type Stores } from '../../support/stores.ts';
import type { TestClock } from '../../support/test-clock.ts';

export const PRINCIPAL: Principal = { arn: `arn:aws:iam::${REGISTRY.id}:user/tester`, accountId: REGISTRY.id };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Sent {
  readonly headers?: OutgoingHttpHeaders;
  /** An iterable is sent in chunks, without Content-Length. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Instead of the credentials of a user of the default registry; `undefined` for none. */
  readonly authorization?: string | undefined;
}

export interface ServerOptions
  extends Partial<
    Pick<OciEdge, 'authorizer' | 'createOnPush' | 'sparseManifests' | 'blobs' | 'frontServer' | 'blobRedirects'>
  > {
  readonly retention?: Partial<Retention>;
  readonly clock?: TestClock;
  readonly uploads?: OciEdge['uploads'];
}

/** The distribution edge on the real stores, on a port of its own, under a clock that the test turns. */
export class OciServer {
  readonly port: number;
  readonly edge: OciEdge;
  readonly stores: Stores;
  /** What was logged as an error. Unless the test takes it away, it fails for it. */
  readonly errors: string[];
  readonly #resources: AsyncDisposableStack;

  constructor(parts: Pick<OciServer, 'port' | 'edge' | 'stores' | 'errors'>, resources: AsyncDisposableStack) {
    this.port = parts.port;
    this.edge = parts.edge;
    this.stores = parts.stores;
    this.errors = parts.errors;
    this.#resources = resources;
  }

  get clock(): TestClock {
    return this.stores.clock;
  }

  /** The Authorization header that `docker login` leads to. */
  credentials({ registry = REGISTRY as Registry, principal = PRINCIPAL } = {}): string {
    return basic('AWS', this.edge.tokens.issue({ registry, principal }).password);
  }

  /** `line` is method and target, which goes out as it is. */
  async send(line: string, sent: Sent = {}): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ');
    const authorization = 'authorization' in sent ? sent.authorization : this.credentials();
    const { body } = sent;
    const streamed = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
    const length = body === undefined || streamed ? {} : { 'content-length': Buffer.byteLength(body) };
    const headers = { ...length, ...(authorization !== undefined && { authorization }), ...sent.headers };
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.port, method, path, headers, agent: false as const };
      const request = httpRequest(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString('utf8') });
        });
      });
      request.on('error', reject);
      if (streamed) Readable.from(body).pipe(request);
      else request.end(body);
    });
  }

  /** Uploads the blob and expects that to succeed. */
  async pushBlob(repository: string, blob: Blob): Promise<void> {
    const answer = await this.send(`POST /v2/${repository}/blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes });
    expect(answer.status, answer.text).toBe(201);
  }

  /** Pushes what the manifest names and then itself, under each tag or else under its digest. */
  async pushImage(repository: string, image: BuiltManifest, ...tags: readonly string[]): Promise<void> {
    for (const blob of image.blobs) await this.pushBlob(repository, blob);
    for (const child of image.children) await this.pushImage(repository, child);
    for (const reference of tags.length > 0 ? tags : [image.digest]) {
      const answer = await this.putManifest(repository, image, reference);
      expect(answer.status, answer.text).toBe(201);
    }
  }

  async putManifest(repository: string, image: BuiltManifest, reference: string = image.digest): Promise<Answer> {
    return this.send(`PUT /v2/${repository}/manifests/${reference}`, {
      headers: { 'content-type': image.mediaType },
      body: image.bytes,
    });
  }

  /** Begins an upload and answers its location. */
  async beginUpload(repository: string): Promise<string> {
    const { status, headers, text } = await this.send(`POST /v2/${repository}/blobs/uploads/`);
    expect(status, text).toBe(202);
    return String(headers.location);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    expect(this.errors).toEqual([]);
  }
}

/** `clock` is where it stands at the beginning, if it matters. */
export async function startOci({ retention = {}, clock, ...options }: ServerOptions = {}): Promise<OciServer> {
  await using resources = new AsyncDisposableStack();
  const stores = await openStores({ retention, ...(clock && { clock }) });
  resources.defer(() => stores[Symbol.asyncDispose]());
  const errors: string[] = [];
  const edge: OciEdge = {
    ...stores.ports,
    pulls: new PullRecorder(),
    tokens: new RegistryTokens(randomBytes(32), stores.clock),
    links: new DownloadLinks(randomBytes(32), stores.clock),
    authorizer: allowEverything,
    defaultRegistry: REGISTRY,
    createOnPush: true,
    sparseManifests: false,
    frontServer: undefined,
    blobRedirects: true,
    ...options,
  };
  const server = createServer({
    logger: createLogger({ level: 'warn', format: 'json' }, { write: (line) => errors.push(line) }),
    ids: edge.ids,
    hostAllowed: localHostCheck({ domains: [] }),
  });
  registerOci(server, edge);
  const { port } = await listen(server, { host: '127.0.0.1', port: 0 });
  resources.defer(async () => {
    server.server.closeAllConnections();
    await server.close();
  });
  return new OciServer({ port, edge, stores, errors }, resources.move());
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The protocol's envelope, as it is on the wire. */
export function errorBody(code: string, message: string): string {
  return `${JSON.stringify({ errors: [{ code, message }] })}\n`;
}

export function expectFault(answer: Answer, status: number, code: string, message: string): void {
  expect(answer.text).toBe(errorBody(code, message));
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
}
