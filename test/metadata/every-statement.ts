import { CARRIED, type Carried, carried, isNumbered } from '../../src/metadata/carried-tables.ts';
import type { Lookups } from '../../src/metadata/lookups.ts';
import type { MetadataStore, MetadataTransaction, MetadataView } from '../../src/metadata/metadata-store.ts';
import { scopeOf } from '../../src/metadata/repositories.ts';
import type { Row } from '../../src/metadata/transfer.ts';
import {
  deleteImages,
  ids,
  insertBlob,
  insertImage,
  insertRepository,
  NOW,
  putTags,
  REGISTRY,
} from '../contract/metadata/fixture.ts';

export const DIGEST = `sha256:${'a'.repeat(64)}` as const;

/** Methods that only other methods can call. */
const INNER = ['namedBy'];

/** Notes in `unused` every method of these readers and writers until it is called. */
export function watched<T extends object>(areas: T, unused: Set<string>): T {
  const wrap = (area: string, of: object): object => {
    for (let type = Object.getPrototypeOf(of); type !== Object.prototype; type = Object.getPrototypeOf(type)) {
      for (const name of Object.getOwnPropertyNames(type))
        if (!['constructor', ...INNER].includes(name)) unused.add(`${area}.${name}`);
    }
    return new Proxy(of, {
      get: (target, name) => {
        unused.delete(`${area}.${String(name)}`);
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member === 'function') return member.bind(target);
        return typeof member === 'object' && member !== null ? wrap(`${area}.${String(name)}`, member) : member;
      },
    });
  };
  return Object.fromEntries(Object.entries(areas).map(([area, of]) => [area, wrap(area, of)])) as T;
}

/** Calls every method of the writers, with every choice that changes the text of its statement. */
export async function useWriters(tx: MetadataTransaction): Promise<void> {
  const app = await insertRepository(tx, 'app');
  const scope = scopeOf(app);
  await useRepositories(tx, app.id);

  const blob = await insertBlob(tx, 'x');
  await tx.links.put(scope, blob, NOW);
  await tx.links.keep(app.id, [blob.id], NOW);
  await tx.links.bytesOf(scope, [blob.id]);
  await tx.blobs.putMediaType(app.id, [blob.id], 'type');
  await tx.blobs.find(app.id, DIGEST);
  await tx.blobs.findAll(app.id, [DIGEST]);
  await tx.blobs.findAnywhere(DIGEST);
  await tx.blobs.locate(DIGEST);
  await tx.blobs.moveTo(blob.id, ids.storageKey());

  const missing = { blobs: [{ ...blob, mediaType: 'type' }], children: [DIGEST] };
  const sparse = await insertImage(tx, app, 'sha256:sparse', { missing });
  const child = await insertImage(tx, app, DIGEST, { blobs: [blob], imageSize: 1 });
  const parent = await insertImage(tx, app, 'sha256:parent', { childIds: [child.id] });
  await putTags(tx, app, child, 'a', 'b');
  await putTags(tx, app, parent, 'b');
  await useImages(tx, app.id, child.id);
  await tx.links.releaseOf(scope, [child.id]);
  await tx.links.makeUp(scope, [blob.id]);
  await tx.images.makeUp(scope, [child.id]);
  await tx.links.hide(app.id, 0, NOW);
  await tx.links.listSeers(app.registryKey, DIGEST, 9);
  await tx.links.name(scope, [child.id], { held: false });
  await tx.links.release(scope, [child.id], { hold: true, keepUntil: NOW });
  await tx.links.letGo(scope, [child.id]);

  const storageKey = ids.storageKey();
  await tx.uploads.insert({ id: 'u', repositoryId: app.id, storageKey, expiresAt: NOW });
  const upload = await tx.uploads.find(app.id, 'u');
  if (upload) await tx.uploads.advance(upload, { ...upload, state: 'a' }, [{ storageKey: ids.storageKey(), size: 1 }]);
  await tx.uploads.takeExpired(NOW, 9);
  await tx.uploads.listOfRepository(app.id, 9);
  await tx.uploads.delete('u');
  if (upload) await tx.uploads.deleteAt(upload);

  await useRepairs(tx, app.id, child.id, blob.id);
  await tx.usage.find('repository', app.id);
  await tx.usage.ofStore();
  await tx.usage.listRegistries({ after: 0, limit: 9 });
  await tx.usage.add(scope, { images: 0 }, []);
  await tx.usage.addToStore('trash', { count: 1, bytes: 1 });
  await tx.collection.discard({ storageKey, size: 1, notBefore: NOW });
  await tx.collection.takeTrash(NOW, 9, NOW);
  await tx.collection.postponeTrash({ storageKey, notBefore: NOW, error: 'x' });
  await tx.collection.forgetTrash([{ storageKey, attempts: 1 }]);
  await tx.tags.delete(app.id, ['a']);
  await useGraveyard(tx, app, [parent, child, sparse]);
  await tx.links.takeIdle(NOW, 9);
  await tx.links.holdBlobsOf([1]);
  await tx.links.remove(scope, [blob.id]);
  await tx.collection.condemn([blob.id], NOW);
  await tx.repositories.deleteEmpty(app.id);
  await tx.usage.forget(app.id);
  await useSecrets(tx);
  await useTransfer(tx);
}

/** Calls every lookup, by itself and beside another one. */
export async function useLookups(metadata: MetadataStore): Promise<void> {
  const path = { registry: REGISTRY, repositoryName: 'app' };
  for (const together of [1, 2]) {
    const ask = (look: (lookups: Lookups) => Promise<unknown>) =>
      Promise.all(Array.from({ length: together }, () => metadata.lookUp(look)));
    await ask((lookups) => lookups.images(path, [{ tag: 'a' }, { digest: DIGEST }]));
    await ask((lookups) => lookups.blobs(path, [DIGEST]));
    await ask((lookups) => lookups.upload(path, 'u'));
  }
}

async function useRepositories({ repositories }: MetadataTransaction, id: number): Promise<void> {
  await repositories.find(REGISTRY, 'app');
  await repositories.glance(REGISTRY, 'app');
  await repositories.findById(id);
  await repositories.findRegistry(REGISTRY);
  await repositories.count(REGISTRY);
  await repositories.list(REGISTRY, { after: '', limit: 9 });
  await repositories.putTagMutability(id, { mode: 'MUTABLE', exclusionFilters: [] });
  await repositories.putResourceTags(id, [{ key: 'a', value: '1' }]);
  await repositories.resourceTags(id);
  await repositories.deleteResourceTags(id, ['a']);
  await repositories.markDeleted(id, NOW, NOW);
  await repositories.findDeleted(REGISTRY, 'app', NOW);
  await repositories.takeDismantled(NOW, 9);
  await repositories.postponeDismantling(id, NOW);
  await repositories.restore(id);
}

async function useImages({ images, tags }: MetadataTransaction, repositoryId: number, imageId: number): Promise<void> {
  await tags.resolve(repositoryId, ['a']);
  await tags.list(repositoryId, { prefix: 'a', after: '', limit: 9 });
  await tags.listNames(repositoryId, { after: '', limit: 9 });
  await images.findAll(repositoryId, [DIGEST]);
  await images.identify(repositoryId, [DIGEST]);
  await images.parentsOf([imageId]);
  await images.hasAny(repositoryId);
  await images.recordPulls([imageId], NOW);
  for (const tagged of [undefined, true, false]) {
    await images.list(repositoryId, { tagged, after: undefined, limit: 9 });
    await images.listTagged(repositoryId, { tagged, after: undefined, limit: 9 });
    await images.listDated(repositoryId, { tagged, after: undefined, limit: 9 });
  }
  await images.findDated(repositoryId, [DIGEST]);
  for (const artifactTypes of [[], ['a'], ['a', 'b']]) {
    await images.listReferrers(repositoryId, DIGEST, { artifactTypes, after: '', limit: 9 });
  }
  await images.listReferrersOf(repositoryId, [DIGEST], 9);
}

/** Deletes these images, brings them back, and deletes them for good. */
async function useGraveyard(
  tx: MetadataTransaction,
  app: Parameters<typeof deleteImages>[1],
  images: Parameters<typeof deleteImages>[2],
): Promise<void> {
  const { graveyard, orphans } = tx;
  const digests = images.map((image) => image.digest);
  const undoable = { at: NOW, purgeAt: NOW + 1 };
  await graveyard.keepTags(app.id, ['b'], undoable);
  await deleteImages(tx, app, images, undoable);
  // Another statement than where nothing is deleted.
  await tx.tags.listNames(app.id, { after: '', limit: 9 });
  await orphans.note(app.id, digests, NOW);
  await orphans.takeDue(NOW, 9);
  await orphans.forget(app.id, digests);
  const ids = images.map((image) => image.id);
  const dead = await graveyard.findAll(ids, NOW);
  await graveyard.list(app.id, { now: NOW, after: '', limit: 9 });
  await graveyard.listDeletedAt(app.id, NOW, '', 9);
  await graveyard.listTags(app.id, { now: NOW, after: '', limit: 9 });
  await graveyard.find(app.id, DIGEST, NOW);
  await graveyard.findTag(app.id, 'b', NOW);
  await graveyard.tagsOf(dead);
  await graveyard.childrenOf(ids);
  await graveyard.listInstead(0, 0);
  await graveyard.hold(dead);
  await graveyard.restore(scopeOf(app), dead);
  await graveyard.forgetTags([1]);
  await deleteImages(tx, app, images, undoable);
  for (let due = [0]; due.length > 0; ) {
    const purgeable = await graveyard.takePurgeable(NOW + 1, 1);
    due = purgeable.map((image) => image.id);
    if (due.length > 0) await graveyard.purge(scopeOf(app), purgeable);
  }
  await graveyard.purgeTags(NOW, 9);
}

async function useRepairs({ repairs }: MetadataTransaction, repositoryId: number, id: number, blobId: number) {
  const counts = { refs: 1, holds: 0 };
  await repairs.setLinkCounts({ repositoryId, blobId }, counts, counts);
  await repairs.setLinkCopies({ repositoryId, blobId });
  await repairs.addTag({ repositoryId, name: 'a', manifestId: id });
  await repairs.removeTag({ repositoryId, name: 'a', manifestId: id });
  await repairs.addDigest({ repositoryId, name: DIGEST, manifestId: id });
  for (const kind of ['tag', 'digest'] as const)
    await repairs.forgetName(kind, { repositoryId, name: 'a', manifestId: id });
  await repairs.setBlobBytes({ repositoryId, manifestId: id }, 1, 1, 1);
  await repairs.shiftUsage('repository', repositoryId, {});
  await repairs.retire({ id, repositoryId, digest: DIGEST }, NOW);
  await repairs.keepLive({ id, repositoryId, digest: DIGEST });
  await repairs.takeOutOfTrash('key');
}

async function useSecrets({ secrets }: MetadataTransaction): Promise<void> {
  const secret = { name: 'key', value: new Uint8Array(1) };
  await secrets.getOrPut(secret.name, secret.value);
  await secrets.find(secret.name);
  await secrets.list();
  await secrets.put(secret);
  await secrets.hold(secret);
  await secrets.forget(secret.name);
}

/** Takes every table away, and puts it where it was. */
async function useTransfer({ transfer }: MetadataTransaction): Promise<void> {
  await transfer.filled();
  const rows = new Map<Carried, Row[]>();
  for (const table of CARRIED) {
    const page = await transfer.list(table, undefined, 9);
    rows.set(table, page);
    const [first] = page;
    if (first) await transfer.list(table, first, 9);
    await transfer.last(table);
    await transfer.count(table);
    await transfer.sizeUp(table);
    if (isNumbered(table)) await transfer.skipIds(table, await transfer.greatestId(table));
  }
  await transfer.remove(carried('blob'), { id: 0 });
  for (const table of CARRIED.toReversed()) await transfer.removeLast(table, 99);
  for (const [table, before] of rows) if (before.length > 0) await transfer.insert(table, before);
}

/** Calls every method that a view has and a transaction has not. */
export async function useViews({
  collection,
  inspection,
}: Pick<MetadataView, 'collection' | 'inspection'>): Promise<void> {
  await collection.status();
  const { images, links, blobs, queues } = inspection;
  await images.listManifests(0, 9);
  await images.bytesOf([1]);
  await images.referencesOf([1]);
  await images.childrenOf([1]);
  await images.missingOf([1]);
  await images.listImages({ repositoryId: 0, manifestId: 0 }, 9);
  for (const kind of ['tag', 'digest'] as const) await images.listNames(kind, { repositoryId: 0, name: '' }, 9);
  await links.list({ blobId: 0, registryKey: 0, repositoryId: 0 }, 9);
  await links.countNamers({ blobId: 1, repositoryId: 1 }, 0, 9);
  await links.listUsage({ scope: '', id: 0 }, 9);
  await blobs.list(0, 9);
  await blobs.isUnder(1, 'key');
  await blobs.findUnknown([ids.storageKey()]);
  await blobs.imagesNaming(1, 9);
  await queues.listRepositories(0, 9);
  await queues.listDeletedImages(0, 9);
  await queues.listTrash('', 9);
  await queues.listUploads('', 9);
}
