/** What must never happen, by what it would mean to a user. */
export type FindingKind =
  /** A client that was told that all it needs is there was refused its image. */
  | 'failed push'
  /** Something acknowledged is not there. */
  | 'lost'
  /** Something deleted, and acknowledged as such, is there again. */
  | 'undone'
  /** A live image names bytes that are missing or others. */
  | 'damaged'
  /** An answer that no order of the requests explains, or a 5xx. */
  | 'wrong answer'
  /** The store contradicts itself. */
  | 'store';

export interface Finding {
  readonly kind: FindingKind;
  readonly text: string;
}

/** How one operation ended, for its client. Only the server's own errors and lost connections leave that open. */
export type Outcome = 'ok' | 'refused' | 'unknown';

export interface Entry {
  /** Who made the request. */
  readonly client: string;
  readonly operation: string;
  readonly about: string;
  readonly outcome: Outcome;
  readonly status: number;
  /** What was answered, in short. */
  readonly answer: string;
  /** As `performance.now()` counts. */
  readonly began: number;
  readonly ended: number;
}

const REMEMBERED = 20_000;

/** What the clients of a run did and what came of it. */
export class Journal {
  readonly findings: Finding[] = [];
  /** Whether a request without an answer, or with a 5xx, is a finding: while nobody kills the server. */
  mustAnswer = false;
  /**
   * Whether the order to cut the power has been given. A machine without power answers nobody; here the program runs on for some
   * milliseconds, over a file system that is gone. What it says then is nothing that a client could have heard.
   */
  powerIsGone = false;
  /** When the orders were given to end the server, or to cut its power, as `performance.now()` counts. */
  readonly ends: number[] = [];
  /** Requests that clients made of the registry. */
  operations = 0;
  readonly #counts = new Map<string, number>();
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  /** The end of the story: enough to see what led to a finding. */
  readonly #entries: Entry[] = [];
  readonly #onFinding: ((finding: Finding) => void) | undefined;

  constructor(onFinding?: (finding: Finding) => void) {
    this.#onFinding = onFinding;
  }

  record(entry: Entry): void {
    this.operations += 1;
    this.count(`${entry.operation} ${entry.outcome}`);
    if (entry.outcome === 'unknown' && this.mustAnswer) {
      this.find('wrong answer', `${entry.operation} ${entry.about}: ${entry.status || 'no answer'}`);
    }
    this.#entries.push(entry);
    if (this.#entries.length > 2 * REMEMBERED) this.#entries.splice(0, REMEMBERED);
  }

  count(what: string): void {
    this.#counts.set(what, this.counted(what) + 1);
    this.#awaited.get(what)?.resolve();
    this.#awaited.delete(what);
  }

  /** Fulfils when this is counted next. */
  next(what: string): Promise<void> {
    const awaited = this.#awaited.get(what) ?? Promise.withResolvers<void>();
    this.#awaited.set(what, awaited);
    return awaited.promise;
  }

  /** How often this was counted. */
  counted(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  find(kind: FindingKind, text: string): void {
    const finding = { kind, text };
    this.findings.push(finding);
    this.#onFinding?.(finding);
  }

  findingsOf(kind: FindingKind): number {
    return this.findings.filter((finding) => finding.kind === kind).length;
  }

  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }
}
