import { afterAll, describe, expect, test } from 'vitest';
import { openFileSystemStores } from '../../src/blobs/file-system/open-stores.ts';
import { Fault } from '../../src/model/fault.ts';
import { randomIds } from '../../src/model/ids.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages } from '../../src/registry/deletion/restore.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import {
  type BuiltManifest,
  buildImage,
  buildIndex,
  layerOf,
  makeRepository,
  pushBlob,
  pushImage,
} from '../support/images.ts';
import { Databases, NO_POSTGRES, openPostgres } from '../support/postgres/databases.ts';
import { HOUR, TEST_RETENTION } from '../support/stores.ts';
import { memoryFolder } from '../support/temp-folder.ts';
import { TestClock } from '../support/test-clock.ts';

if (NO_POSTGRES) console.log(`Skipped: ${NO_POSTGRES}`);

/** Numbers from 0 to below `below`, the same for the same seed. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const LAYERS = Array.from({ length: 6 }, (_, at) => layerOf(`shared layer ${at}`));
const IMAGES = Array.from({ length: 12 }, (_, at) => {
  const layers = [0, 1, 3].map((step) => LAYERS[(at + step) % LAYERS.length] ?? layerOf('none'));
  return buildImage(`image ${at}`, { layers: at % 2 === 0 ? layers : layers.toReversed() });
});
const INDEX = buildIndex(IMAGES.slice(0, 3));
const NAMES = ['one', 'two', 'three'];

/** What a client may be answered while others push and delete the same. */
const EXPECTED = [
  'RepositoryNotFound',
  'RepositoryAlreadyExists',
  'LayersNotFound',
  'ReferencedImagesNotFound',
  'UploadNotFound',
];

async function tolerate(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Fault) || !EXPECTED.includes(error.code)) throw error;
  }
}

function anyOf<T>(items: readonly T[], roll: (below: number) => number): T {
  const item = items[roll(items.length)];
  if (item === undefined) throw new Error('There is nothing to choose from');
  return item;
}

/** Does one thing after the other, each chosen by the dice. */
async function client(ports: Ports, paths: readonly RepositoryPath[], seed: number, steps: number): Promise<void> {
  const roll = dice(seed);
  const tag = () => `tag-${roll(8)}`;
  const some = <T>(make: () => T) => Array.from({ length: 1 + roll(8) }, make);
  for (let step = 0; step < steps; step++) {
    const path = anyOf(paths, roll);
    switch (roll(8)) {
      case 0:
      case 1:
      case 2:
        await tolerate(pushImage(ports, path, anyOf<BuiltManifest>([...IMAGES, INDEX], roll), tag()));
        break;
      case 3:
        await tolerate(
          deleteImages(
            ports,
            path,
            some(() => ({ imageDigest: anyOf(IMAGES, roll).digest })),
          ),
        );
        break;
      case 4:
        await tolerate(
          deleteImages(ports, path, [{ imageDigest: INDEX.digest }, ...some(() => ({ imageTag: tag() }))]),
        );
        break;
      case 5:
        await tolerate(mountBlob(ports, path, anyOf(paths, roll), anyOf(LAYERS, roll).digest));
        break;
      case 6:
        await tolerate(
          ports.retention.undo > 0
            ? restoreImages(
                ports,
                path,
                some(() => ({ imageDigest: anyOf(IMAGES, roll).digest })),
              )
            : pushBlob(ports, path, anyOf(LAYERS, roll)),
        );
        break;
      default:
        await (roll(12) === 0
          ? tolerate(deleteRepository(ports, path, { force: true })).then(() =>
              tolerate(makeRepository(ports, path.repositoryName)),
            )
          : collect(ports));
    }
  }
}

describe.skipIf(NO_POSTGRES)('Processes that share a database', () => {
  const databases = new Databases();
  afterAll(() => databases[Symbol.asyncDispose]());

  test.each([
    { undo: 0, seed: 1 },
    { undo: 0, seed: 2 },
    { undo: HOUR, seed: 3 },
  ])(
    'push, delete, mount, restore and collect the same at once, and neither wait in a circle nor lose count (undo $undo, seed $seed)',
    async ({ undo, seed }) => {
      await using folder = await memoryFolder();
      const url = await databases.fresh();
      const clock = new TestClock();
      const files = await openFileSystemStores(folder.path);
      const retries = new Map<string, number>();
      const onRetry = (reason: string) => retries.set(reason, (retries.get(reason) ?? 0) + 1);
      await using first = await openPostgres(url, { onRetry });
      await using second = await openPostgres(url, { onRetry });
      const retention = { ...TEST_RETENTION, grace: 0, lease: 0, undo, referrers: 0 };
      const processes = [first, second].map(
        (metadata): Ports => ({ ...files, metadata, clock, ids: randomIds(), retention }),
      );
      const [ports] = processes;
      if (!ports) throw new Error('There is no process');
      const paths = await Promise.all(NAMES.map((name) => makeRepository(ports, name)));
      await Promise.all(
        Array.from({ length: 8 }, (_, at) => client(processes[at % 2] ?? ports, paths, seed * 1000 + at, 60)),
      );
      expect(retries.get('40P01') ?? 0).toBe(0);
      const options = { deep: true, repair: false, strayAge: -Infinity, patience: Infinity };
      expect((await runCheck(ports, options)).findings).toEqual([]);
      clock.advance(3 * HOUR);
      await Promise.all(processes.map((one) => collect(one)));
      await collect(ports);
      expect((await runCheck(ports, options)).findings).toEqual([]);
      const status = await ports.metadata.read((view) => view.collection.status());
      expect(status.trash.count).toBe(0);
    },
  );
});
