import { describe, expect, test } from 'vitest';
import { condemn } from '../../../src/registry/collection/condemn.ts';
import { purge } from '../../../src/registry/collection/purge.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { mountBlob } from '../../../src/registry/layer/mount-blob.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import { blobOf, makeRepository, pushBlob, putManifest } from '../../support/images.ts';
import { everySchedule, type Scenario } from '../../support/schedules/every-schedule.ts';
import { exploreSchedules } from '../../support/schedules/explore.ts';
import { type Footprint, touch } from '../../support/schedules/footprint.ts';
import { NO_GRACE, plainImage, repositoryWith } from '../../support/schedules/scenes.ts';
import type { Step } from '../../support/schedules/turns.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const image = plainImage('doomed');
const nothing = async () => {};

async function doomed(stores: Stores) {
  const path = await repositoryWith(stores, { old: image });
  return { path, other: await makeRepository(stores.ports, 'other') };
}

async function deleted(stores: Stores) {
  const { path, other } = await doomed(stores);
  await deleteImages(stores.ports, path, [{ imageDigest: image.digest }]);
  return { path, other };
}

const digest = image.blobs[0]?.digest ?? '';
type Context = Awaited<ReturnType<typeof doomed>>;

/** Small enough to be gone through in full. */
const SMALL: Readonly<Record<string, Scenario<Context>>> = {
  'a deletion and a second tag': {
    prepare: doomed,
    parties: ({ path }) => [
      (ports) => deleteImages(ports, path, [{ imageTag: 'old' }]),
      (ports) => putManifest(ports, path, image, 'second'),
    ],
    check: nothing,
  },
  'a condemnation and a mount': {
    prepare: deleted,
    parties: ({ path, other }) => [
      async (ports) => {
        await purge(ports);
        await condemn(ports);
      },
      (ports) => mountBlob(ports, other, path, digest),
    ],
    check: nothing,
  },
  'a condemnation and a promise': {
    prepare: async (stores) => {
      const context = await deleted(stores);
      await purge(stores.ports);
      return context;
    },
    parties: ({ path }) => [(ports) => condemn(ports), (ports) => promiseBlobs(ports, path, [digest])],
    check: nothing,
  },
};

test.each(Object.keys(SMALL))('Leaving out what only repeats leaves out no end: %s', async (title) => {
  const scenario = SMALL[title];
  if (!scenario) throw new Error(`No scenario ${title}`);
  const full = await everySchedule(`${title}, in full`, { ...NO_GRACE, thoroughness: 'full' }, scenario);
  const reduced = await everySchedule(`${title}, reduced`, NO_GRACE, scenario);
  expect(reduced.schedules).toBe(full.schedules);
  expect(reduced.runs).toBeLessThan(full.runs);
  expect([...reduced.ends].sort()).toEqual([...full.ends].sort());
});

describe('Two parties with steps that touch', () => {
  /** Runs steps that only leave footprints, and answers the orders in which they came. */
  async function explore(
    parties: readonly (readonly Readonly<Record<string, 'read' | 'add' | 'write'>>[])[],
    full = false,
  ) {
    const orders: string[] = [];
    const explored = await exploreSchedules(
      async ({ choose, onStep }) => {
        const done = [0, 0];
        let order = '';
        for (;;) {
          const waiting = [0, 1].filter((party) => (done[party] ?? 0) < (parties[party]?.length ?? 0));
          if (waiting.length === 0) break;
          const party = choose(waiting);
          if (party === undefined) return false;
          const footprint: Footprint = new Map();
          const touches = parties[party]?.[done[party] ?? 0] ?? {};
          for (const [thing, how] of Object.entries(touches)) touch(footprint, thing, how);
          onStep?.({ party, label: '', footprint } satisfies Step);
          done[party] = (done[party] ?? 0) + 1;
          order += 'ab'[party];
        }
        orders.push(order);
        return true;
      },
      full ? 'full' : 'reduced',
    );
    return { ...explored, orders };
  }

  test.each([
    ['nothing in common', [{ x: 'write' }, { x: 'write' }], [{ y: 'write' }, { y: 'write' }], 1],
    ['the same thing, each writing it', [{ x: 'write' }, { x: 'write' }], [{ x: 'write' }, { x: 'write' }], 6],
    ['the same thing, one of them reading', [{ x: 'write' }, { x: 'write' }], [{ x: 'read' }], 3],
    ['the same thing, both reading', [{ x: 'read' }], [{ x: 'read' }], 1],
    ['the same counter', [{ x: 'add' }, { x: 'add' }], [{ x: 'add' }], 1],
    ['the same counter, one of them reading', [{ x: 'add' }, { x: 'add' }], [{ x: 'read' }], 3],
    ['things crosswise', [{ x: 'write' }, { y: 'write' }], [{ y: 'write' }, { x: 'write' }], 3],
    ['all bytes, and some', [{ 'bytes/*': 'read' }], [{ 'bytes/1': 'write' }], 2],
  ] as const)('%s: are run in as many orders as there are differences', async (_, first, second, different) => {
    const reduced = await explore([first, second]);
    const full = await explore([first, second], true);
    expect(reduced.runs).toBe(different);
    expect(reduced.schedules).toBe(full.schedules);
    expect(full.runs).toBe(new Set(full.orders).size);
  });
});

test('A sweep that looks in one transaction and acts in another is found out, whatever guards it otherwise', async () => {
  const waiting = blobOf('waiting for its manifest');
  const sweeps = async ({ metadata, clock }: Ports) => {
    const idle = await metadata.write((tx) => tx.links.takeIdle(clock.now(), 9));
    await metadata.write(async (tx) => {
      for (const { blobId, ...scope } of idle) await tx.links.remove(scope, [blobId]);
      await tx.collection.condemn(
        idle.map(({ blobId }) => blobId),
        clock.now(),
      );
    });
  };
  const broken: unknown[] = [];
  await everySchedule('a sweep in two transactions × HEAD', NO_GRACE, {
    prepare: async (stores) => {
      const { path } = await doomed(stores);
      await pushBlob(stores.ports, path, waiting);
      stores.clock.advance(2 * HOUR);
      return { path };
    },
    parties: ({ path }) => [sweeps, async (ports) => (await promiseBlobs(ports, path, [waiting.digest])).length > 0],
    check: async ({ stores, outcomes }, { path }) => {
      if (outcomes[1] === true) {
        const there = await promiseBlobs(stores.ports, path, [waiting.digest]);
        if (there.length === 0) broken.push(outcomes);
      }
    },
  });
  expect(broken.length).toBeGreaterThan(0);
});
