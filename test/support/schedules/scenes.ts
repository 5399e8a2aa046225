import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';
import { Fault } from '../../../src/model/fault.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { describeImages } from '../../../src/registry/image/describe-images.ts';
import { getImage } from '../../../src/registry/image/find-images.ts';
import { PullRecorder } from '../../../src/registry/image/pull-recorder.ts';
import { findBlob } from '../../../src/registry/layer/find-blobs.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../collect.ts';
import { type BuiltManifest, buildImage, makeRepository, pushImage } from '../images.ts';
import { HOUR, MINUTE, type Stores } from '../stores.ts';
import type { Party } from './turns.ts';

/** Nothing but the rules themselves protects what is let go of. */
export const NO_GRACE = { retention: { grace: 0, lease: HOUR } };
export const GRACE = { retention: { grace: 10 * MINUTE, lease: HOUR } };

/** Images with as little to them as there can be: one blob, their config. */
export const plainImage = (name: string, extras: Parameters<typeof buildImage>[1] = {}) =>
  buildImage(name, { layers: [], ...extras });

/** A repository with these images, under tags of the same names, whose leases are over. */
export async function repositoryWith(
  stores: Stores,
  images: Readonly<Record<string, BuiltManifest>>,
  name = 'app',
): Promise<RepositoryPath> {
  const path = await makeRepository(stores.ports, name);
  for (const [tag, image] of Object.entries(images)) await pushImage(stores.ports, path, image, tag);
  await outlive(stores);
  return path;
}

/** Turns the clock beyond every lease, and collects. */
export async function outlive(stores: Stores): Promise<void> {
  stores.clock.advance(2 * HOUR);
  await collect(stores.ports);
}

/** Deletes the image and collects at once: grace or not, whatever may be erased is. */
export const deletesAndCollects =
  (path: RepositoryPath, image: BuiltManifest): Party =>
  async (ports) => {
    const answer = await deleteImages(ports, path, [{ imageDigest: image.digest }]);
    await collect(ports);
    return codesOf(answer);
  };

/** What a deletion answered, in short: `deleted`, or codes. */
export function codesOf({ deleted, failures }: Awaited<ReturnType<typeof deleteImages>>): string[] {
  return [...deleted.map(({ imageTag }) => `deleted ${imageTag ?? 'it'}`), ...failures.map(({ code }) => code)];
}

/** The code of a refusal; anything else that was thrown is an error of the test's. */
export function codeOf(outcome: unknown): string {
  if (outcome instanceof Fault) return outcome.code;
  if (outcome instanceof Error) throw outcome;
  return 'done';
}

/** The live images of the repository with their tags. */
export async function imagesIn({ ports }: Stores, path: RepositoryPath): Promise<Record<string, readonly string[]>> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 99 });
  return Object.fromEntries(items.map((image) => [image.digest, image.tags.toSorted()]));
}

/** Asserts that a client can pull all of the image, as it was pushed. */
export async function expectWhole(stores: Stores, path: RepositoryPath, image: BuiltManifest): Promise<void> {
  const { ports } = stores;
  const pulls = new PullRecorder();
  const reference = { kind: 'digest', digest: image.digest } as const;
  const found = await getImage({ ...ports, pulls }, path, reference, { counts: false });
  expect(Buffer.from(found.bytes).equals(image.bytes)).toBe(true);
  for (const blob of image.blobs) {
    const seen = await findBlob(ports, path, blob.digest);
    const bytes = seen && (await buffer(await ports.blobs.open(seen.storageKey)));
    expect(bytes?.equals(blob.bytes), blob.digest).toBe(true);
  }
  for (const child of image.children) await expectWhole(stores, path, child);
}
