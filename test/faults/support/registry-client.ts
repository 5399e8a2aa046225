import { randomBytes } from 'node:crypto';
import { ECR } from '@aws-sdk/client-ecr';
import { expect } from 'vitest';
import { digestOf } from '../../../src/model/digest.ts';
import type { BerthProcess } from '../../support/berth-process.ts';
import { type BuiltManifest, blobOf, buildImage } from '../../support/images.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What one client of a server in a process of its own does, over both protocols, without trying anything again. */
export class RegistryClient {
  readonly ecr: ECR;
  readonly #origin: string;
  readonly #repository: string;
  #authorization = '';

  constructor({ origin }: BerthProcess, repository: string) {
    this.#origin = origin;
    this.#repository = repository;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    this.ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials, maxAttempts: 1 });
  }

  async logIn(): Promise<this> {
    const { authorizationData: [token] = [] } = await this.ecr.getAuthorizationToken({});
    this.#authorization = `Basic ${token?.authorizationToken}`;
    return this;
  }

  /** Pushes blobs and manifest until something is refused, and answers the last answer; 201 when all was acknowledged. */
  async push({ blobs, bytes, mediaType, digest }: BuiltManifest): Promise<Answer> {
    for (const blob of blobs) {
      const answer = await this.#send('POST', `blobs/uploads/?digest=${blob.digest}`, { body: blob.bytes });
      if (answer.status !== 201) return answer;
    }
    return this.#send('PUT', `manifests/${digest}`, { body: bytes, headers: { 'content-type': mediaType } });
  }

  /** Reads the image as a client would, and expects every byte of it. */
  async expectWhole(image: Pick<BuiltManifest, 'digest' | 'mediaType'> & { readonly blobs: readonly string[] }) {
    const headers = { accept: image.mediaType };
    expect(await this.#digestAt(`manifests/${image.digest}`, headers), image.digest).toBe(image.digest);
    for (const digest of image.blobs) expect(await this.#digestAt(`blobs/${digest}`), digest).toBe(digest);
  }

  /** Deletes a hundred at a time, and expects that every one of them goes. */
  async delete(digests: readonly string[]): Promise<void> {
    for (let at = 0; at < digests.length; at += 100) {
      const imageIds = digests.slice(at, at + 100).map((imageDigest) => ({ imageDigest }));
      const answer = await this.ecr.batchDeleteImage({ repositoryName: this.#repository, imageIds });
      expect(answer.failures).toEqual([]);
      expect(answer.imageIds).toHaveLength(imageIds.length);
    }
  }

  async readiness(): Promise<number> {
    return (await fetch(`${this.#origin}/readyz`)).status;
  }

  async #send(method: string, path: string, init: RequestInit): Promise<Answer> {
    const headers = { ...init.headers, authorization: this.#authorization };
    const answer = await fetch(`${this.#origin}/v2/${this.#repository}/${path}`, { ...init, method, headers });
    return { status: answer.status, text: await answer.text() };
  }

  async #digestAt(path: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await fetch(`${this.#origin}/v2/${this.#repository}/${path}`, {
      headers: { ...headers, authorization: this.#authorization },
    });
    return digestOf(Buffer.from(await answer.arrayBuffer()));
  }
}

/** An image like no other, with one layer of this many bytes that nothing can make smaller. */
export function randomImage(bytes: number, annotations: Readonly<Record<string, string>> = {}): BuiltManifest {
  const layer = blobOf(randomBytes(bytes));
  return buildImage(layer.digest, { layers: [layer], annotations });
}

/** What is left of an image to hold a server to, without its bytes. */
export function namesOf({ digest, mediaType, blobs }: BuiltManifest) {
  return { digest, mediaType, blobs: blobs.map((blob) => blob.digest) };
}
