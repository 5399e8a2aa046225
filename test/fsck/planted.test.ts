import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { randomIds } from '../../src/model/ids.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { beginUpload } from '../../src/registry/layer/upload-session.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import { checkStores, runCheck } from '../support/check-stores.ts';
import { collect } from '../support/collect.ts';
import { blobOf, buildImage, makeRepository, pushBlob, pushImage } from '../support/images.ts';
import type { Bytes } from '../support/stored/bytes.ts';
import { folderOf } from '../support/stored/file-bytes.ts';
import { inDialect, type Spoken } from '../support/stored/rows.ts';
import { HOUR, openStores, type Stores } from '../support/stores.ts';
import { alpha, beta, index, plants, shared, signature } from './plants.ts';

const ids = randomIds();
const LOOK = { deep: false, repair: false, strayAge: -Infinity };
/** Two repositories with images, an index, a referrer, a held image, an upload and a blob without an image. */
async function openFilled(): Promise<Stores> {
  const stores = await openStores({ retention: { undo: 24 * HOUR } });
  const { ports } = stores;
  const app = await makeRepository(ports, 'app');
  const other = await makeRepository(ports, 'other');
  await pushImage(ports, app, alpha, 'v1', 'latest');
  await pushImage(ports, app, index, 'multi');
  await pushImage(ports, app, signature);
  await pushImage(ports, other, alpha, 'v1');
  await pushImage(ports, app, buildImage('held'), 'old');
  await deleteImages(ports, app, [{ imageTag: 'old' }]);
  await pushBlob(ports, other, blobOf('waiting'));
  await beginUpload(ports, app);
  await collect(ports);
  await checkStores(stores);
  return stores;
}

async function plant({ rows }: Stores, ...statements: readonly Spoken[]): Promise<void> {
  const changed = await rows.change(...statements.map((statement) => inDialect(rows, statement)));
  for (const [at, count] of changed.entries()) {
    expect(count, `rows changed by ${JSON.stringify(statements[at])}`).toBeGreaterThan(0);
  }
}

const kindsOf = (findings: readonly { readonly kind: string }[]) =>
  [...new Set(findings.map(({ kind }) => kind))].sort();

describe('A check finds', () => {
  test.each(plants)('$name, and a repair does what it can', async ({ statements, kinds, repairs }) => {
    await using stores = await openFilled();
    await plant(stores, ...statements);
    const { findings } = await runCheck(stores.ports, LOOK);
    expect(kindsOf(findings)).toEqual([...kinds]);
    expect(findings.every((finding) => !finding.repaired && /^[A-Z\d].*\.$/s.test(finding.detail))).toBe(true);

    expect((await runCheck(stores.ports, LOOK)).findings).toEqual(findings);
    const { findings: met, result } = await runCheck(stores.ports, { ...LOOK, repair: true });
    expect(result).toMatchObject({ findings: met.length, repaired: met.filter((one) => one.repaired).length });
    const { findings: left } = await runCheck(stores.ports, LOOK);
    if (!repairs) {
      expect(left.length).toBeGreaterThan(0);
      expect(kinds).toEqual(expect.arrayContaining(kindsOf(left)));
      return;
    }
    expect(left).toEqual([]);
    stores.clock.advance(48 * HOUR);
    await collect(stores.ports);
    await checkStores(stores);
  });

  test('work that the collector should have done an hour ago, and no such work before', async () => {
    await using stores = await openStores({ retention: { undo: 2 * HOUR, lease: HOUR, upload: HOUR, grace: 0 } });
    const { ports, clock } = stores;
    const app = await makeRepository(ports, 'app');
    const gone = await makeRepository(ports, 'gone');
    await pushImage(ports, gone, alpha);
    await pushImage(ports, app, alpha, 'v1');
    await pushImage(ports, app, beta);
    await pushBlob(ports, app, blobOf('idle'));
    await beginUpload(ports, app);
    await collect(ports);
    await deleteRepository(ports, gone, { force: true });
    await deleteImages(ports, app, [{ imageDigest: beta.digest }]);
    await plant(stores, `INSERT INTO gc_trash VALUES ('${'a'.repeat(26)}', 0, ${clock.now() + HOUR}, 0, NULL)`);
    await plant(stores, `UPDATE store_usage SET count = count + 1 WHERE kind = 'trash'`);
    clock.advance(2 * HOUR - 1);
    expect((await runCheck(ports, LOOK)).findings).toEqual([]);
    clock.advance(1);
    expect(kindsOf((await runCheck(ports, LOOK)).findings)).toEqual([
      'link overdue',
      'trash overdue',
      'upload overdue',
    ]);
    clock.advance(HOUR);
    expect(kindsOf((await runCheck(ports, LOOK)).findings)).toEqual([
      'deleted image overdue',
      'link overdue',
      'repository overdue',
      'trash overdue',
      'upload overdue',
    ]);
    expect((await runCheck(ports, { ...LOOK, patience: 2 * HOUR })).findings).toHaveLength(3);
    await collect(ports);
    expect((await runCheck(ports, LOOK)).findings).toEqual([]);
  });

  test('trash that has failed to be erased again and again, with the reason', async () => {
    await using stores = await openStores();
    await plant(
      stores,
      `INSERT INTO gc_trash VALUES ('${'a'.repeat(26)}', 3, ${stores.clock.now() + HOUR}, 9, 'EIO: the disk is ill')`,
      `UPDATE store_usage SET count = 1, bytes = 3 WHERE kind = 'trash'`,
    );
    const { findings } = await runCheck(stores.ports, LOOK);
    expect(kindsOf(findings)).toEqual(['trash overdue']);
    expect(findings[0]?.detail).toContain('EIO: the disk is ill');
  });
});

describe('A look at the bytes', () => {
  const keyOf = async ({ rows }: Stores, digest: string) => {
    const [row] = await rows.query(`SELECT storage_key FROM blob WHERE digest = '${digest}'`);
    return String(row?.['storage_key']);
  };

  test.each([
    ['are gone', (bytes: Bytes, key: string) => bytes.lose(key)],
    ['are cut short', (bytes: Bytes, key: string) => bytes.plant(key, shared.bytes.subarray(0, 3))],
  ])('finds bytes that %s, names whom they belong to, and takes no row away', async (_, harm) => {
    await using stores = await openFilled();
    await harm(stores.bytes, await keyOf(stores, shared.digest));
    const { findings } = await runCheck(stores.ports, { ...LOOK, repair: true, force: true });
    expect(findings).toEqual([
      { kind: 'bytes missing', subject: shared.digest, detail: expect.any(String), repaired: false },
    ]);
    const detail = findings[0]?.detail;
    expect(detail).toContain(`000000000000/us-east-1/app@${alpha.digest} (v1, latest)`);
    expect(detail).toContain(`000000000000/us-east-1/app@${beta.digest};`);
    expect(detail).toContain(`000000000000/us-east-1/other@${alpha.digest} (v1)`);
    expect((await runCheck(stores.ports, LOOK)).findings).toEqual(findings);
  });

  test('finds bytes that have changed only when it is deep', async () => {
    await using stores = await openFilled();
    await stores.bytes.plant(await keyOf(stores, shared.digest), Buffer.alloc(shared.bytes.byteLength, 'x'));
    expect((await runCheck(stores.ports, LOOK)).findings).toEqual([]);
    const { findings } = await runCheck(stores.ports, { ...LOOK, deep: true, repair: true });
    expect(findings).toMatchObject([{ kind: 'bytes differ', subject: shared.digest, repaired: false }]);
  });

  test('finds stray bytes, finished or not, when they are old enough, and a repair leaves them to the collector', async ({
    skip,
  }) => {
    await using stores = await openFilled();
    const folder = folderOf(stores.bytes) ?? skip('the dates of objects are their store’s own');
    const before = await stores.bytesStored();
    const [finished, unfinished] = [ids.storageKey(), ids.storageKey()];
    await stores.bytes.plant(finished, Buffer.from('stray'), stores.clock.now());
    const file = join(folder, 'uploads', unfinished);
    await writeFile(file, 'stray');
    await utimes(file, stores.clock.now() / 1000, stores.clock.now() / 1000);
    const look = { deep: false, repair: false };
    stores.clock.advance(HOUR - 1);
    expect((await runCheck(stores.ports, look)).findings).toEqual([]);
    stores.clock.advance(1);
    const { findings } = await runCheck(stores.ports, { ...look, repair: true });
    const strays = findings.filter(({ kind }) => kind !== 'link overdue');
    expect(strays.map(({ subject }) => subject).sort()).toEqual([finished, unfinished].sort());
    for (const stray of strays) expect(stray).toMatchObject({ kind: 'stray bytes', repaired: true });
    expect(await stores.bytesStored()).toBe(before + 10);
    await checkStores(stores);
    await collect(stores.ports);
    expect(await stores.bytesStored()).toBeLessThanOrEqual(before);
    await checkStores(stores);
  });

  test('reports files that are not Berth’s, and leaves them alone', async ({ skip }) => {
    await using stores = await openFilled();
    const folder = folderOf(stores.bytes) ?? skip('the contract of blob stores plants what is foreign to objects');
    const names = [
      'uploads/notes.txt',
      'blobs/lost+found',
      'blobs/zz/README',
      `blobs/zz/${ids.storageKey().slice(0, -2)}yy`,
    ];
    await mkdir(join(folder, 'blobs/zz'), { recursive: true });
    for (const name of names) await writeFile(join(folder, name), 'mine');
    const { findings } = await runCheck(stores.ports, { ...LOOK, repair: true, force: true });
    expect(kindsOf(findings)).toEqual(['foreign file']);
    expect(findings.map(({ subject }) => subject).sort()).toEqual([...names].sort());
    expect((await runCheck(stores.ports, LOOK)).findings).toHaveLength(4);
  });
});

test('A deep check has the database check itself', async ({ skip }) => {
  await using stores = await openFilled();
  if (stores.rows.dialect === 'postgres') skip('PostgreSQL never looks at foreign keys again');
  expect(await stores.ports.metadata.check()).toEqual([]);
  await plant(stores, `UPDATE tag SET repository_id = 9999 WHERE name = 'latest'`);
  expect(await stores.ports.metadata.check()).toEqual([expect.stringContaining('tag')]);
});
