import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ECR } from '@aws-sdk/client-ecr';
import type { BerthProcess } from '../../test/support/berth-process.ts';

const PIECE = 256 * 1024;

/** Pushes and pulls layers that are made as they are sent, and never held. */
export class RegistryClient {
  readonly #origin: string;
  readonly #authorization: string;

  private constructor(origin: string, authorization: string) {
    this.#origin = origin;
    this.#authorization = authorization;
  }

  static async of({ origin }: Pick<BerthProcess, 'origin'>): Promise<RegistryClient> {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials, maxAttempts: 1 });
    const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
    return new RegistryClient(origin, `Basic ${token?.authorizationToken}`);
  }

  /** Pushes a layer as docker does, in one PATCH of no announced length, and answers its path. */
  async push(repository: string, name: string, size: number): Promise<string> {
    const begun = await this.#answered(202, this.#open('POST', `/v2/${repository}/blobs/uploads/`).end());
    begun.resume();
    const location = begun.headers.location ?? '';
    const patch = this.#open('PATCH', location);
    const answer = this.#answered(202, patch);
    const hash = createHash('sha256');
    await pipeline(Readable.from(piecesOf(name, size, hash.update.bind(hash)), { objectMode: false }), patch);
    (await answer).resume();
    const digest = `sha256:${hash.digest('hex')}`;
    (await this.#answered(201, this.#open('PUT', `${location}?digest=${digest}`).end())).resume();
    return `/v2/${repository}/blobs/${digest}`;
  }

  /** Reads a layer and answers how many bytes it had. */
  async pull(path: string): Promise<number> {
    let bytes = 0;
    for await (const chunk of await this.#answered(200, this.#open('GET', path).end())) bytes += chunk.length;
    return bytes;
  }

  /** Asks for a layer over a connection that nobody reads; it is read from by whoever gets it. */
  async ask(path: string): Promise<Socket> {
    const { hostname, port } = new URL(this.#origin);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    socket.on('error', () => undefined).pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: ${this.#authorization}\r\n\r\n`);
    return socket;
  }

  #open(method: string, path: string): ClientRequest {
    const headers = { authorization: this.#authorization };
    return request(new URL(path, this.#origin), { method, headers, agent: false });
  }

  async #answered(status: number, outgoing: ClientRequest): Promise<IncomingMessage> {
    const [answer]: IncomingMessage[] = await once(outgoing, 'response');
    if (answer?.statusCode === status) return answer;
    throw new Error(`${outgoing.method} ${outgoing.path} answered ${answer?.statusCode}, not ${status}`);
  }
}

function* piecesOf(name: string, size: number, onPiece: (piece: Buffer) => void): Generator<Buffer> {
  for (let at = 0; at < size; at += PIECE) {
    const piece = Buffer.alloc(Math.min(PIECE, size - at));
    piece.write(`${name} at ${at}`);
    onPiece(piece);
    yield piece;
  }
}
