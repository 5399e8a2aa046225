import { describe, expect, test } from 'vitest';
import { Fault } from '../../../src/model/fault.ts';
import { deleteImages } from '../../../src/registry/deletion/delete-images.ts';
import { listReferrers } from '../../../src/registry/image/list-referrers.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import { collect } from '../../support/collect.ts';
import { type BuiltManifest, buildIndex, makeRepository, pushImage, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import {
  codeOf,
  codesOf,
  deletesAndCollects,
  expectWhole,
  imagesIn,
  NO_GRACE,
  outlive,
  plainImage,
  repositoryWith,
} from '../../support/schedules/scenes.ts';
import { HOUR, TEST_RETENTION } from '../../support/stores.ts';

const child = plainImage('child');
const index = buildIndex([child]);
const newer = buildIndex([child], { annotations: { newer: 'yes' } });

describe('In every order, of an index', () => {
  test('GC-10: a new one of the same children is whole, while the old one is deleted and collected', async () => {
    await everySchedule('delete of an index × push of another of the same children', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { old: index }) }),
      parties: ({ path }) => [deletesAndCollects(path, index), (ports) => putManifest(ports, path, newer, 'new')],
      check: async ({ stores, outcomes }, { path }) => {
        expect(codeOf(outcomes[1])).toBe('done');
        expect(await imagesIn(stores, path)).toEqual({ [child.digest]: [], [newer.digest]: ['new'] });
        await expectWhole(stores, path, newer);
      },
    });
  });

  test('GC-11: and of the deletion of what it lists, exactly one succeeds', async () => {
    const seen = new Set<string>();
    await everySchedule('delete of a child × push of an index that lists it', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { child }) }),
      parties: ({ path }) => [deletesAndCollects(path, child), (ports) => putManifest(ports, path, index, 'index')],
      check: async ({ stores, outcomes }, { path }) => {
        const outcome = `${outcomes[0]} ${codeOf(outcomes[1])}`;
        seen.add(outcome);
        if (outcomes[1] instanceof Fault) expect(await imagesIn(stores, path)).toEqual({});
        else await expectWhole(stores, path, index);
      },
    });
    expect([...seen].sort()).toEqual(['ImageReferencedByManifestList done', 'deleted child ReferencedImagesNotFound']);
  });

  test('GC-12: a child without a tag stays when the index is deleted and collected, until somebody deletes it', async () => {
    const seen = new Set<string>();
    await everySchedule('delete of an index and collect × delete of its untagged child', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { old: index }) }),
      parties: ({ path }) => [
        deletesAndCollects(path, index),
        async (ports) => codesOf(await deleteImages(ports, path, [{ imageDigest: child.digest }])),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[1]));
        const images = await imagesIn(stores, path);
        expect(images).toEqual(String(outcomes[1]) === 'deleted it' ? {} : { [child.digest]: [] });
        if (images[child.digest]) await expectWhole(stores, path, child);
      },
    });
    expect([...seen].sort()).toEqual(['ImageReferencedByManifestList', 'deleted it']);
  });

  test('GC-14: nested ones go from the outside in, whoever of two deletes which', async () => {
    const outer = buildIndex([index]);
    const seen = new Set<string>();
    await everySchedule('delete from the outside in × delete from the inside out', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { outer }) }),
      parties: ({ path }) => [
        async (ports) => {
          const codes: string[] = [];
          for (const { digest } of [outer, index, child]) {
            codes.push(...codesOf(await deleteImages(ports, path, [{ imageDigest: digest }])));
          }
          await collect(ports);
          return codes;
        },
        async (ports) => {
          const codes: string[] = [];
          for (const { digest } of [child, index, outer]) {
            codes.push(...codesOf(await deleteImages(ports, path, [{ imageDigest: digest }])));
          }
          return codes;
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const codes = (outcomes as string[][]).flat();
        seen.add(String(outcomes));
        expect(codes.filter((code) => code.startsWith('deleted'))).toHaveLength(3);
        expect(await imagesIn(stores, path)).toEqual({});
      },
    });
    expect(seen.size).toBeGreaterThan(2);
  });
});

describe('In every order, of a referrer', () => {
  const subject = plainImage('subject');
  const referrer = plainImage('referrer', { subject });

  async function digestsReferring(ports: Pick<Ports, 'metadata'>, path: RepositoryPath): Promise<string[]> {
    const page = { artifactTypes: [], after: undefined, limit: 9 };
    return (await listReferrers(ports, path, subject.digest, page)).items.map((found) => found.digest);
  }

  test('GC-13: one that is pushed while its subject is deleted is there, and goes in time if it was there first', async () => {
    const seen = new Set<number>();
    await everySchedule('delete of a subject × push of a referrer', NO_GRACE, {
      prepare: async (stores) => ({ path: await repositoryWith(stores, { subject }) }),
      parties: ({ path }) => [
        deletesAndCollects(path, subject),
        (ports) => pushImage(ports, path, referrer, 'signature'),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        expect(outcomes).toEqual([['deleted subject'], undefined]);
        expect(await digestsReferring(stores.ports, path)).toEqual([referrer.digest]);
        await expectWhole(stores, path, referrer);
        stores.clock.advance(24 * HOUR);
        await collect(stores.ports);
        seen.add((await digestsReferring(stores.ports, path)).length);
      },
    });
    expect([...seen].sort()).toEqual([0, 1]);
  });

  test('GC-13: one that was seen beside a subject which is back stays, though the old subject’s referrers were due', async () => {
    const seen = new Set<string>();
    await everySchedule('expiry of referrers × push of the subject', NO_GRACE, {
      prepare: async (stores) => {
        const path = await repositoryWith(stores, { subject });
        await pushImage(stores.ports, path, referrer, 'signature');
        await deleteImages(stores.ports, path, [{ imageDigest: subject.digest }]);
        await outlive(stores);
        stores.clock.advance(TEST_RETENTION.referrers);
        return { path };
      },
      parties: ({ path }) => [
        async (ports) => {
          await collect(ports);
        },
        async (ports) => {
          await pushImage(ports, path, subject, 'again');
          return digestsReferring(ports, path);
        },
      ],
      check: async ({ stores, outcomes }, { path }) => {
        seen.add(String(outcomes[1]));
        expect(await digestsReferring(stores.ports, path)).toEqual(outcomes[1]);
        for (const [digest, image] of new Map<string, BuiltManifest>([
          [subject.digest, subject],
          ...((outcomes[1] as string[]).map((found) => [found, referrer]) as [string, BuiltManifest][]),
        ])) {
          expect(image.digest).toBe(digest);
          await expectWhole(stores, path, image);
        }
      },
    });
    expect([...seen].sort()).toEqual(['', referrer.digest]);
  });

  test('one that an index lists stays with it, whether the index or the expiry comes first', async () => {
    const seen = new Set<string>();
    const listing = buildIndex([referrer]);
    await everySchedule('expiry of referrers × push of an index that lists one', NO_GRACE, {
      prepare: async (stores) => {
        const path = await makeRepository(stores.ports, 'app');
        for (const image of [subject, referrer]) await pushImage(stores.ports, path, image);
        await deleteImages(stores.ports, path, [{ imageDigest: subject.digest }]);
        await outlive(stores);
        stores.clock.advance(TEST_RETENTION.referrers);
        return { path };
      },
      parties: ({ path }) => [
        async (ports) => {
          await collect(ports);
        },
        (ports) => putManifest(ports, path, listing, 'index'),
      ],
      check: async ({ stores, outcomes }, { path }) => {
        const code = codeOf(outcomes[1]);
        seen.add(code);
        if (code === 'done') await expectWhole(stores, path, listing);
        else expect(await imagesIn(stores, path)).toEqual({});
      },
    });
    expect([...seen].sort()).toEqual(['ReferencedImagesNotFound', 'done']);
  });
});
