import type { MetadataView } from '../../metadata/metadata-store.ts';
import { type DeletionEntry, imageEntry } from './deletion-entry.ts';
import { targetsAmong } from './find-targets.ts';
import type { Target, Wanted } from './selection.ts';

type View = Pick<MetadataView, 'images' | 'tags'>;

/** How many referrers one look at a batch of images answers. */
const REFERRERS = 1000;

/** Whether images go, where that hangs on others: one that an index lists goes only if the index does. */
export class Fate {
  readonly #wanted: Wanted;
  readonly #known = new Map<string, boolean>();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  /** The indexes that keep each of these images, by its digest: those that list it and do not go themselves. */
  async keepersOf(view: View, repositoryId: number, targets: readonly Target[]): Promise<Map<string, string[]>> {
    const whole = targets.filter(({ going }) => going === 'whole').map(({ image }) => image);
    const parents = await view.images.parentsOf(whole.map((image) => image.id));
    const keepers = new Map<string, string[]>();
    for (const image of whole) {
      const staying: string[] = [];
      for (const parent of parents.get(image.id) ?? []) {
        if (!(await this.goes(view, repositoryId, parent))) staying.push(parent);
      }
      if (staying.length > 0) keepers.set(image.digest, staying);
    }
    return keepers;
  }

  /** Whether the image goes, by the state that `view` sees. */
  async goes(view: View, repositoryId: number, digest: string): Promise<boolean> {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const [target] = await targetsAmong(view, repositoryId, this.#wanted, [digest]);
    const goes = target?.going === 'whole' && (await this.keepersOf(view, repositoryId, [target])).size === 0;
    this.#known.set(digest, goes);
    return goes;
  }

  /** The entries of images and tags that go, and of the referrers that stay behind. */
  async entriesOf(view: View, repositoryId: number, going: readonly Target[]): Promise<DeletionEntry[]> {
    const entries: DeletionEntry[] = going.flatMap((target) =>
      target.going === 'whole'
        ? [imageEntry(target)]
        : target.going.map((imageTag) => ({ kind: 'tag', imageDigest: target.image.digest, imageTag })),
    );
    const gone = going.filter((target) => target.going === 'whole').map(({ image }) => image.digest);
    for (const { digest, subjectDigest, artifactType } of await view.images.listReferrersOf(
      repositoryId,
      gone,
      REFERRERS,
    )) {
      if (await this.goes(view, repositoryId, digest)) continue;
      entries.push({ kind: 'referrer', imageDigest: digest, subjectDigest, artifactType: artifactType ?? undefined });
    }
    return entries;
  }
}
