import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { ECR } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { SEGMENT_BYTES } from '../../src/registry/layer/append-upload.ts';
import { type BerthProcess, startBerth } from '../support/berth-process.ts';
import { bytesIn, tempFolder } from '../support/temp-folder.ts';

const PIECE = randomBytes(1024 * 1024);
const LAYER = Buffer.concat(Array.from({ length: SEGMENT_BYTES / PIECE.byteLength + 8 }, () => PIECE));
const DIGEST = `sha256:${createHash('sha256').update(LAYER).digest('hex')}`;

/** A client of the registry that knows how far an upload has come. */
class Client {
  readonly #origin: string;
  readonly #authorization: string;

  constructor(origin: string, authorization: string) {
    this.#origin = origin;
    this.#authorization = authorization;
  }

  static async of({ origin }: BerthProcess): Promise<Client> {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials, maxAttempts: 1 });
    const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
    return new Client(origin, `Basic ${token?.authorizationToken}`);
  }

  open(method: string, path: string, length?: number): ClientRequest {
    const headers = {
      authorization: this.#authorization,
      ...(length !== undefined && { 'content-length': length }),
    };
    const outgoing = request(new URL(path, this.#origin), { method, headers, agent: false });
    // What is cut off is meant to be.
    outgoing.on('error', () => undefined);
    return outgoing;
  }

  async send(status: number, method: string, path: string, body: Uint8Array = Buffer.of()): Promise<IncomingMessage> {
    const outgoing = this.open(method, path, body.byteLength);
    outgoing.end(body);
    const [answer]: IncomingMessage[] = await once(outgoing, 'response');
    if (answer?.statusCode !== status) throw new Error(`${method} ${path} answered ${answer?.statusCode}`);
    return answer;
  }

  async begin(repository: string): Promise<string> {
    const answer = await this.send(202, 'POST', `/v2/${repository}/blobs/uploads/`);
    answer.resume();
    return answer.headers.location ?? '';
  }

  /** How many bytes of the upload the registry has. */
  async received(location: string): Promise<number> {
    const answer = await this.send(204, 'GET', location);
    answer.resume();
    const last = Number(/^0-(\d+)$/.exec(String(answer.headers['range']))?.[1]);
    return last === 0 ? 0 : last + 1;
  }

  /** Sends what is missing, completes the upload and answers whether the layer can be read back whole. */
  async finish(location: string, from: number): Promise<boolean> {
    const outgoing = this.open('PATCH', location, LAYER.byteLength - from);
    outgoing.setHeader('content-range', `${from}-${LAYER.byteLength - 1}`);
    outgoing.end(LAYER.subarray(from));
    const [answer]: IncomingMessage[] = await once(outgoing, 'response');
    expect(answer?.statusCode).toBe(202);
    answer?.resume();
    (await this.send(201, 'PUT', `${location}?digest=${DIGEST}`)).resume();
    const [repository] = location.split('/blobs/');
    const layer = await buffer(await this.send(200, 'GET', `${repository}/blobs/${DIGEST}`));
    return layer.equals(LAYER);
  }
}

describe('an upload that is under way when the server ends', () => {
  it('goes on from what was noted of it when the server was killed', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    const killed = await startBerth(['--data-dir', dataDir]);
    const before = await Client.of(killed);
    const location = await before.begin('app');
    before.open('PATCH', location, LAYER.byteLength).write(LAYER.subarray(0, SEGMENT_BYTES + 3 * PIECE.byteLength));
    await expect.poll(() => before.received(location), { timeout: 30_000 }).toBeGreaterThanOrEqual(SEGMENT_BYTES);
    await killed.kill('SIGKILL');

    await using berth = await startBerth(['--data-dir', dataDir]);
    const after = await Client.of(berth);
    const received = await after.received(location);
    expect(received).toBeGreaterThanOrEqual(SEGMENT_BYTES);
    expect(await after.finish(location, received)).toBe(true);
  });

  it('goes on from its last byte when the server was told to stop and its grace was over', async () => {
    await using folder = await tempFolder();
    const dataDir = join(folder.path, 'data');
    const stopped = await startBerth(['--data-dir', dataDir, '--shutdown-grace', '100ms']);
    const before = await Client.of(stopped);
    const location = await before.begin('app');
    before.open('PATCH', location, LAYER.byteLength).write(LAYER.subarray(0, 12_345));
    await expect.poll(() => bytesIn(join(dataDir, 'uploads'))).toBe(12_345);
    expect(await stopped.kill('SIGTERM')).toBe(0);

    await using berth = await startBerth(['--data-dir', dataDir]);
    const after = await Client.of(berth);
    expect(await after.received(location)).toBe(12_345);
    expect(await after.finish(location, 12_345)).toBe(true);
  });
});
