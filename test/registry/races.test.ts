import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Upload } from '../../src/metadata/uploads.ts';
import { Fault } from '../../src/model/fault.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { describeImages } from '../../src/registry/image/describe-images.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../src/registry/layer/complete-upload.ts';
import { findBlob, promiseBlobs } from '../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload, type UploadPath } from '../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { checkStores } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  type BuiltManifest,
  blobOf,
  buildImage,
  buildIndex,
  chunksOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
} from '../support/images.ts';
import { forAnyOrder, type Party } from '../support/interleave.ts';
import { HOUR, type Stores } from '../support/stores.ts';

/** No grace: whatever is let go of may be erased at once, so that only the rules themselves protect anything. */
const NO_GRACE = { retention: { grace: 0, lease: HOUR } };

const remove = (path: RepositoryPath, image: BuiltManifest) => [path, [{ imageDigest: image.digest }]] as const;

/** Everything whole, now and after every lease has run out and everything due was collected. */
async function expectWhole(
  stores: Stores,
  ...images: readonly (readonly [RepositoryPath, BuiltManifest])[]
): Promise<void> {
  for (const round of ['now', 'later']) {
    await checkStores(stores);
    for (const [path, image] of images) {
      for (const { digest, bytes } of image.blobs) {
        const found = await findBlob(stores.ports, path, digest);
        const stream = found && (await stores.ports.blobs.open(found.storageKey));
        expect(stream && (await buffer(stream)).equals(bytes), `${round}: ${digest}`).toBe(true);
      }
    }
    stores.clock.advance(2 * HOUR);
    await collect(stores.ports);
  }
}

/** A repository whose image is about to be deleted, with its leases over: its blobs may go at any moment then. */
async function withDoomedImage(stores: Stores) {
  const [path, image] = [await makeRepository(stores.ports, 'app'), buildImage('doomed')];
  await pushImage(stores.ports, path, image, 'old');
  stores.clock.advance(2 * HOUR);
  await collect(stores.ports);
  return { path, image };
}

async function tagsOf({ ports }: Stores, path: RepositoryPath): Promise<Record<string, readonly string[]>> {
  const { items } = await describeImages(ports, path, { tagged: undefined, after: undefined, limit: 9 });
  return Object.fromEntries(items.map((image) => [image.digest, image.tags]));
}

async function* breaksOff(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('the client went away');
}

describe('However the steps fall', () => {
  test('GC-01: a client that was told of blobs can push the manifest, while the last image with them is deleted and collected', async () => {
    await forAnyOrder({ runs: 40, ...NO_GRACE }, async (stores, run) => {
      const { path, image } = await withDoomedImage(stores);
      const [, pushed] = await run(
        async (ports) => {
          await deleteImages(ports, ...remove(path, image));
          await collect(ports);
        },
        async (ports) => {
          const found = await promiseBlobs(
            ports,
            path,
            image.blobs.map((blob) => blob.digest),
          );
          const known = new Set(found.map((blob) => blob.digest));
          for (const blob of image.blobs) if (!known.has(blob.digest)) await pushBlob(ports, path, blob);
          return putManifest(ports, path, image, 'new');
        },
      );
      expect(pushed).toMatchObject({ digest: image.digest });
      await checkStores(stores);
      const { items } = await describeImages(stores.ports, path, { tagged: true, after: undefined, limit: 9 });
      // The deletion came before the push, or it came after and took the pushed image with it.
      if (items.length > 0) await expectWhole(stores, [path, image]);
    });
  });

  test('GC-02 and GC-03: a pushed image is whole, while a deletion and two collectors are after the same blobs', async () => {
    await forAnyOrder({ runs: 40, ...NO_GRACE }, async (stores, run) => {
      const { path, image } = await withDoomedImage(stores);
      const other = await makeRepository(stores.ports, 'other');
      const [, , pushed] = await run(
        async (ports) => {
          await deleteImages(ports, ...remove(path, image));
          await collect(ports);
        },
        collect,
        (ports) => pushImage(ports, other, image, 'v1'),
      );
      expect(pushed).toBeUndefined();
      await expectWhole(stores, [other, image]);
    });
  });

  test('GC-07 and GC-08: a mount succeeds for good or says no, while the last image in the source is deleted and collected', async () => {
    await forAnyOrder({ runs: 40, ...NO_GRACE }, async (stores, run) => {
      const { path, image } = await withDoomedImage(stores);
      const target = await makeRepository(stores.ports, 'target');
      const [, outcome] = await run(
        async (ports) => {
          await deleteImages(ports, ...remove(path, image));
          await collect(ports);
        },
        async (ports) => {
          for (const blob of image.blobs) {
            if (!(await mountBlob(ports, target, path, blob.digest))) await pushBlob(ports, target, blob);
          }
          await putManifest(ports, target, image, 'v1');
          return 'pushed';
        },
      );
      expect(outcome).toBe('pushed');
      await expectWhole(stores, [target, image]);
    });
  });

  test('GC-11: of an index and the deletion of what it lists, exactly one succeeds', async () => {
    await forAnyOrder({ runs: 20, ...NO_GRACE }, async (stores, run) => {
      const [path, child] = [await makeRepository(stores.ports, 'app'), buildImage('child')];
      await pushImage(stores.ports, path, child, 'child');
      const [deletion, push] = await run(
        async (ports) => (await deleteImages(ports, ...remove(path, child))).failures.map((failure) => failure.code),
        (ports) => putManifest(ports, path, buildIndex([child]), 'index'),
      );
      const pushed = !(push instanceof Fault);
      expect(deletion).toEqual(pushed ? ['ImageReferencedByManifestList'] : []);
      if (push instanceof Fault) expect(push.code).toBe('ReferencedImagesNotFound');
      await checkStores(stores);
    });
  });

  test('GC-15 and GC-16: a tag that moves while it is deleted, alone or with its digest, ends as one after the other', async () => {
    await forAnyOrder({ runs: 20, ...NO_GRACE }, async (stores, run) => {
      const path = await makeRepository(stores.ports, 'app');
      const [old, next] = [buildIndex([], { annotations: { a: '1' } }), buildIndex([], { annotations: { a: '2' } })];
      await pushImage(stores.ports, path, old, 'v1', 'pair');
      const [outcome] = await run(
        async (ports) => ({
          alone: await deleteImages(ports, path, [{ imageTag: 'v1' }]),
          pair: await deleteImages(ports, path, [{ imageDigest: old.digest, imageTag: 'pair' }]),
        }),
        async (ports) => {
          await putManifest(ports, path, next, 'v1');
          await putManifest(ports, path, next, 'pair');
        },
      );
      const { alone, pair } = outcome as Record<'alone' | 'pair', Awaited<ReturnType<typeof deleteImages>>>;
      const state = await tagsOf(stores, path);
      // The tag went from the image it pointed to by then, and the answer says which.
      const [gone] = alone.deleted;
      expect(alone.deleted).toEqual([{ imageDigest: gone?.imageDigest, imageTag: 'v1' }]);
      expect(state[next.digest]).toEqual(gone?.imageDigest === old.digest ? ['v1', 'pair'] : ['pair']);
      expect(pair.failures.map((failure) => failure.code)).toEqual(
        pair.deleted.length > 0 ? [] : ['ImageTagDoesNotMatchDigest'],
      );
      expect(state[old.digest] ?? []).toEqual([]);
      await checkStores(stores);
    });
  });

  test('GC-17: an image that is deleted while it gets another tag is gone with all its tags, or is there again whole', async () => {
    await forAnyOrder({ runs: 30, ...NO_GRACE }, async (stores, run) => {
      const { path, image } = await withDoomedImage(stores);
      const [, tagging] = await run(
        async (ports) => {
          await deleteImages(ports, ...remove(path, image));
          await collect(ports);
        },
        (ports) => putManifest(ports, path, image, 'second'),
      );
      const state = await tagsOf(stores, path);
      if (tagging instanceof Fault) expect(tagging.code).toBe('LayersNotFound');
      // Tagged before the deletion, it went with both tags; tagged after it, it is a new image.
      expect([{}, { [image.digest]: ['second'] }]).toContainEqual(state);
      if (state[image.digest]) await expectWhole(stores, [path, image]);
      await checkStores(stores);
    });
  });

  test('GC-18: two deletions of the same images report each of them once, and once as not found', async () => {
    await forAnyOrder({ runs: 20, ...NO_GRACE }, async (stores, run) => {
      const path = await makeRepository(stores.ports, 'app');
      const [first, second] = [buildImage('first'), buildImage('second')];
      for (const image of [first, second]) await pushImage(stores.ports, path, image);
      const ids = [first, second].map((image) => ({ imageDigest: image.digest }));
      const answers = (await run(
        (ports) => deleteImages(ports, path, ids),
        (ports) => deleteImages(ports, path, ids.toReversed()),
      )) as Awaited<ReturnType<typeof deleteImages>>[];
      expect(
        answers
          .flatMap((answer) => answer.deleted)
          .map((id) => id.imageDigest)
          .sort(),
      ).toEqual(ids.map((id) => id.imageDigest).sort());
      expect(answers.flatMap((answer) => answer.failures).map((failure) => failure.code)).toEqual([
        'ImageNotFound',
        'ImageNotFound',
      ]);
    });
  });

  test('GC-19: a repository that is made anew never has images or uploads of the one before', async () => {
    await forAnyOrder({ runs: 30, ...NO_GRACE }, async (stores, run) => {
      const [path, image] = [await makeRepository(stores.ports, 'app'), buildImage('old')];
      await pushImage(stores.ports, path, image, 'old');
      const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
      await run(
        (ports) => deleteImages(ports, path, [{ imageTag: 'old' }]),
        async (ports) => {
          await deleteRepository(ports, path, { force: true });
          await makeRepository(ports, path.repositoryName);
        },
        async (ports) => {
          await appendToUpload(ports, upload, {
            bytes: chunksOf(Buffer.from('late')),
            first: 0,
            length: undefined,
          });
          await completeUpload(ports, upload, blobOf('late').digest);
        },
      );
      const page = { tagged: undefined, after: undefined, limit: 9 };
      expect((await describeImages(stores.ports, path, page)).items).toEqual([]);
      await expect(completeUpload(stores.ports, upload, blobOf('').digest)).rejects.toThrow(/does not exist/);
      expect(await findBlob(stores.ports, path, blobOf('late').digest)).toBeUndefined();
      await expectWhole(stores);
    });
  });

  test.each<[string, boolean, (stores: Stores, ports: Ports, upload: UploadPath) => Promise<void> | void]>([
    ['is cancelled, in one process', false, (_, ports, upload) => cancelUpload(ports, upload)],
    ['is cancelled, in several', true, (_, ports, upload) => cancelUpload(ports, upload)],
    ['expires', false, (stores) => stores.clock.advance(25 * HOUR)],
  ])(
    'an upload that is appended to and completed by many at once ends as one blob or as none, when it %s',
    async (_, apart, end) => {
      const retention = { grace: 0, lease: 100 * HOUR, upload: 24 * HOUR };
      await forAnyOrder({ runs: 150, apart, retention }, async (stores, run) => {
        const path = await makeRepository(stores.ports, 'app');
        const content = blobOf('the whole content');
        const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
        const append = (ports: typeof stores.ports, bytes: Uint8Array) =>
          appendToUpload(ports, upload, { bytes: chunksOf(bytes), first: undefined, length: bytes.byteLength });
        const outcomes = await run(
          async (ports) => {
            await append(ports, content.bytes);
            await completeUpload(ports, upload, content.digest);
            return 'stored';
          },
          (ports) => append(ports, content.bytes),
          (ports) => completeUpload(ports, upload, blobOf('').digest),
          async (ports) => {
            await end(stores, ports, upload);
            await collect(ports);
          },
          (ports) => appendToUpload(ports, upload, { bytes: breaksOff(), first: undefined, length: undefined }),
        );
        for (const outcome of outcomes) {
          if (!(outcome instanceof Error) || outcome.message === 'the client went away') continue;
          expect(outcome).toBeInstanceOf(Fault);
          expect(['UploadNotFound', 'UploadBusy', 'RangeOutOfOrder', 'InvalidLayer']).toContain(
            (outcome as Fault).code,
          );
        }
        await collect(stores.ports);
        await checkStores(stores);
        if (outcomes[0] === 'stored') {
          const found = await findBlob(stores.ports, path, content.digest);
          const stream = found && (await stores.ports.blobs.open(found.storageKey));
          expect(stream && (await buffer(stream)).equals(content.bytes)).toBe(true);
        }
      });
    },
  );

  test('an upload that several append to at once has the bytes that were acknowledged, and no others', async () => {
    await forAnyOrder({ runs: 60, ...NO_GRACE }, async (stores, run) => {
      const path = await makeRepository(stores.ports, 'app');
      const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
      const chunks = ['first', 'second', 'third', 'fourth'];
      const outcomes = await run(
        ...chunks.map(
          (chunk): Party =>
            (ports) => {
              const bytes = chunksOf(Buffer.from(chunk));
              return appendToUpload(ports, upload, { bytes, first: undefined, length: chunk.length });
            },
        ),
      );
      const acknowledged = outcomes.flatMap((outcome, at) =>
        outcome instanceof Error ? [] : [{ chunk: chunks[at] ?? '', end: (outcome as Upload).offset }],
      );
      const content = acknowledged.sort((a, b) => a.end - b.end).map(({ chunk }) => chunk);
      expect(content.length).toBeGreaterThan(0);
      const { digest } = blobOf(content.join(''));
      expect(await completeUpload(stores.ports, upload, digest)).toMatchObject({ size: content.join('').length });
    });
  });

  test('the same blob, finished by many uploads at once, is stored once', async () => {
    await forAnyOrder({ runs: 10, ...NO_GRACE }, async (stores, run) => {
      const paths = [await makeRepository(stores.ports, 'one'), await makeRepository(stores.ports, 'other')];
      const blob = blobOf('popular');
      const pushes = paths.flatMap((path) => [path, path, path]);
      const outcomes = await run(
        ...pushes.map(
          (path): Party =>
            (ports) =>
              pushBlob(ports, path, blob),
        ),
      );
      expect(outcomes).toEqual(pushes.map(() => undefined));
      await collect(stores.ports);
      await checkStores(stores);
      expect(await stores.bytesStored()).toBe(blob.bytes.byteLength);
    });
  });
});
