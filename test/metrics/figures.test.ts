import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InitiateLayerUploadCommand, UploadLayerPartCommand } from '@aws-sdk/client-ecr';
import { expect, test } from 'vitest';
import { blobBytes, startAdminServer, UNDO_WINDOW } from '../admin/support/admin-server.ts';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage, layerOf } from '../support/images.ts';
import { bytesIn } from '../support/temp-folder.ts';
import { figuresOf } from './support.ts';

/** More than the undo window, the leases and the graces of a server under test together. */
const LATER = 30 * 86_400_000;

const bytesOf = (kind: string, registry = 'account="000000000000",region="us-east-1"') =>
  `berth_storage_bytes{${registry},kind="${kind}"}`;

test('a server that has nothing publishes zeros of the store, no registry and no round', async () => {
  await using server = await startAdminServer();
  const figures = await figuresOf(server);
  expect(figures).toMatchObject({
    'berth_scrape_collector_success{collector="usage"}': 1,
    'berth_scrape_collector_success{collector="collection"}': 1,
    'berth_scrape_collector_success{collector="process"}': 1,
    'berth_store_objects{kind="blobs"}': 0,
    'berth_store_bytes{kind="uploads"}': 0,
    berth_uploads_active: 0,
    berth_registries_truncated: 0,
    'berth_gc_runs_total{result="success"}': 0,
    berth_gc_reclaimed_bytes_total: 0,
    berth_gc_deleted_images: 0,
  });
  expect(
    Object.keys(figures).filter((series) =>
      /^berth_(?:images|storage_bytes|gc_(?:duration|last_run|oldest))/.test(series),
    ),
  ).toEqual([]);
});

test('after pushes, a deletion and a round of collection the figures are exact', async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  const base = layerOf('base');
  const a = await repository.push(buildImage('a', { layers: [base, layerOf('a')] }), 'a');
  const b = await repository.push(buildImage('b', { layers: [base, layerOf('b')] }), 'b', 'also-b');
  const together = blobBytes(a) + blobBytes(b) - base.bytes.byteLength;
  const onlyA = together - blobBytes(b);
  const pushed = await figuresOf(server);
  expect(pushed).toMatchObject({
    'berth_images{account="000000000000",region="us-east-1"}': 2,
    [bytesOf('logical')]: blobBytes(a) + blobBytes(b),
    [bytesOf('unique')]: together,
    [bytesOf('held')]: 0,
    [bytesOf('idle')]: 0,
    'berth_store_objects{kind="blobs"}': 5,
    'berth_store_bytes{kind="blobs"}': together,
    'berth_store_bytes{kind="trash"}': 0,
  });

  const deletedAt = server.clock.now();
  await repository.delete({ imageTag: 'a' });
  expect(await figuresOf(server)).toMatchObject({
    'berth_images{account="000000000000",region="us-east-1"}': 1,
    [bytesOf('logical')]: blobBytes(b),
    [bytesOf('unique')]: blobBytes(b),
    [bytesOf('held')]: onlyA,
    'berth_store_bytes{kind="blobs"}': together,
    berth_gc_deleted_images: 1,
    'berth_gc_oldest_timestamp_seconds{queue="deleted"}': (deletedAt + UNDO_WINDOW) / 1000,
  });

  // What one step of the life of a deletion makes due is done by the round or by the next.
  for (let round = 0; round < 4; round += 1) {
    server.clock.advance(LATER);
    await server.post('gc/run', {});
  }
  const collected = await figuresOf(server);
  expect(collected).toMatchObject({
    [bytesOf('unique')]: blobBytes(b),
    [bytesOf('held')]: 0,
    [bytesOf('idle')]: 0,
    'berth_store_objects{kind="blobs"}': 3,
    'berth_store_objects{kind="trash"}': 0,
    'berth_store_bytes{kind="blobs"}': blobBytes(b),
    'berth_gc_runs_total{result="success"}': 4,
    'berth_gc_runs_total{result="failure"}': 0,
    berth_gc_reclaimed_keys_total: 2,
    berth_gc_reclaimed_bytes_total: onlyA,
    berth_gc_duration_seconds: 0,
    berth_gc_last_run_timestamp_seconds: server.clock.now() / 1000,
    berth_gc_deleted_images: 0,
    berth_gc_failing_keys: 0,
  });
  expect(Object.keys(collected).filter((series) => series.startsWith('berth_gc_oldest'))).toEqual([]);
  expect(await bytesIn(join(server.folder, 'blobs'))).toBe(blobBytes(b));
});

test('accounts and regions are counted apart, and no label names a repository', async () => {
  await using server = await startAdminServer();
  for (const [name, caller] of Object.entries({
    mine: {},
    theirs: { accessKeyId: '123456789012' },
    far: { region: 'eu-west-1' },
  })) {
    const repository = await freshRepository(server.ecr.clientOf(caller));
    await repository.push(buildImage(name), 'a');
  }
  const figures = await figuresOf(server);
  expect(Object.keys(figures).filter((series) => series.startsWith('berth_images'))).toEqual([
    'berth_images{account="000000000000",region="us-east-1"}',
    'berth_images{account="123456789012",region="us-east-1"}',
    'berth_images{account="000000000000",region="eu-west-1"}',
  ]);
  expect(figures[bytesOf('unique', 'account="123456789012",region="us-east-1"')]).toBe(blobBytes(buildImage('theirs')));
  expect(Object.keys(figures).join()).not.toContain('team/repository');
});

test('an upload that is not complete is counted with the bytes it has', async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  const { uploadId } = await server.ecr.client.send(new InitiateLayerUploadCommand(repository.named));
  expect(await figuresOf(server)).toMatchObject({ berth_uploads_active: 1, 'berth_store_bytes{kind="uploads"}': 0 });
  const part = { uploadId, partFirstByte: 0, partLastByte: 4, layerPartBlob: Buffer.from('hello') };
  await server.ecr.client.send(new UploadLayerPartCommand({ ...repository.named, ...part }));
  expect(await figuresOf(server)).toMatchObject({ berth_uploads_active: 1, 'berth_store_bytes{kind="uploads"}': 5 });
});

test('bytes that cannot be erased are counted as failing, and not as given back', async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  const image = await repository.push(buildImage('stuck'), 'a');
  // Where the files of blobs were, there are folders that are not empty: nothing to erase, and no way to.
  const blobs = join(server.folder, 'blobs');
  const files = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    await chmod(path, 0o600);
    await rm(path);
    await mkdir(path);
    await writeFile(join(path, 'in the way'), '');
  }
  await repository.delete({ imageTag: 'a' });
  for (let round = 0; round < 4; round += 1) {
    server.clock.advance(LATER);
    await server.post('gc/run', {});
  }
  expect(files).toHaveLength(2);
  expect(await figuresOf(server)).toMatchObject({
    berth_gc_failing_keys: 2,
    'berth_store_objects{kind="trash"}': 2,
    'berth_store_bytes{kind="trash"}': blobBytes(image),
    berth_gc_reclaimed_keys_total: 0,
    berth_gc_reclaimed_bytes_total: 0,
  });
});
