/** What became of the requests of one operation to the store of blobs. */
export interface StoreRequests {
  /** `GetObject` and so on. */
  readonly operation: string;
  /** `success`, or what went wrong. */
  readonly outcome: string;
  readonly count: number;
  /** All of them together. */
  readonly seconds: number;
}

/** Counts what stores on the network were asked since the process began. */
export class StoreCounts {
  readonly #retries = new Map<string, number>();
  readonly #requests = new Map<string, StoreRequests>();

  /** Transactions that were run once more, by the database's code for why. */
  get retries(): ReadonlyMap<string, number> {
    return this.#retries;
  }

  get requests(): Iterable<StoreRequests> {
    return this.#requests.values();
  }

  readonly noteRetry = (reason: string): void => {
    this.#retries.set(reason, (this.#retries.get(reason) ?? 0) + 1);
  };

  readonly noteRequest = (operation: string, outcome: string, seconds: number): void => {
    const key = `${operation} ${outcome}`;
    const before = this.#requests.get(key);
    this.#requests.set(key, {
      operation,
      outcome,
      count: (before?.count ?? 0) + 1,
      seconds: (before?.seconds ?? 0) + seconds,
    });
  };
}
