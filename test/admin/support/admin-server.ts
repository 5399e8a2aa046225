import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll } from 'vitest';
import { signRequest } from '../../../src/aws/sigv4/sign-request.ts';
import { start } from '../../../src/main.ts';
import { EcrServer, REGION, settingsOf } from '../../ecr/support/ecr-server.ts';
import { findServerPlace } from '../../support/stored/server-place.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { TestClock } from '../../support/test-clock.ts';

export const PREFIX = '/_berth/v1/';
export const UNDO_WINDOW = 600_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The documents, one a line. */
  readonly lines: readonly Record<string, unknown>[];
  /** The first of them. */
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
  readonly service?: string;
  /** Changes the headers after they were signed. */
  readonly tamper?: (signed: Record<string, string>) => Record<string, string>;
  /** Sends this body instead of the one that was signed. */
  readonly swapped?: string;
}

/** The real server with an undo window, on a port and in a folder of its own, under a clock that the test turns. */
export class AdminServer implements AsyncDisposable {
  /** The API of ECR on the same server. */
  readonly ecr: EcrServer;
  readonly folder: string;

  constructor(ecr: EcrServer, folder: string) {
    this.ecr = ecr;
    this.folder = folder;
  }

  get clock(): TestClock {
    return this.ecr.clock;
  }

  get endpoint(): string {
    return `http://${this.ecr.host}`;
  }

  get(path: string, sent: Sent = {}): Promise<Answer> {
    return this.send('GET', path, '', sent);
  }

  post(path: string, input: object | string, sent: Sent = {}): Promise<Answer> {
    return this.send('POST', path, typeof input === 'string' ? input : JSON.stringify(input), sent);
  }

  async send(method: string, path: string, body: string | Uint8Array, sent: Sent = {}): Promise<Answer> {
    const { tamper = (signed: Record<string, string>) => signed, swapped, ...keys } = sent;
    const target = path.startsWith('/') ? path : `${PREFIX}${path}`;
    const bytes = Buffer.from(body);
    // A target that cannot be read cannot be signed either, and must be refused all the same.
    const signable = /%(?![0-9A-Fa-f]{2})/.test(target) ? PREFIX : target;
    const signed = signRequest(
      { method, target: signable, headers: { host: this.ecr.host }, body: bytes },
      {
        accessKeyId: 'test',
        secretAccessKey: 'test',
        region: REGION,
        service: 'ecr',
        at: this.clock.now(),
        ...keys,
      },
    );
    const sending = swapped === undefined ? bytes : Buffer.from(swapped);
    const headers = { ...tamper(signed), 'content-length': sending.byteLength };
    const [host = '', port = ''] = this.ecr.host.split(':');
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host, port, method, path: target, headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => resolve(answerOf(answer.statusCode ?? 0, answer.headers, Buffer.concat(chunks))));
      });
      request.on('error', reject);
      request.end(sending);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.ecr[Symbol.asyncDispose]();
  }
}

function answerOf(status: number, headers: IncomingHttpHeaders, bytes: Buffer): Answer {
  const text = bytes.toString('utf8');
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status, headers, text, lines, json: lines[0] ?? {} };
}

export async function startAdminServer(): Promise<AdminServer> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await tempFolder()).path;
  const clock = new TestClock(Date.UTC(2026, 10, 23, 12, 0, 0, 663));
  const place = opening.use(await findServerPlace(folder));
  const settings = { ...settingsOf(folder), ...place.settings, undoWindow: UNDO_WINDOW };
  const running = await start(settings, clock);
  opening.defer(() => running.close());
  return new AdminServer(new EcrServer(running.address.port, place, clock, opening.move()), folder);
}

/** One server for all tests of the file that calls this; it ends with them. */
export async function serveThisFile(): Promise<AdminServer> {
  const server = await startAdminServer();
  afterAll(() => server[Symbol.asyncDispose]());
  return server;
}

/** The bytes of an image's blobs: what it uses by itself. */
export function blobBytes({ blobs }: { readonly blobs: readonly { readonly bytes: Uint8Array }[] }): number {
  return blobs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
