import { describe, expect, test } from 'vitest';
import { expireUploads } from '../../../src/registry/collection/expire-uploads.ts';
import { appendToUpload } from '../../../src/registry/layer/append-upload.ts';
import { completeUpload } from '../../../src/registry/layer/complete-upload.ts';
import { promiseBlobs } from '../../../src/registry/layer/find-blobs.ts';
import { beginUpload, cancelUpload, type UploadPath } from '../../../src/registry/layer/upload-session.ts';
import type { Ports } from '../../../src/registry/ports.ts';
import { collect } from '../../support/collect.ts';
import { blobOf, chunksOf, makeRepository, pushBlob, putManifest } from '../../support/images.ts';
import { everySchedule } from '../../support/schedules/every-schedule.ts';
import { codeOf, expectWhole, imagesIn, NO_GRACE, plainImage } from '../../support/schedules/scenes.ts';
import { HOUR, type Stores } from '../../support/stores.ts';

const image = plainImage('slow');
const content = image.blobs[0] ?? blobOf('');
const half = Math.floor(content.bytes.byteLength / 2);

/** An upload with the first half of its bytes. */
async function halfway(stores: Stores) {
  const path = await makeRepository(stores.ports, 'app');
  const upload = { ...path, uploadId: await beginUpload(stores.ports, path) };
  await append(stores.ports, upload, content.bytes.subarray(0, half));
  return { path, upload };
}

function append(ports: Ports, upload: UploadPath, bytes: Uint8Array) {
  return appendToUpload(ports, upload, { bytes: chunksOf(bytes), first: undefined, length: bytes.byteLength });
}

/** Nothing of an upload but its row. */
async function begun(stores: Stores) {
  const path = await makeRepository(stores.ports, 'app');
  return { path, upload: { ...path, uploadId: await beginUpload(stores.ports, path) } };
}

const finishes =
  (upload: UploadPath, from: number) =>
  async (ports: Ports): Promise<string> => {
    await append(ports, upload, content.bytes.subarray(from));
    await completeUpload(ports, upload, content.digest);
    await putManifest(ports, upload, image, 'new');
    return 'pushed';
  };

const STARTS = [
  { stage: 'begun', prepare: begun, from: 0 },
  { stage: 'halfway', prepare: halfway, from: half },
] as const;

describe.each(STARTS)('In every order, an upload that has $stage', ({ stage, prepare, from }) => {
  test.each<[string, (ports: Ports, upload: UploadPath, strike: () => Promise<void>) => Promise<void>]>([
    [
      'expires and is collected',
      async (ports, _, strike) => {
        await strike();
        await collect(ports);
      },
    ],
    [
      'expires',
      async (ports, _, strike) => {
        await strike();
        await expireUploads(ports);
      },
    ],
    [
      'is cancelled and collected',
      async (ports, upload) => {
        await cancelUpload(ports, upload);
        await collect(ports);
      },
    ],
  ])(
    'GC-26: that %s, while its last bytes arrive and it is completed, is a whole blob or is not there',
    async (how, end) => {
      const seen = new Set<string>();
      await everySchedule(`an upload (${stage}) ${how} × its last PATCH, PUT and manifest`, NO_GRACE, {
        prepare,
        parties: ({ upload }, clock) => [
          (ports, pause) =>
            end(ports, upload, async () => {
              await pause('the hour strikes');
              clock.advance(24 * HOUR);
            }),
          finishes(upload, from),
        ],
        check: async ({ stores, outcomes }, { path }) => {
          const pushed = outcomes[1] === 'pushed';
          const code = pushed ? 'done' : codeOf(outcomes[1]);
          seen.add(code);
          expect(await imagesIn(stores, path)).toEqual(pushed ? { [image.digest]: ['new'] } : {});
          if (pushed) await expectWhole(stores, path, image);
        },
      });
      // Where it expires, its blob may have been completed so long ago that the lease is over, too.
      expect([...seen].sort()).toEqual(
        how === 'expires and is collected' ? ['LayersNotFound', 'UploadNotFound', 'done'] : ['UploadNotFound', 'done'],
      );
    },
  );

  // What one process keeps in memory of uploads under way leaves no footprint; three-parties.test.ts goes there at random.
  test('GC-26: that two processes append to and complete at once is the blob that was acknowledged, or none', async () => {
    const seen = new Set<string>();
    await everySchedule(
      `PATCH, PUT × PATCH of one upload (${stage})`,
      { ...NO_GRACE, apart: true },
      {
        prepare,
        parties: ({ upload }) => [
          async (ports) => {
            await append(ports, upload, content.bytes.subarray(from));
            await completeUpload(ports, upload, content.digest);
            return 'completed';
          },
          async (ports) => {
            await append(ports, upload, content.bytes.subarray(from));
            return 'appended';
          },
        ],
        check: async ({ stores, outcomes }, { path }) => {
          const codes = outcomes.map((outcome) => (outcome instanceof Error ? codeOf(outcome) : String(outcome)));
          seen.add(codes.join());
          const known = await promiseBlobs(stores.ports, path, [content.digest]);
          expect(known).toHaveLength(codes[0] === 'completed' ? 1 : 0);
          if (codes[0] !== 'completed') return;
          await putManifest(stores.ports, path, image, 'new');
          await expectWhole(stores, path, image);
        },
      },
    );
    expect(seen.size).toBeGreaterThan(1);
  });
});

describe('In every order, an upload', () => {
  test('that was acknowledged after its hour had come is not ended by the hour', async () => {
    await everySchedule('a PATCH beyond the hour × expiry', NO_GRACE, {
      prepare: async (stores) => {
        const context = await halfway(stores);
        stores.clock.advance(24 * HOUR);
        return context;
      },
      parties: ({ upload }) => [
        async (ports) => {
          await collect(ports);
        },
        async (ports) => {
          await append(ports, upload, content.bytes.subarray(half));
          return 'acknowledged';
        },
      ],
      check: async ({ stores, outcomes }, { path, upload }) => {
        if (outcomes[1] !== 'acknowledged') {
          expect(codeOf(outcomes[1])).toBe('UploadNotFound');
          return;
        }
        await completeUpload(stores.ports, upload, content.digest);
        expect(await promiseBlobs(stores.ports, path, [content.digest])).toHaveLength(1);
      },
    });
  });

  test('of bytes that another one has just stored is the same blob, stored once', async () => {
    await everySchedule('upload × upload of the same bytes', NO_GRACE, {
      prepare: async (stores) => ({
        one: await makeRepository(stores.ports, 'one'),
        other: await makeRepository(stores.ports, 'other'),
      }),
      parties: ({ one, other }) => [
        (ports) => pushBlob(ports, one, content),
        (ports) => pushBlob(ports, other, content),
      ],
      check: async ({ stores, outcomes }, { one, other }) => {
        expect(outcomes).toEqual([undefined, undefined]);
        await collect(stores.ports);
        expect(await stores.bytesStored()).toBe(content.bytes.byteLength);
        for (const path of [one, other]) {
          expect(await promiseBlobs(stores.ports, path, [content.digest])).toHaveLength(1);
        }
      },
    });
  });
});
