import { expect, test } from 'vitest';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../../src/registry/deletion/restore.ts';
import { promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../../src/registry/layer/mount-blob.ts';
import { beginUpload } from '../../../src/registry/layer/upload-session.ts';
import type { Ports, Retention } from '../../../src/registry/ports.ts';
import { deleteRepository } from '../../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { checkStores, runCheck } from '../../support/check-stores.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, buildIndex, makeRepository, pushBlob, pushImage, putManifest } from '../../support/images.ts';
import { checkCounters } from '../../support/recount-usage.ts';
import { everyCrash } from '../../support/schedules/every-crash.ts';
import { expectWhole, imagesIn, outlive, plainImage, repositoryWith } from '../../support/schedules/scenes.ts';
import { settle } from '../../support/schedules/settle.ts';
import { folderOf } from '../../support/stored/file-bytes.ts';
import { HOUR, type Stores, TEST_RETENTION } from '../../support/stores.ts';

const image = plainImage('image');
const index = buildIndex([image, plainImage('other')]);
const referrer = plainImage('referrer', { subject: image });
const blob = image.blobs[0] ?? blobOf('');
const { digest } = blob;

interface Crash {
  readonly retention?: Partial<Retention>;
  readonly prepare: (stores: Stores) => Promise<RepositoryPath>;
  /** What goes on when the process dies, and again after it has come back. */
  readonly act: (ports: Ports, path: RepositoryPath, acknowledge: (what: string) => void) => Promise<unknown>;
  /** What must be so afterwards, for each acknowledgement. */
  readonly kept: Readonly<Record<string, (stores: Stores, path: RepositoryPath) => Promise<void>>>;
}

const isWhole = (stores: Stores, path: RepositoryPath) => expectWhole(stores, path, image);
const isThere = async (stores: Stores, path: RepositoryPath) =>
  expect(await promiseBlobs(stores.ports, path, [digest])).toHaveLength(1);
const isGone = async (stores: Stores, path: RepositoryPath) =>
  expect(Object.keys(await imagesIn(stores, path))).not.toContain(image.digest);
const withImage = (stores: Stores) => repositoryWith(stores, { old: image });

async function withoutImage(stores: Stores): Promise<RepositoryPath> {
  const path = await withImage(stores);
  await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
  return path;
}

const UNDO = { undo: HOUR };

const CRASHES: Readonly<Record<string, Crash>> = {
  'a push': {
    prepare: (stores) => makeRepository(stores.ports, 'app'),
    act: async (ports, path, acknowledge) => {
      await pushBlob(ports, path, blob);
      acknowledge('the blob');
      await putManifest(ports, path, image, 'new');
      acknowledge('the image');
    },
    kept: { 'the blob': isThere, 'the image': isWhole },
  },
  'a push of bytes that another repository has, and of an index': {
    prepare: async (stores) => {
      await withImage(stores);
      return makeRepository(stores.ports, 'other');
    },
    act: async (ports, path, acknowledge) => {
      await pushImage(ports, path, index, 'index');
      acknowledge('the index');
    },
    kept: { 'the index': (stores, path) => expectWhole(stores, path, index) },
  },
  'a mount and a push': {
    prepare: async (stores) => {
      await withImage(stores);
      return makeRepository(stores.ports, 'target');
    },
    act: async (ports, path, acknowledge) => {
      const source = { ...path, repositoryName: 'app' } as RepositoryPath;
      expect(await mountBlob(ports, path, source, digest)).toBe(true);
      acknowledge('the blob');
      await putManifest(ports, path, image, 'new');
      acknowledge('the image');
    },
    kept: { 'the blob': isThere, 'the image': isWhole },
  },
  'a promise of bytes whose image is deleted, and a push': {
    prepare: withoutImage,
    act: async (ports, path, acknowledge) => {
      if ((await promiseBlobs(ports, path, [digest])).length === 0) return;
      acknowledge('the blob');
      await collect(ports);
      await putManifest(ports, path, image, 'new');
      acknowledge('the image');
    },
    kept: { 'the blob': isThere, 'the image': isWhole },
  },
  'a deletion and its collection': {
    prepare: withImage,
    act: async (ports, path, acknowledge) => {
      await deleteImages(ports, path, [{ imageDigest: image.digest }]);
      acknowledge('the deletion');
      await collect(ports);
    },
    kept: { 'the deletion': isGone },
  },
  'a deletion that can be undone, and its collection': {
    retention: UNDO,
    prepare: withImage,
    act: async (ports, path, acknowledge) => {
      await deleteImages(ports, path, [{ imageDigest: image.digest }]);
      acknowledge('the deletion');
      await collect(ports);
    },
    kept: {
      'the deletion': async (stores, path) => {
        await isGone(stores, path);
        const { restored } = await restoreImages(stores.ports, path, [{ imageDigest: image.digest }]);
        expect(restored).toEqual([{ imageDigest: image.digest, imageTag: 'old' }]);
        await isWhole(stores, path);
      },
    },
  },
  'a restoration': {
    retention: UNDO,
    prepare: withoutImage,
    act: async (ports, path, acknowledge) => {
      await restoreImages(ports, path, [{ imageTag: 'old' }]);
      acknowledge('the image');
    },
    kept: { 'the image': isWhole },
  },
  'the purge of what could be restored': {
    retention: UNDO,
    prepare: async (stores) => {
      const path = await withoutImage(stores);
      stores.clock.advance(HOUR);
      return path;
    },
    act: (ports) => collect(ports),
    kept: {},
  },
  'a deletion of a repository and its taking apart': {
    prepare: async (stores) => {
      const path = await withImage(stores);
      await beginUpload(stores.ports, path);
      return path;
    },
    act: async (ports, path, acknowledge) => {
      const found = await ports.metadata.read((view) => view.repositories.find(path.registry, path.repositoryName));
      if (found) await deleteRepository(ports, path, { force: true });
      acknowledge('the deletion');
      await collect(ports);
    },
    kept: {
      'the deletion': async (stores, path) => {
        await expect(imagesIn(stores, path)).rejects.toThrow(/does not exist/);
      },
    },
  },
  'the expiry of referrers': {
    prepare: async (stores) => {
      const path = await repositoryWith(stores, { subject: image, signature: referrer });
      await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
      stores.clock.advance(TEST_RETENTION.referrers);
      return path;
    },
    act: (ports) => collect(ports),
    kept: {},
  },
  'the expiry of uploads': {
    prepare: async (stores) => {
      const path = await makeRepository(stores.ports, 'app');
      await beginUpload(stores.ports, path);
      await outlive(stores);
      stores.clock.advance(TEST_RETENTION.upload);
      return path;
    },
    act: (ports) => collect(ports),
    kept: {},
  },
  'a reconciliation that finds a stray': {
    prepare: async (stores) => {
      const path = await withImage(stores);
      await stores.bytes.plant('000000000000000000000000zz', Buffer.from('stray'));
      return path;
    },
    act: async (ports) => {
      await runCheck(ports, { deep: true, repair: true, strayAge: -Infinity, patience: Infinity });
      await collect(ports);
    },
    kept: {},
  },
};

/**
 * A store of objects has names of its own for bytes that arrive: who dies before those are noted leaves bytes that nobody knows of,
 * and nothing else, until somebody looks for them.
 */
async function sweep({ ports, bytes }: Stores): Promise<void> {
  if (folderOf(bytes) !== undefined) return;
  const look = { deep: true, repair: true, force: true, strayAge: -Infinity, patience: Infinity };
  const { findings } = await runCheck(ports, look);
  expect(findings.filter(({ kind }) => kind !== 'stray bytes')).toEqual([]);
}

const hasStray = (title: string) => title.includes('stray');

test.each(Object.keys(CRASHES))(
  'GC-24: after a crash anywhere in %s, what was acknowledged stands, and the rest can be done again',
  async (title) => {
    const crash = CRASHES[title];
    if (!crash) throw new Error(`No crash ${title}`);
    const retention = { grace: 0, lease: HOUR, ...crash.retention };
    const acknowledged: string[] = [];
    let path: RepositoryPath | undefined;
    const places = await everyCrash(
      title,
      { retention },
      {
        prepare: async (stores) => {
          path = await crash.prepare(stores);
        },
        act: async (ports) => {
          if (path) await crash.act(ports, path, (what) => acknowledged.push(what));
        },
        memory: () => [...acknowledged],
        reopened: async (stores, known) => {
          if (!path) throw new Error('Nothing was prepared');
          if (!hasStray(title)) {
            await sweep(stores);
            await checkStores(stores);
          }
          await checkCounters(stores);
          for (const what of known) await crash.kept[what]?.(stores, path);
          await crash.act(stores.ports, path, () => {});
          await settle(stores);
        },
      },
    );
    expect(new Set(acknowledged)).toEqual(new Set(Object.keys(crash.kept)));
    expect(places).toBeGreaterThan(1);
  },
);
