import { DeleteObjectCommand, DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { keyOf, type StorageKey, type StoredName } from '../../model/ids.ts';
import type { Bucket } from './bucket.ts';
import { inParallel } from './in-parallel.ts';
import { gatheringOf } from './layout.ts';
import { isNoSuchUpload, isNotImplemented } from './s3-error.ts';

/** S3 takes no more names in one request. */
const TOGETHER = 1000;

/**
 * Aborts gatherings and deletes objects. Gatherings go first: what one of them might still become has the name of an object
 * that goes after it.
 */
export async function eraseNames(
  bucket: Bucket,
  names: readonly StoredName[],
): Promise<ReadonlyMap<StoredName, Error>> {
  const failures = new Map<StoredName, Error>();
  await inParallel(names, async (name) => {
    const gathering = gatheringOf(name);
    if (!gathering) return;
    await bucket.abort(gathering).catch((error: Error) => {
      if (!isNoSuchUpload(error)) failures.set(name, error);
    });
  });
  const keys = [...new Set(names.filter((name) => keyOf(name) === name))] as StorageKey[];
  for (let at = 0; at < keys.length; at += TOGETHER) {
    const failed = await deleteObjects(bucket, keys.slice(at, at + TOGETHER));
    for (const [key, error] of failed) failures.set(key, error);
  }
  return failures;
}

/** The store names each object that is gone; one that it does not name may be there still, whatever the answer says. */
async function deleteObjects(bucket: Bucket, keys: readonly StorageKey[]): Promise<ReadonlyMap<StorageKey, Error>> {
  const { client, name, layout } = bucket;
  const Objects = keys.map((key) => ({ Key: layout.object(key) }));
  try {
    const { Deleted = [], Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: name, Delete: { Objects, Quiet: false } }),
    );
    const refused = new Map(Errors.map(({ Key = '', Code = '', Message = '' }) => [Key, { Code, Message }]));
    const gone = new Set(Deleted.map(({ Key }) => Key));
    const failures = new Map<StorageKey, Error>();
    for (const key of keys) {
      const object = layout.object(key);
      const refusal = refused.get(object);
      if (refusal && refusal.Code !== 'NoSuchKey') {
        failures.set(key, new Error(`The store did not delete ${key}: ${refusal.Code} ${refusal.Message}`));
      } else if (!refusal && !gone.has(object)) {
        failures.set(key, new Error(`The store does not say that it has deleted ${key}`));
      }
    }
    return failures;
  } catch (error) {
    if (!isNotImplemented(error)) throw error;
    return deleteOneByOne(bucket, keys);
  }
}

async function deleteOneByOne(
  { client, name, layout }: Bucket,
  keys: readonly StorageKey[],
): Promise<ReadonlyMap<StorageKey, Error>> {
  const failures = new Map<StorageKey, Error>();
  await inParallel(keys, async (key) => {
    const deleted = client.send(new DeleteObjectCommand({ Bucket: name, Key: layout.object(key) }));
    await deleted.catch((error: Error) => failures.set(key, error));
  });
  return failures;
}
