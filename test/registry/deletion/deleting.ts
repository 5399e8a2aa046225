import { deleteWanted } from '../../../src/registry/deletion/delete-wanted.ts';
import type { DeletionEntry, DeletionTotal } from '../../../src/registry/deletion/deletion-entry.ts';
import { planDeletion } from '../../../src/registry/deletion/plan-deletion.ts';
import type { Wanted } from '../../../src/registry/deletion/selection.ts';
import { PullRecorder } from '../../../src/registry/image/pull-recorder.ts';
import type { RepositoryPath } from '../../../src/registry/repository/repository-path.ts';
import type { Stores } from '../../support/stores.ts';

export interface Told {
  readonly entries: readonly DeletionEntry[];
  readonly total: DeletionTotal;
}

export async function plan({ ports }: Stores, path: RepositoryPath, wanted: Wanted): Promise<Told> {
  return allOf(planDeletion({ ...ports, pulls: new PullRecorder() }, path, wanted));
}

export async function carryOut({ ports }: Stores, path: RepositoryPath, wanted: Wanted): Promise<Told> {
  return allOf(deleteWanted({ ...ports, pulls: new PullRecorder() }, path, wanted));
}

/** Entries in an order that does not hang on the order of work. */
export function sorted(entries: readonly DeletionEntry[]): string[] {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}

async function allOf(work: AsyncGenerator<DeletionEntry, DeletionTotal>): Promise<Told> {
  const entries: DeletionEntry[] = [];
  for (let next = await work.next(); ; next = await work.next()) {
    if (next.done) return { entries, total: next.value };
    entries.push(next.value);
  }
}
