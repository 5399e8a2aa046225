import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetadataView } from '../../metadata/metadata-store.ts';

/** Rows a query: a page takes a few milliseconds, and requests are served between two. */
const PAGE = 200;

/** A repository, as the checks name it. */
export interface KnownRepository {
  readonly name: string;
  readonly registryKey: number;
  readonly deleted: boolean;
}

/** Bytes and images of a repository or a registry, counted afresh. */
export interface Recount {
  images: number;
  logical_bytes: number;
  live_bytes: number;
  held_bytes: number;
  idle_bytes: number;
}

/** One look at one snapshot: what every check needs, and what one check learns for the next. */
export class Survey {
  readonly view: MetadataView;
  /** When it began. */
  readonly now: number;
  /** How long after its time something must have been done, in milliseconds. */
  readonly patience: number;
  readonly repositories = new Map<number, KnownRepository>();
  readonly usageOfRepositories = new Map<number, Recount>();
  readonly usageOfRegistries = new Map<number, Recount>();
  readonly store = { blobs: { count: 0, bytes: 0 }, trash: { count: 0, bytes: 0 }, uploads: { count: 0, bytes: 0 } };
  /** Manifests that a live image has under another name, which is a contradiction of its own. */
  readonly claimed = new Set<number>();
  readonly #checked: Map<string, number>;

  constructor(
    view: MetadataView,
    checked: Map<string, number>,
    { now, patience }: { readonly now: number; readonly patience: number },
  ) {
    this.view = view;
    this.now = now;
    this.patience = patience;
    this.#checked = checked;
  }

  /** Whether something that was due then should have been done long ago. */
  isOverdue(dueAt: number): boolean {
    return dueAt <= this.now - this.patience;
  }

  nameOf(repositoryId: number): string {
    return this.repositories.get(repositoryId)?.name ?? `repository ${repositoryId}`;
  }

  /** Every row of a listing, a page at a time. `list` answers the rows after the given one, in order. */
  async *pages<Row>(
    noun: string,
    list: (after: Row | undefined, limit: number) => Promise<readonly Row[]>,
  ): AsyncGenerator<readonly Row[]> {
    let last: Row | undefined;
    for (let full = true; full; ) {
      const page = await list(last, PAGE);
      last = page.at(-1);
      full = page.length === PAGE;
      this.#checked.set(noun, (this.#checked.get(noun) ?? 0) + page.length);
      yield page;
      await nextTurn();
    }
  }
}

/** The recount of this id, to be added to. */
export function recountOf(recounts: Map<number, Recount>, id: number): Recount {
  const recount = recounts.get(id) ?? { images: 0, logical_bytes: 0, live_bytes: 0, held_bytes: 0, idle_bytes: 0 };
  recounts.set(id, recount);
  return recount;
}
