import { expect, test } from 'vitest';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { MOST_FINDINGS } from '../../src/registry/fsck/check-store.ts';
import { checkStores, runCheck } from '../support/check-stores.ts';
import { buildImage, layerOf, makeRepository, pushImage, putManifest } from '../support/images.ts';
import { HOUR, openStores } from '../support/stores.ts';

const LOOK = { deep: false, repair: false, strayAge: -Infinity };
const IMAGES = 1200;

test('A blob that more than a thousand images need is counted in full, and rows are checked beyond the first page', async () => {
  await using stores = await openStores({ retention: { undo: 24 * HOUR } });
  const { ports } = stores;
  const app = await makeRepository(ports, 'app');
  const layers = [layerOf('everywhere')];
  await pushImage(ports, app, buildImage('many', { layers }), 'first');
  const images = Array.from({ length: IMAGES }, (_, at) =>
    buildImage('many', { layers, annotations: { number: String(at) } }),
  );
  // Not all at once: no server lets so many in.
  for (let first = 0; first < IMAGES; first += 100) {
    await Promise.all(
      images.slice(first, first + 100).map((image, at) => putManifest(ports, app, image, `v${first + at}`)),
    );
  }
  for (let at = 0; at < 600; at += 100) {
    const ids = images.slice(at, at + 100).map((image) => ({ imageDigest: image.digest }));
    expect((await deleteImages(ports, app, ids)).deleted).toHaveLength(100);
  }
  const { findings, result } = await runCheck(ports, LOOK);
  expect(findings).toEqual([]);
  expect(result.checked).toMatchObject({
    manifests: IMAGES + 1,
    images: 601,
    tags: 601,
    'deleted images': 600,
    links: 2,
  });
  await checkStores(stores);

  await stores.rows.change(
    'UPDATE repository_blob SET refs = refs - 1, holds = holds + 1',
    "UPDATE image SET tags = '[]'",
  );
  const found = await runCheck(ports, LOOK);
  expect(found.findings.filter(({ kind }) => kind === 'link counts').map(({ detail }) => detail)).toEqual(
    Array(2).fill('601 images need the blob and 600 deleted ones hold it; 600 and 601 are on record.'),
  );
  expect(found.result.findings).toBe(603);
  expect(found.findings).toHaveLength(603);
  expect((await runCheck(ports, { ...LOOK, repair: true })).result).toMatchObject({ findings: 603, repaired: 603 });
  expect((await runCheck(ports, LOOK)).findings).toEqual([]);
  await checkStores(stores);
});

test('More contradictions than one run holds are put right in several', async () => {
  await using stores = await openStores();
  const { ports } = stores;
  await makeRepository(ports, 'app');
  await stores.rows.change(
    `WITH RECURSIVE number (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM number WHERE value < ${MOST_FINDINGS + 500})
    INSERT INTO usage (scope, id, images, logical_bytes, live_bytes, held_bytes, idle_bytes)
      SELECT 'repository', 1000 + value, 1, 0, 0, 0, 0 FROM number`,
  );
  const first = await runCheck(ports, { ...LOOK, repair: true });
  expect(first.result).toMatchObject({ findings: MOST_FINDINGS + 1, repaired: MOST_FINDINGS });
  expect(first.findings.at(-1)?.kind).toBe('more findings');
  const second = await runCheck(ports, { ...LOOK, repair: true });
  expect(second.result).toMatchObject({ findings: 500, repaired: 500 });
  expect((await runCheck(ports, LOOK)).findings).toEqual([]);
});
