import type { MetadataView } from '../../metadata/metadata-store.ts';
import { type ImageIdentifier, identifierOf } from '../image/image-identifier.ts';
import type { Page } from '../page.ts';
import type { Ports } from '../ports.ts';
import { getRepository, type RepositoryPath } from '../repository/repository-path.ts';

const BATCH = 200;

/** What can be restored: an image with the tags that went with it, or a tag whose image stayed. */
export interface Restorable {
  readonly imageDigest: string;
  readonly imageTags: readonly string[];
  /** Whether the image went, too. */
  readonly whole: boolean;
  /** Milliseconds since the epoch. */
  readonly deletedAt: number;
  /** Until then it can be restored. */
  readonly until: number;
}

type Needs = Pick<MetadataView, 'graveyard'>;

/**
 * A page of what was deleted from the repository and can be restored: images in order of digest, then tags in order of name.
 * `after` is the key of the page before.
 *
 * @throws Fault `RepositoryNotFound`
 */
export async function listRestorable(
  { metadata, clock }: Pick<Ports, 'metadata' | 'clock'>,
  path: RepositoryPath,
  { after = 'image/', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<Page<Restorable, string>> {
  return metadata.read(async (view) => {
    const repository = await getRepository(view, path);
    const rows = await list(view, repository.id, clock.now(), after, limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items: items.map(({ item }) => item), next: rows.length > limit ? last?.key : undefined };
  });
}

/** Everything that can be restored, as identifiers. */
export async function listAllRestorable(view: Needs, repositoryId: number, now: number): Promise<ImageIdentifier[]> {
  const identifiers: ImageIdentifier[] = [];
  for (let after: string | undefined = 'image/'; after !== undefined; ) {
    const rows: Keyed[] = await list(view, repositoryId, now, after, BATCH);
    for (const { item } of rows) {
      if (item.whole) identifiers.push(identifierOf(item.imageDigest, undefined));
      else identifiers.push(...item.imageTags.map((tag) => identifierOf(item.imageDigest, tag)));
    }
    after = rows.length === BATCH ? rows.at(-1)?.key : undefined;
  }
  return identifiers;
}

interface Keyed {
  readonly key: string;
  readonly item: Restorable;
}

async function list(view: Needs, repositoryId: number, now: number, after: string, limit: number): Promise<Keyed[]> {
  const [kind = '', key = ''] = [after.slice(0, after.indexOf('/')), after.slice(after.indexOf('/') + 1)];
  const images = kind === 'image' ? await listImages(view, repositoryId, { now, after: key, limit }) : [];
  if (images.length === limit) return images;
  const tags = await view.graveyard.listTags(repositoryId, {
    now,
    after: kind === 'tag' ? key : '',
    limit: limit - images.length,
  });
  return [
    ...images,
    ...tags.map(({ name, digest, deletedAt, purgeAt }) => ({
      key: `tag/${name}`,
      item: { imageDigest: digest, imageTags: [name], whole: false, deletedAt, until: purgeAt },
    })),
  ];
}

async function listImages(
  view: Needs,
  repositoryId: number,
  page: { readonly now: number; readonly after: string; readonly limit: number },
): Promise<Keyed[]> {
  const images = await view.graveyard.list(repositoryId, page);
  const tags = await view.graveyard.tagsOf(images);
  return images.map((image) => ({
    key: `image/${image.digest}`,
    item: {
      imageDigest: image.digest,
      imageTags: (tags.get(image.id) ?? []).map((tag) => tag.name),
      whole: true,
      deletedAt: image.deletedAt,
      until: image.purgeAt,
    },
  }));
}
