import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';
import { errorName, isNoSuchKey, isNotImplemented, statusOf } from './s3-error.ts';

/** A few words in the bucket that say which database the bytes beside them belong to. Written once, by whoever comes first. */
export class StoreIdentity {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async read(): Promise<string | undefined> {
    try {
      const { Body } = await this.#bucket.client.send(new GetObjectCommand(this.#place));
      return (await Body?.transformToString())?.trim() || undefined;
    } catch (error) {
      if (isNoSuchKey(error)) return undefined;
      throw error;
    }
  }

  /**
   * Writes the words unless there are some, and answers those that are there then. Of two who come at once both are answered
   * the same; in a store that knows no conditions that holds only if they do not come within the same moment.
   */
  async putIfAbsent(text: string): Promise<string> {
    const there = await this.read();
    if (there !== undefined) return there;
    const object = { ...this.#place, Body: `${text}\n`, ContentType: 'text/plain' };
    try {
      await this.#bucket.client.send(new PutObjectCommand({ ...object, IfNoneMatch: '*' }));
    } catch (error) {
      if (isNotImplemented(error)) await this.#bucket.client.send(new PutObjectCommand(object));
      else if (!isTaken(error)) throw error;
    }
    const written = await this.read();
    if (written === undefined) throw new Error(`The store does not have ${this.#place.Key}, which was just written`);
    return written;
  }

  get #place() {
    return { Bucket: this.#bucket.name, Key: this.#bucket.layout.storeId };
  }
}

/** Somebody else was first, or is writing at this moment. */
function isTaken(error: unknown): boolean {
  return errorName(error) === 'PreconditionFailed' || [409, 412].includes(statusOf(error) ?? 0);
}
