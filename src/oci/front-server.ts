import type { IncomingHttpHeaders } from 'node:http';
import type { RepositoryBlob } from '../metadata/blobs.ts';
import type { StorageKey } from '../model/ids.ts';
import { staysFor } from '../registry/layer/link-blob.ts';
import type { Ports } from '../registry/ports.ts';
import { hasConditions } from './caching.ts';

/** In bytes. What is smaller than one read of its file is sent sooner than handed over. */
const LEAST = 256 * 1024;
/** In milliseconds: how long bytes must be sure to stay for the front server to open them. */
const LONGEST_WAY = 10_000;
/**
 * A server in front of this one that can read the store's files. Berth decides who gets which blob, and the front server sends
 * it: an answer with `X-Accel-Redirect` names an internal location of nginx, and the file below it.
 */
export class FrontServer {
  readonly #location: string;
  readonly #fileOf: (key: StorageKey) => string;
  readonly #ports: Pick<Ports, 'clock' | 'retention'>;

  /** `location` begins and ends with a slash; `fileOf` is the path of a finished blob below it. */
  constructor(location: string, fileOf: (key: StorageKey) => string, ports: Pick<Ports, 'clock' | 'retention'>) {
    this.#location = location;
    this.#fileOf = fileOf;
    this.#ports = ports;
  }

  /** Where the front server finds the bytes, or `undefined` when they have to come from here. */
  placeOf(blob: RepositoryBlob, headers: IncomingHttpHeaders): string | undefined {
    if (blob.size < LEAST || staysFor(this.#ports, blob) < LONGEST_WAY) return undefined;
    if (hasConditions(headers)) return undefined;
    return `${this.#location}${this.#fileOf(blob.storageKey)}`;
  }
}
