import { describe, expect, test } from 'vitest';
import { REFERRER_BATCH } from '../../src/registry/collection/expire-referrers.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../src/registry/deletion/restore.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { getRepository, type RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { insertImage } from '../contract/metadata/fixture.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { type BuiltManifest, buildImage, buildIndex, makeRepository, pushImage } from '../support/images.ts';
import { checkCounters } from '../support/recount-usage.ts';
import { HOUR, openStores, type Stores, type StoresOptions, TEST_RETENTION } from '../support/stores.ts';

const { referrers: expiry } = TEST_RETENTION;

/** A repository with an image, its signature, the signature's own signature, and a stranger. */
async function withSignature(options: StoresOptions = {}) {
  const stores = await openStores(options);
  const path = await makeRepository(stores.ports, 'app');
  const subject = buildImage('subject');
  const signature = buildImage('signature', { subject });
  const countersignature = buildImage('countersignature', { subject: signature });
  const stranger = buildImage('stranger');
  await pushImage(stores.ports, path, subject, 'v1');
  await pushImage(stores.ports, path, signature, 'sha256-subject.sig');
  await pushImage(stores.ports, path, countersignature);
  await pushImage(stores.ports, path, stranger);
  return { stores, path, subject, signature, countersignature, stranger };
}

const remove = ({ ports }: Stores, path: RepositoryPath, image: BuiltManifest) =>
  deleteImages(ports, path, [{ imageDigest: image.digest }]);

async function later(stores: Stores, milliseconds: number): Promise<void> {
  stores.clock.advance(milliseconds);
  await collect(stores.ports);
  await checkCounters(stores);
}

async function imagesIn({ ports }: Stores, path: RepositoryPath): Promise<string[]> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 1000 });
  return items.map((image) => image.digest).sort();
}

const digestsOf = (...images: readonly BuiltManifest[]) => images.map((image) => image.digest).sort();

describe('A referrer whose subject is deleted', () => {
  test('goes with its tags when the time is over, and not before; what refers to it goes as much later', async () => {
    const { stores, path, subject, signature, countersignature, stranger } = await withSignature();
    await using _ = stores;
    await remove(stores, path, subject);
    await later(stores, expiry - 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(signature, countersignature, stranger));
    await later(stores, 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(countersignature, stranger));
    await later(stores, expiry - 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(countersignature, stranger));
    await later(stores, 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(stranger));
    await later(stores, HOUR);
    const bytes = stranger.blobs.reduce((sum, blob) => sum + blob.bytes.byteLength, 0);
    expect(await stores.bytesStored()).toBe(bytes);
    await checkStores(stores);
  });

  test('goes at once when no time is given, and so does what refers to it', async () => {
    const { stores, path, subject, stranger } = await withSignature({ retention: { referrers: 0 } });
    await using _ = stores;
    await remove(stores, path, subject);
    await later(stores, 0);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(stranger));
  });

  test('stays when the subject is back, and has the whole time again when that is deleted once more', async () => {
    const { stores, path, subject, signature, countersignature, stranger } = await withSignature();
    await using _ = stores;
    await remove(stores, path, subject);
    await later(stores, expiry - HOUR);
    await pushImage(stores.ports, path, subject);
    await later(stores, 7 * 24 * HOUR);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(subject, signature, countersignature, stranger));
    await remove(stores, path, subject);
    await later(stores, HOUR);
    await pushImage(stores.ports, path, subject);
    await remove(stores, path, subject);
    await later(stores, expiry - 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(signature, countersignature, stranger));
    await later(stores, 1);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(countersignature, stranger));
  });

  test('stays when an index lists it', async () => {
    const { stores, path, subject, signature, countersignature, stranger } = await withSignature();
    await using _ = stores;
    const index = buildIndex([signature]);
    await pushImage(stores.ports, path, index);
    await remove(stores, path, subject);
    await later(stores, 2 * expiry);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(index, signature, countersignature, stranger));
  });

  test('stays in another repository, where the subject is not deleted', async () => {
    const { stores, path, subject, signature, stranger } = await withSignature();
    await using _ = stores;
    const other = await makeRepository(stores.ports, 'other');
    for (const image of [subject, signature]) await pushImage(stores.ports, other, image);
    await remove(stores, path, subject);
    await later(stores, expiry);
    await later(stores, expiry);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(stranger));
    expect(await imagesIn(stores, other)).toEqual(digestsOf(subject, signature));
  });

  test('can be brought back like any other image while the undo window is open', async () => {
    const { stores, path, subject, signature, countersignature, stranger } = await withSignature({
      retention: { undo: 2 * HOUR },
    });
    await using _ = stores;
    await remove(stores, path, subject);
    await later(stores, expiry);
    stores.clock.advance(2 * HOUR - 1);
    const { restored } = await restoreImages(stores.ports, path, [{ imageDigest: signature.digest }]);
    expect(restored).toEqual([{ imageDigest: signature.digest, imageTag: 'sha256-subject.sig' }]);
    await later(stores, 7 * 24 * HOUR);
    expect(await imagesIn(stores, path)).toEqual(digestsOf(signature, countersignature, stranger));
  });

  test('leaves no note behind when the repository is deleted, too', async () => {
    const { stores, path, subject } = await withSignature();
    await using _ = stores;
    await remove(stores, path, subject);
    await deleteRepository(stores.ports, path, { force: true });
    await later(stores, expiry);
    await later(stores, expiry);
    expect(await stores.ports.metadata.write((tx) => tx.orphans.takeDue(Number.MAX_SAFE_INTEGER, 9))).toEqual([]);
    expect(await stores.bytesStored()).toBe(0);
    await checkStores(stores);
  });
});

test('However many referrers a subject has, one round takes all but those that indexes list', async () => {
  await using stores = await openStores();
  const path = await makeRepository(stores.ports, 'app');
  const subject = buildImage('subject');
  await pushImage(stores.ports, path, subject);
  // In order of digest the first and the last of them are listed, more than one batch each.
  const listed = Array.from({ length: 2 * REFERRER_BATCH + 1 }, (_, at) => `sha256:${at % 2 === 0 ? 'a' : 'c'}${at}`);
  const free = Array.from({ length: 2 * REFERRER_BATCH + 1 }, (_, at) => `sha256:b${at}`);
  await stores.ports.metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const childIds: number[] = [];
    for (const digest of [...listed, ...free]) {
      const { id } = await insertImage(tx, repository, digest, { subjectDigest: subject.digest });
      if (listed.includes(digest)) childIds.push(id);
    }
    await insertImage(tx, repository, 'sha256:index', { childIds });
  });
  await remove(stores, path, subject);
  await later(stores, expiry);
  expect(await imagesIn(stores, path)).toEqual([...listed, 'sha256:index'].sort());
});
