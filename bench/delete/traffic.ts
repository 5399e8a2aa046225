import { MANIFEST_TYPE } from '../images.ts';
import type { Requests } from '../requests.ts';
import { ImageFamily, type LayeredBlob, type LayeredImage } from './image.ts';
import { type Timings, timingsOf } from './timings.ts';

/** One push or pull, from when to when, and what went wrong. */
interface Transfer {
  readonly begun: number;
  readonly ended: number;
  readonly error: string | undefined;
}

export interface TrafficReport {
  readonly pushes: Timings;
  /** The requests that pushes are made of: there are dozens in each, so their p99 says something sooner. */
  readonly pushRequests: Timings;
  readonly pulls: Timings;
  readonly failedPushes: number;
  readonly failedPulls: number;
  readonly firstError: string | undefined;
}

const PUSHERS = 2;
const PULLERS = 2;

/**
 * Clients that push and clients that pull, each one whole image after the other over the distribution protocol as docker
 * does, until stopped.
 */
export class Traffic {
  readonly #requests: Requests;
  readonly #repository: string;
  readonly #pushes: Transfer[] = [];
  readonly #pulls: Transfer[] = [];
  readonly #pushRequests: Transfer[] = [];
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();
  #next = 0;
  #pushedBytes = 0;
  #pushedManifestBytes = 0;
  readonly #family: ImageFamily;
  readonly #sample: readonly LayeredImage[];

  constructor(requests: Requests, repository: string, shared: readonly LayeredBlob[], sample: readonly LayeredImage[]) {
    this.#requests = requests;
    this.#repository = repository;
    this.#sample = sample;
    this.#family = new ImageFamily(`pushed at ${Date.now()} and ${performance.now()}`, shared);
  }

  start(): void {
    this.#stopped = false;
    const pusher = () => this.#repeat(this.#pushes, () => this.#push(this.#family.image(this.#next++)));
    const puller = () => this.#repeat(this.#pulls, (turn) => this.#pull(turn));
    this.#running = Promise.all([
      ...Array.from({ length: PUSHERS }, pusher),
      ...Array.from({ length: PULLERS }, puller),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  /** What began and ended between the two. */
  within(from: number, to: number): TrafficReport {
    return this.#report(({ begun, ended }) => begun >= from && ended <= to);
  }

  /** What was going on at some time between the two. */
  overlapping(from: number, to: number): TrafficReport {
    return this.#report(({ begun, ended }) => ended > from && begun < to);
  }

  #report(during: (transfer: Transfer) => boolean): TrafficReport {
    const pushes = this.#pushes.filter(during);
    const pulls = this.#pulls.filter(during);
    return {
      pushes: durationsOf(pushes),
      pushRequests: durationsOf(this.#pushRequests.filter(during)),
      pulls: durationsOf(pulls),
      failedPushes: pushes.filter(failed).length,
      failedPulls: pulls.filter(failed).length,
      firstError: [...pushes, ...pulls].find(failed)?.error,
    };
  }

  /** Bytes of config and layers that pushes brought, those of failed ones not counted. */
  get pushedBytes(): number {
    return this.#pushedBytes;
  }

  get pushedManifestBytes(): number {
    return this.#pushedManifestBytes;
  }

  async #repeat(transfers: Transfer[], work: (turn: number) => Promise<void>): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const begun = performance.now();
      const error = await work(turn).then(
        () => undefined,
        (cause: Error) => cause.message,
      );
      transfers.push({ begun, ended: performance.now(), error });
    }
  }

  /** Asks for each blob first, sends those that are missing, then the manifest by its tag. */
  async #push(image: LayeredImage): Promise<void> {
    const path = `/v2/${this.#repository}`;
    const expect: Requests['expect'] = async (...request) => {
      const begun = performance.now();
      const answer = await this.#requests.expect(...request);
      this.#pushRequests.push({ begun, ended: performance.now(), error: undefined });
      return answer;
    };
    const type = { 'content-type': 'application/octet-stream' };
    for (const { digest } of this.#family.shared) await expect(200, 'HEAD', `${path}/blobs/${digest}`);
    for (const { digest, bytes } of image.own) {
      await expect(404, 'HEAD', `${path}/blobs/${digest}`);
      const begun = await expect(202, 'POST', `${path}/blobs/uploads/`);
      const sent = await expect(202, 'PATCH', String(begun.headers['location']), type, bytes);
      const location = String(sent.headers['location']);
      const query = `${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
      await expect(201, 'PUT', location + query);
    }
    const manifest = { 'content-type': MANIFEST_TYPE };
    await expect(201, 'PUT', `${path}/manifests/${image.tag}`, manifest, image.manifest);
    this.#pushedBytes += bytesOf(image);
    this.#pushedManifestBytes += image.manifest.length;
  }

  async #pull(turn: number): Promise<void> {
    const image = this.#sample[turn % this.#sample.length];
    if (!image) throw new Error('Nothing to pull');
    const path = `/v2/${this.#repository}`;
    const accept = { accept: MANIFEST_TYPE };
    const { body } = await this.#requests.expect(200, 'GET', `${path}/manifests/${image.tag}`, accept);
    if (!body.equals(image.manifest)) throw new Error(`${image.tag} came back with other bytes`);
    for (const { digest, bytes } of [...this.#family.shared, ...image.own]) {
      const blob = await this.#requests.expect(200, 'GET', `${path}/blobs/${digest}`);
      if (!blob.body.equals(bytes)) throw new Error(`${digest} came back with other bytes`);
    }
  }
}

export function bytesOf({ own }: LayeredImage): number {
  return own.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function failed({ error }: Transfer): boolean {
  return error !== undefined;
}

function durationsOf(transfers: readonly Transfer[]): Timings {
  return timingsOf(transfers.filter((transfer) => !failed(transfer)).map(({ begun, ended }) => ended - begun));
}
