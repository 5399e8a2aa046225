import type { RepositoryRow } from '../../metadata/inspection-queues.ts';
import type { Contradiction } from './finding.ts';
import type { Survey } from './survey.ts';

/** Learns which repositories there are; finds those that should have been taken apart by now. */
export async function* checkRepositories(survey: Survey): AsyncGenerator<Contradiction> {
  const { queues } = survey.view.inspection;
  const pages = survey.pages<RepositoryRow>('repositories', (after, limit) =>
    queues.listRepositories(after?.id ?? 0, limit),
  );
  for await (const page of pages) {
    for (const row of page) {
      survey.repositories.set(row.id, {
        name: row.name,
        registryKey: row.registry_id,
        deleted: row.deleted_at !== null,
      });
      yield* checkRepository(survey, row);
    }
  }
}

function* checkRepository(survey: Survey, row: RepositoryRow): Generator<Contradiction> {
  const marks = [row.deleted_at, row.purge_at, row.dismantle_at].filter((mark) => mark !== null).length;
  if (row.account_id === null) {
    yield { kind: 'repository without registry', subject: row.name, detail: 'The repository belongs to no registry.' };
  }
  if (marks !== 0 && marks !== 3) {
    yield {
      kind: 'repository half deleted',
      subject: row.name,
      detail: 'Of the marks of a deleted repository, this one has some and lacks others.',
    };
  }
  if (row.purge_at === null || !survey.isOverdue(row.purge_at)) return;
  if (row.occupied === 1 || survey.isOverdue(row.dismantle_at ?? 0)) {
    yield {
      kind: 'repository overdue',
      subject: row.name,
      detail: `It was deleted and could be taken apart since ${instant(row.purge_at)}, but has not been: is the collector running?`,
    };
  }
}

export function instant(time: number): string {
  return new Date(time).toISOString();
}
