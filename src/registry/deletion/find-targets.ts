import type { MetadataView } from '../../metadata/metadata-store.ts';
import { type ImageFailure, isFailure, resolveIdentifiers } from '../image/image-identifier.ts';
import { prefixOf, type Selection, select, type Target, targetOf, type Wanted } from './selection.ts';

/** How many rows one look at the repository reads. */
const LOOK = 500;
/** How many identifiers are resolved at once. */
const NAMED = 100;

type View = Pick<MetadataView, 'images' | 'tags'>;

/** A part of what is wanted. `next` is where to go on; absent at the end. */
export interface TargetPage {
  readonly targets: readonly Target[];
  /** Identifiers that name nothing. */
  readonly failures: readonly ImageFailure[];
  readonly next: string | undefined;
}

/** The next part of what is wanted, after the key `after`: the first pushed first, in order of tag, or as it was named. */
export async function findTargets(
  view: View,
  repositoryId: number,
  wanted: Wanted,
  after: string,
): Promise<TargetPage> {
  if ('imageIds' in wanted) return findNamed(view, repositoryId, wanted.imageIds, Number(after || 0));
  const { selection } = wanted;
  return selection.tagPattern === undefined
    ? findByAge(view, repositoryId, selection, Number(after || 0))
    : findByTag(view, repositoryId, selection, after);
}

/** What is wanted of these images now: a fresh look at some of them. */
export async function targetsAmong(
  view: View,
  repositoryId: number,
  wanted: Wanted,
  digests: readonly string[],
): Promise<Target[]> {
  const images = await view.images.findDated(repositoryId, digests);
  if ('selection' in wanted) return images.flatMap((image) => select(wanted.selection, image) ?? []);
  return images.flatMap((image) => {
    const whole = wanted.imageIds.some(
      ({ imageDigest, imageTag }) => imageTag === undefined && imageDigest === image.digest,
    );
    if (whole) return { image, going: 'whole' };
    const named = new Set(wanted.imageIds.map(({ imageTag }) => imageTag));
    return (
      targetOf(
        image,
        image.tags.filter((tag) => named.has(tag)),
      ) ?? []
    );
  });
}

async function findByAge(view: View, repositoryId: number, selection: Selection, after: number): Promise<TargetPage> {
  const tagged = selection.untagged === true ? false : undefined;
  const images = await view.images.listDated(repositoryId, { tagged, after, limit: LOOK });
  const targets = images.flatMap((image) => select(selection, image) ?? []);
  const last = images.at(-1);
  return { targets, failures: [], next: images.length === LOOK && last ? String(last.id) : undefined };
}

/** An image is met at each of its tags; it counts at the first that matches. */
async function findByTag(view: View, repositoryId: number, selection: Selection, after: string): Promise<TargetPage> {
  const rows = await view.tags.list(repositoryId, { prefix: prefixOf(selection), after, limit: LOOK });
  const met = new Set(rows.map((row) => `${row.digest} ${row.name}`));
  const digests = new Set(rows.flatMap((row) => row.digest ?? []));
  const found = await targetsAmong(view, repositoryId, { selection }, [...digests]);
  const targets = found.filter(({ image, going }) => {
    const [first] = [...(going === 'whole' ? image.tags : going)].sort(byBytes);
    return met.has(`${image.digest} ${first}`);
  });
  return { targets, failures: [], next: rows.length === LOOK ? rows.at(-1)?.name : undefined };
}

async function findNamed(
  view: View,
  repositoryId: number,
  imageIds: Extract<Wanted, { imageIds: unknown }>['imageIds'],
  from: number,
): Promise<TargetPage> {
  const some = imageIds.slice(from, from + NAMED);
  const resolved = await resolveIdentifiers(view, repositoryId, some);
  const failures = resolved.filter(isFailure);
  const digests = new Set(resolved.flatMap((identifier) => (isFailure(identifier) ? [] : [identifier.image.digest])));
  // An image that an earlier identifier names was met there.
  const before = await resolveIdentifiers(view, repositoryId, imageIds.slice(0, from));
  for (const identifier of before) if (!isFailure(identifier)) digests.delete(identifier.image.digest);
  const sound = imageIds.filter((imageId) => !failures.some((failure) => failure.imageId === imageId));
  const targets = await targetsAmong(view, repositoryId, { imageIds: sound }, [...digests]);
  return { targets, failures, next: from + NAMED < imageIds.length ? String(from + NAMED) : undefined };
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1;
}
