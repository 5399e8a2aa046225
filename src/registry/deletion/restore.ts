import type { DeletedImage, DeletedTag } from '../../metadata/graveyard-reader.ts';
import type { MetadataTransaction } from '../../metadata/metadata-store.ts';
import { type Repository, scopeOf } from '../../metadata/repositories.ts';
import { failpoint } from '../../model/failpoint.ts';
import { Fault } from '../../model/fault.ts';
import { checkSyntax, type ImageIdentifier, identifierOf } from '../image/image-identifier.ts';
import { portionsOf } from '../portions.ts';
import type { Ports } from '../ports.ts';
import { getRepository, namesOf, type RepositoryPath } from '../repository/repository-path.ts';
import { listAllRestorable } from './list-restorable.ts';
import { restoreTrees } from './restore-trees.ts';

const BATCH = 200;

export interface Restored {
  /** What is live again: an image once for each tag that came back with it, or once without. */
  readonly restored: readonly ImageIdentifier[];
  readonly failures: readonly RestoreFailure[];
}

/** What did not come back. A tag that did not leaves its image to come back without it. */
export interface RestoreFailure {
  readonly imageId: ImageIdentifier;
  readonly code: 'ImageNotFound' | 'ImageTagAlreadyExists';
  readonly reason: string;
}

/** What the wishes granted so far have come to. */
interface Done {
  readonly restored: ImageIdentifier[];
  readonly failures: RestoreFailure[];
  /** Digests that were told of, and deleted tags that are back, by their ids. */
  readonly images: Set<string>;
  readonly tags: Set<number>;
}

/** What is to come back: an image if it is not live, and these of its tags. */
interface Wish {
  readonly imageId: ImageIdentifier;
  readonly digest: string;
  readonly image: DeletedImage | undefined;
  readonly tags: readonly DeletedTag[];
}

/**
 * Brings back images and tags that were deleted within the undo window: a digest with the tags that went with it, a tag with
 * its image, or all there is, judged by the state before the request. What an index lists comes back with it, untagged unless
 * its tags are asked for, too. A tag that has been given to an image since stays where it is. One transaction.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function restoreImages(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
  imageIds: readonly ImageIdentifier[] | 'all',
): Promise<Restored> {
  const answer = await metadata.write(async (tx) => {
    const repository = await getRepository(tx, path);
    const now = clock.now();
    const wanted = imageIds === 'all' ? await listAllRestorable(tx, repository.id, now) : imageIds;
    const done: Done = { restored: [], failures: [], images: new Set(), tags: new Set() };
    const wishes: Wish[] = [];
    for (const imageId of wanted) {
      const wish = await findWish(tx, repository, imageId, now);
      if (wish) wishes.push(wish);
      else done.failures.push(notFound(imageId));
    }
    const roots = wishes.flatMap(({ image }) => image ?? []);
    // Not before all are found: an index brings back images that have tags of their own to be found by.
    await restoreTrees(tx, repository, roots, now);
    for (const wish of wishes) await grant(tx, repository, wish, now, done);
    return { restored: done.restored, failures: done.failures };
  });
  await failpoint('restore.done');
  return answer;
}

/**
 * Brings back the repository of this name that was deleted last, with the images and tags it had. One transaction, which
 * takes longer the more images the workers have taken apart since.
 *
 * @throws Fault `RepositoryAlreadyExists` when the name has been taken, `RepositoryNotFound`
 */
export async function restoreRepository(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
): Promise<{ readonly images: number }> {
  const answer = await metadata.write(async (tx) => {
    const now = clock.now();
    if (await tx.repositories.find(path.registry, path.repositoryName)) {
      throw new Fault('RepositoryAlreadyExists', namesOf(path));
    }
    const deleted = await tx.repositories.findDeleted(path.registry, path.repositoryName, now);
    if (!deleted) throw new Fault('RepositoryNotFound', namesOf(path));
    await tx.repositories.restore(deleted.repositoryId);
    const repository = await getRepository(tx, path);
    const gone = await listDeletedAt(tx, repository, deleted.deletedAt);
    await tx.graveyard.hold(gone);
    for await (const images of portionsOf(gone, BATCH)) {
      const tags = await tx.graveyard.tagsOf(images);
      await tx.graveyard.restore(scopeOf(repository), images);
      for (const image of images) await putTags(tx, repository, image, tags.get(image.id) ?? [], now);
    }
    return { images: (await tx.usage.find('repository', repository.id)).images };
  });
  await failpoint('restore.done');
  return answer;
}

async function listDeletedAt(
  tx: MetadataTransaction,
  repository: Repository,
  deletedAt: number,
): Promise<DeletedImage[]> {
  const images: DeletedImage[] = [];
  for (let page: DeletedImage[] | undefined; page === undefined || page.length > 0; ) {
    page = await tx.graveyard.listDeletedAt(repository.id, deletedAt, images.at(-1)?.digest ?? '', BATCH);
    images.push(...page);
  }
  return images;
}

async function findWish(
  tx: MetadataTransaction,
  repository: Repository,
  imageId: ImageIdentifier,
  now: number,
): Promise<Wish | undefined> {
  if (checkSyntax(imageId) !== undefined) return undefined;
  const { imageDigest, imageTag } = imageId;
  if (imageTag === undefined) {
    const image = imageDigest === undefined ? undefined : await tx.graveyard.find(repository.id, imageDigest, now);
    const tags = image && (await tx.graveyard.tagsOf([image])).get(image.id);
    return image && { imageId, digest: image.digest, image, tags: tags ?? [] };
  }
  const tag = await tx.graveyard.findTag(repository.id, imageTag, now);
  if (!tag || (imageDigest !== undefined && imageDigest !== tag.digest)) return undefined;
  const [image] = await tx.graveyard.findAll([tag.manifestId], now);
  return { imageId, digest: tag.digest, image, tags: [tag] };
}

async function grant(
  tx: MetadataTransaction,
  repository: Repository,
  { imageId, digest, image, tags }: Wish,
  now: number,
  done: Done,
): Promise<void> {
  const { restored, failures } = done;
  const [live] = await tx.images.identify(repository.id, [digest]);
  if (!live) {
    failures.push(notFound(imageId));
    return;
  }
  const awaited = tags.filter((tag) => !done.tags.has(tag.id));
  const taken = await putTags(tx, repository, live, awaited, now);
  const back = awaited.filter((tag) => !taken.has(tag.name));
  if (image && back.length === 0 && !done.images.has(digest)) restored.push(identifierOf(digest, undefined));
  done.images.add(digest);
  for (const tag of back) done.tags.add(tag.id);
  restored.push(...back.map((tag) => identifierOf(digest, tag.name)));
  failures.push(
    ...[...taken].map((name) => ({
      imageId: identifierOf(digest, name),
      code: 'ImageTagAlreadyExists' as const,
      reason: `The tag '${name}' has been given to an image since`,
    })),
  );
}

/** Points the tags to the image again, but for those that are taken: their names are the answer. */
async function putTags(
  tx: MetadataTransaction,
  repository: Repository,
  image: { readonly id: number; readonly digest: string },
  tags: readonly DeletedTag[],
  now: number,
): Promise<Set<string>> {
  const names = tags.map((tag) => tag.name);
  const taken = new Set((await tx.tags.resolve(repository.id, names)).map((tag) => tag.name));
  const free = tags.filter((tag) => !taken.has(tag.name));
  for (const { name } of free) {
    await tx.tags.put({ repositoryId: repository.id, name, image, taggedAt: now });
  }
  await tx.graveyard.forgetTags(free.map((tag) => tag.id));
  return taken;
}

function notFound(imageId: ImageIdentifier): RestoreFailure {
  return { imageId, code: 'ImageNotFound', reason: 'Nothing of this name can be restored' };
}
