import type { Schema } from './schema.ts';

export type StoreKind = Schema['store_usage']['kind'];

/** Moves the counters of bytes, within the transaction that changes what they count. */
export interface Counters {
  /** Adds to the counters of repositories and registries. */
  addUsage(rows: readonly Schema['usage'][]): Promise<void>;
  addToStore(kind: StoreKind, change: { readonly count: number; readonly bytes: number }): Promise<void>;
  /** Drops the counters of a repository that is gone. */
  forgetRepository(repositoryId: number): Promise<void>;
  /** From then on the transaction itself sees what it has added; others see it when it is committed. */
  settle(): Promise<void>;
}
