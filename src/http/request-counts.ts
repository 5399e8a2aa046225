import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Surface } from './surface.ts';

/** What became of requests, by surface. */
export interface RequestCount {
  /** A surface's name, or `other`. */
  readonly surface: string;
  /** `2xx` and so on, `none` when the client went away before its answer had begun, `busy` when it was refused for want of room. */
  readonly outcome: string;
  readonly count: number;
}

/** Counts requests since the process began. */
export class RequestCounts {
  readonly #surfaces: readonly Surface[];
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(surfaces: readonly Surface[]) {
    this.#surfaces = surfaces;
  }

  get all(): RequestCount[] {
    return [...this.#counts].flatMap(([surface, outcomes]) =>
      [...outcomes].map(([outcome, count]) => ({ surface, outcome, count })),
    );
  }

  /** Counts a request that is refused for want of room. */
  noteBusy(request: IncomingMessage): void {
    this.#note(request, 'busy');
  }

  /** Counts a request when its answer is over. */
  noteWhenDone(request: IncomingMessage, response: ServerResponse): void {
    response.once('close', () => {
      this.#note(request, response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'none');
    });
  }

  #note(request: IncomingMessage, outcome: string): void {
    const surface = this.#surfaces.find(({ covers }) => covers(request))?.name ?? 'other';
    const outcomes = this.#counts.get(surface) ?? new Map<string, number>();
    this.#counts.set(surface, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  }
}
