import { setImmediate as nextTurn } from 'node:timers/promises';
import { FEW, type LinkRow } from '../../metadata/inspection-links.ts';
import { LINK_STATE, type LinkState, strongest } from '../../metadata/usage.ts';
import { instant } from './check-repositories.ts';
import type { Contradiction } from './finding.ts';
import { type Recount, recountOf, type Survey } from './survey.ts';

/** How many images that name one blob are counted in one query. */
const NAMERS_AT_ONCE = 500;

/** Which repository sees which blob, and how many of its images need it; counts bytes by the way. */
export async function* checkLinks(survey: Survey): AsyncGenerator<Contradiction> {
  const { links } = survey.view.inspection;
  const pages = survey.pages<LinkRow>('links', (after, limit) =>
    links.list(
      {
        blobId: after?.blob_id ?? 0,
        registryKey: after?.registry_id ?? 0,
        repositoryId: after?.repository_id ?? 0,
      },
      limit,
    ),
  );
  // Links come in order of blob: what one registry needs of a blob is known when the next blob comes.
  let needs = new Map<number, LinkState>();
  let [blobId, size] = [0, 0];
  for await (const page of pages) {
    for (const row of page) {
      if (row.blob_id !== blobId) {
        countForRegistries(survey, needs, size);
        needs = new Map();
      }
      [blobId, size] = [row.blob_id, row.blob_size ?? row.size];
      const counted = await countNamers(survey, row);
      yield* checkLink(survey, row, counted);
      const state = stateOf(counted);
      add(recountOf(survey.usageOfRepositories, row.repository_id), state, size);
      const registryKey = survey.repositories.get(row.repository_id)?.registryKey ?? row.registry_id;
      needs.set(registryKey, strongest(state, needs.get(registryKey) ?? LINK_STATE.absent));
    }
  }
  countForRegistries(survey, needs, size);
}

interface Namers {
  readonly refs: number;
  readonly holds: number;
}

async function countNamers(survey: Survey, row: LinkRow): Promise<Namers> {
  if (row.namers < FEW) return { refs: row.live, holds: row.held };
  const link = { blobId: row.blob_id, repositoryId: row.repository_id };
  let [refs, holds] = [0, 0];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const some: Awaited<ReturnType<typeof survey.view.inspection.links.countNamers>> =
      await survey.view.inspection.links.countNamers(link, after, NAMERS_AT_ONCE);
    refs += some.live;
    holds += some.held;
    after = some.last;
    await nextTurn();
  }
  return { refs, holds };
}

function* checkLink(survey: Survey, row: LinkRow, counted: Namers): Generator<Contradiction> {
  const link = { repositoryId: row.repository_id, blobId: row.blob_id };
  const subject = `${survey.nameOf(row.repository_id)}, blob ${row.blob_id}`;
  const repository = survey.repositories.get(row.repository_id);
  if (row.blob_size === null || !repository) {
    yield { kind: 'link to nothing', subject, detail: 'The repository, or the blob that it may see, is not there.' };
    return;
  }
  if (row.refs !== counted.refs || row.holds !== counted.holds) {
    yield {
      kind: 'link counts',
      subject,
      detail:
        `${counted.refs} images need the blob and ${counted.holds} deleted ones hold it; ` +
        `${row.refs} and ${row.holds} are on record.`,
      mend: (tx) => tx.repairs.setLinkCounts(link, { refs: row.refs, holds: row.holds }, counted),
    };
  }
  if (row.size !== row.blob_size || row.registry_id !== repository.registryKey) {
    yield {
      kind: 'link copies',
      subject,
      detail: 'The size or the registry on record is not that of the blob or of the repository.',
      mend: (tx) => tx.repairs.setLinkCopies(link),
    };
  }
  if (counted.refs === 0 && counted.holds === 0 && row.refs === 0 && row.holds === 0 && isForgotten(survey, row)) {
    yield {
      kind: 'link overdue',
      subject,
      detail: `Nothing needs the blob and it could go since ${instant(row.keep_until)}, but has not: is the collector running?`,
    };
  }
}

/** Idle for too long. A manifest that waits for its purge keeps a blob without being counted. */
function isForgotten(survey: Survey, row: LinkRow): boolean {
  return row.namers === 0 && survey.isOverdue(row.keep_until);
}

function countForRegistries(survey: Survey, needs: ReadonlyMap<number, LinkState>, size: number): void {
  for (const [registryKey, state] of needs) add(recountOf(survey.usageOfRegistries, registryKey), state, size);
}

function add(recount: Recount, state: LinkState, size: number): void {
  if (state === LINK_STATE.live) recount.live_bytes += size;
  else if (state === LINK_STATE.held) recount.held_bytes += size;
  else recount.idle_bytes += size;
}

function stateOf({ refs, holds }: Namers): LinkState {
  if (refs > 0) return LINK_STATE.live;
  return holds > 0 ? LINK_STATE.held : LINK_STATE.idle;
}
