import type { DeletedImage } from '../../metadata/graveyard-reader.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../metadata/repositories.ts';

/**
 * Makes these images live, and below them whatever they list; what is live, or has been pushed again, stays as it is. All at
 * once, so that what others share with them is held in one order.
 */
export async function restoreTrees(
  tx: MetadataTransaction,
  repository: Repository,
  roots: readonly DeletedImage[],
  now: number,
): Promise<void> {
  const trees = await findTrees(tx, roots, now);
  // Of images that had the same digest, one after the other, the last.
  const last = new Map(trees.toSorted((one, other) => one.id - other.id).map((image) => [image.digest, image]));
  const known = await tx.images.identify(repository.id, [...last.keys()]);
  const live = new Map(known.map((image) => [image.digest, image.id]));
  const back = [...last.values()].filter((image) => !live.has(image.digest));
  await tx.graveyard.restore(scopeOf(repository), back);
  for (const image of back) live.set(image.digest, image.id);
  for (const { id, digest } of trees) {
    const instead = live.get(digest);
    if (instead !== undefined && instead !== id) await tx.graveyard.listInstead(id, instead);
  }
}

/** These images and the deleted ones that they list, at any depth. */
async function findTrees(
  tx: MetadataTransaction,
  roots: readonly DeletedImage[],
  now: number,
): Promise<DeletedImage[]> {
  const found = new Map<number, DeletedImage>();
  for (let level = roots; level.length > 0; ) {
    for (const image of level) found.set(image.id, image);
    const children = await tx.graveyard.childrenOf(level.map((image) => image.id));
    level = (await tx.graveyard.findAll(children, now)).filter((image) => !found.has(image.id));
  }
  return [...found.values()];
}
