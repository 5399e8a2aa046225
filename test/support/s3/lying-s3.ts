import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HonestS3 } from './honest-s3.ts';
import { refusal, type S3Answer } from './s3-answer.ts';
import { type Operation, readCall, type S3Call } from './s3-call.ts';
import { CREDENTIALS, type TestS3 } from './test-s3.ts';

/** What may go wrong with one request. What is not named here goes as it should. */
export type Lie =
  /** Refused, not done. */
  | 'slow down'
  | 'internal error'
  | 'denied'
  | 'no bucket'
  | 'not implemented'
  /** Not done, and said in the body of a success, with or without a line's end after it. */
  | 'error in a success'
  | 'error in a success and a line end'
  /** The connection breaks off before it is done, or after. */
  | 'never arrived'
  | 'answer lost'
  /** Of what is read: half of it and then nothing; half of it as if that were all; other bytes. */
  | 'cut short'
  | 'half as all'
  | 'other bytes'
  /** Nothing happens, and nothing is answered, until it is released. */
  | 'held'
  /** Answered as done, but done only when it is released; or done, and done once more then. */
  | 'done later'
  | 'done again later';

export interface Planted {
  /** Fulfils when the lie is being told for the first time. */
  readonly told: Promise<void>;
  /** Lets what was held or put off happen; fulfils when it has. */
  release(): Promise<void>;
}

interface Plan {
  readonly on: Operation;
  readonly lie: Lie;
  readonly key: string | undefined;
  left: number;
  readonly told: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
  readonly after: Promise<unknown>[];
}

/** A small S3 that lies when it is told to, and is honest otherwise. */
export class LyingS3 implements TestS3 {
  readonly kind = 'the S3 of the tests';
  readonly credentials = CREDENTIALS;
  readonly honest = new HonestS3();
  /** Requests so far, by operation. */
  readonly counts = new Map<Operation, number>();
  readonly #plans: Plan[] = [];
  readonly #server: Server;
  #buckets = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      readCall(request)
        .then((call) => this.#serve(call, response))
        .catch(() => response.destroy());
    });
  }

  static async start(): Promise<LyingS3> {
    const s3 = new LyingS3();
    await new Promise<void>((resolve) => s3.#server.listen(0, '127.0.0.1', resolve));
    return s3;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async freshBucket(): Promise<string> {
    const name = `bucket-${++this.#buckets}`;
    this.honest.buckets.set(name, new Map());
    return name;
  }

  /** The next requests of this kind, of any object or of the one whose name ends so, are lied to, so many times. */
  plant(on: Operation, lie: Lie, { times = 1, key }: { times?: number; key?: string } = {}): Planted {
    const plan: Plan = {
      ...{ on, lie, key, left: times, after: [] },
      ...{ told: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() },
    };
    this.#plans.push(plan);
    return {
      told: plan.told.promise,
      release: async () => {
        plan.released.resolve();
        await Promise.all(plan.after);
      },
    };
  }

  count(operation: Operation): number {
    return this.counts.get(operation) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const plan of this.#plans) plan.released.resolve();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(call: S3Call, response: ServerResponse): Promise<void> {
    this.counts.set(call.operation, this.count(call.operation) + 1);
    const plan = this.#plans.find(
      ({ on, key, left }) => on === call.operation && left > 0 && (key === undefined || call.key.endsWith(key)),
    );
    if (!plan) return send(response, this.honest.answer(call));
    plan.left -= 1;
    plan.told.resolve();
    const done = this.#lie(plan, call, response);
    plan.after.push(done);
    await done;
  }

  async #lie({ lie, released }: Plan, call: S3Call, response: ServerResponse): Promise<void> {
    const refused = REFUSALS[lie];
    if (refused) return send(response, refused);
    const act = () => this.honest.answer(call);
    switch (lie) {
      case 'never arrived':
        response.destroy();
        return;
      case 'answer lost':
        act();
        response.destroy();
        return;
      case 'held':
        await released.promise;
        return send(response, act());
      case 'done later':
        send(response, { status: 204 });
        await released.promise;
        act();
        return;
      case 'done again later':
        send(response, act());
        await released.promise;
        act();
        return;
      default:
        return spoil(lie, act(), response);
    }
  }
}

const REFUSALS: { readonly [Name in Lie]?: S3Answer } = {
  'slow down': refusal(503, 'SlowDown'),
  'internal error': refusal(500, 'InternalError'),
  denied: refusal(403, 'AccessDenied'),
  'no bucket': refusal(404, 'NoSuchBucket'),
  'not implemented': refusal(501, 'NotImplemented'),
  'error in a success': { ...refusal(500, 'InternalError'), status: 200 },
  'error in a success and a line end': {
    status: 200,
    body: Buffer.concat([refusal(500, 'InternalError').body ?? Buffer.of(), Buffer.from('\n')]),
  },
};

function send(response: ServerResponse, { status, headers = {}, body }: S3Answer): void {
  const length =
    status === 204 || headers['Content-Length'] !== undefined ? {} : { 'Content-Length': body?.byteLength ?? 0 };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

function spoil(lie: Lie, answer: S3Answer, response: ServerResponse): void {
  const body = answer.body ?? Buffer.of();
  const half = body.subarray(0, Math.floor(body.byteLength / 2));
  if (lie === 'half as all') {
    send(response, { ...answer, body: half });
    return;
  }
  if (lie === 'other bytes') {
    const other = Buffer.from(body);
    other.writeUInt8(body.readUInt8(0) ^ 1, 0);
    send(response, { ...answer, body: other });
    return;
  }
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': body.byteLength });
  response.write(half, () => response.destroy());
}
